"""Run a command while other programs keep the processor busy: `busy.py 8 make test`.

So many processes count as fast as they can beside the command, at its own priority, and end with
it. What passes on an idle machine should pass here too, only later.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

# Counts until its parent is gone, so that nothing is left behind even if this program is killed.
COUNT = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep so many processes busy for as long as the block runs."""
    command = [sys.executable, "-S", "-c", COUNT, str(os.getpid())]
    counting = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for process in counting:
            process.kill()
        for process in counting:
            process.wait()


def main() -> int:
    """Run the command; its exit status is ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("processes", type=int, help="how many, 8 for a very busy laptop")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run beside them")
    options = parser.parse_args()
    if options.processes < 0 or not options.command:
        parser.error("say how many processes, and then a command")
    started = time.monotonic()
    with busy(options.processes):
        status = subprocess.run(options.command).returncode
    minutes = (time.monotonic() - started) / 60
    print(f"exit status {status} after {minutes:.1f} minutes beside {options.processes} processes")
    return status


if __name__ == "__main__":
    sys.exit(main())
