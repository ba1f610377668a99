"""Let PyTorch's threads sleep soon while they wait for each other: imported before torch.

A thread that waits for another *spins*: it asks again and again, and keeps its core meanwhile. On
an idle machine nothing is faster. Beside a busy program the thread it waits for does not get that
core, and an epoch takes 7 to 46 times as long. libgomp, the library behind these threads on Linux,
reads GOMP_SPINCOUNT, how often to ask before going to sleep, once, when torch is loaded; its own
300,000 is far too often. `tests/tools/spin.py` measures what each count costs. A user who has set
this variable or OMP_WAIT_POLICY is left alone, and so are macOS and Windows.

The setting is one line of `threads.pth`. The installation copies that file to where Python reads it
at every start, so that it holds in each kernel, script and process of the course, whatever is
imported first and by whomever it was started. Where it was not copied (conda, say), importing the
course before torch does the same.
"""

from pathlib import Path

exec(Path(__file__).with_name("threads.pth").read_text(encoding="utf-8"))
