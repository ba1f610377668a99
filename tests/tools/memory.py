"""What a class on one machine takes: the memory of each of so many kernels, all alive at once.

Each loads MNIST and trains lesson 08's VAE for some steps, as a learner would. Printed is the
proportional set size (PSS) of each: what it has for itself, and its share of what several have in
common, such as torch's libraries and the bytes of MNIST. Linux only.

    python tests/tools/memory.py 10
"""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from jupyter_client.manager import start_new_kernel

LESSON = """
import os
from course_utils import VAE, fit, load_images, negative_elbo, plots
images = load_images("mnist")
vae = VAE.dense(latent_dim=20, hidden=(400,))
fit(vae, negative_elbo(), images.train, steps={steps}, batch_size=256, progress=False)
pictures = plots.images({{"made of it": vae.reconstruct(images.test[:8])}})
print(os.getpid())
"""
PATIENCE = 1800  # seconds for one kernel: ten of them share the processors


@contextmanager
def learner(steps: int) -> Iterator[int]:
    """A kernel that has done the lesson, and waits; its process."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        said = []
        reply = client.execute_interactive(
            LESSON.format(steps=steps),
            timeout=PATIENCE,
            output_hook=lambda message: said.append(message["content"].get("text", "")),
        )
        if reply["content"]["status"] != "ok":
            raise RuntimeError(reply["content"]["evalue"])
        yield int("".join(said).split()[-1])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def megabytes(process: int) -> float:
    """The PSS of a process."""
    told = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"^Pss: +(\d+) kB", told, re.MULTILINE)[1]) / 1000


def main() -> int:
    """Start the kernels, one after the other, and print what each takes beside all others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", type=int, nargs="?", default=10)
    parser.add_argument("--steps", type=int, default=470, help="of training: two epochs")
    options = parser.parse_args()
    with ExitStack() as stack:
        learners = [stack.enter_context(learner(options.steps)) for _ in range(options.kernels)]
        taken = [megabytes(process) for process in learners]
    print(f"{len(taken)} kernels, MB of each:", *(f"{each:.0f}" for each in taken))
    print(f"mean {sum(taken) / len(taken):.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
