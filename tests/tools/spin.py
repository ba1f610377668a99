"""What PyTorch's threads cost beside other programs, for each way to let them wait.

An OpenMP thread that waits for another *spins*: it asks again and again, and keeps its core. On an
idle machine this is the fastest way to wait; beside a busy program the one that is waited for does
not get the core on which the other spins. GOMP_SPINCOUNT says how often to ask before going to
sleep. This trains small networks under several counts, beside none, one and two busy processes,
and prints the median time as a share of the idle time under libgomp's own count.

    python tests/tools/spin.py
"""

import argparse
import os
import statistics
import subprocess
import sys

from busy import busy

SETTINGS = {
    "300000": {"GOMP_SPINCOUNT": "300000"},  # libgomp's own, where nothing is set
    "100": {"GOMP_SPINCOUNT": "100"},
    "300": {"GOMP_SPINCOUNT": "300"},
    "1000": {"GOMP_SPINCOUNT": "1000"},
    "3000": {"GOMP_SPINCOUNT": "3000"},
    "10000": {"GOMP_SPINCOUNT": "10000"},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
}
OURS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
PATIENCE = 120  # seconds: longer is as good as for ever

# Prints the name of each network, its seconds, and the loss in full, which must not change.
TRAIN = """
import time
import torch
from course_utils import VAE, Autoencoder, fit, negative_elbo, reconstruction

torch.set_num_threads(2)
x = torch.rand(4096, 1, 28, 28, generator=torch.Generator().manual_seed(0))
for name, model, objective, few in (
    ("784-64-16", Autoencoder.dense(16, hidden=(64,)), reconstruction, x),
    ("784-400-20", VAE.dense(20, hidden=(400,)), negative_elbo(), x),
    ("convolutional", Autoencoder.conv(32), reconstruction, x[:512]),
):
    fit(model, objective, few[:128], epochs=2, progress=False)
    started = time.perf_counter()
    history = fit(model, objective, few, epochs=2, progress=False)
    seconds = time.perf_counter() - started
    print(name, seconds, float(history.terms["loss"][-1]).hex())
"""


def train(setting: dict[str, str]) -> dict[str, tuple[float, str]]:
    """Seconds and final loss of each network, in a process of its own; {} if it never ends."""
    inherited = {key: value for key, value in os.environ.items() if key not in OURS}
    command = [sys.executable, "-c", TRAIN]
    try:
        output = subprocess.run(
            command,
            env=inherited | setting,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout
    except subprocess.TimeoutExpired:
        return {}
    rows = map(str.split, output.splitlines())
    return {name: (float(seconds), loss) for name, seconds, loss in rows}


def main() -> int:
    """Print a table for each network; 1 if a setting changed a result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="the median counts")
    repeats = parser.parse_args().repeats
    seconds: dict[tuple[str, str, int], list[float]] = {}
    losses: dict[str, set[str]] = {}
    for _ in range(repeats):
        for others in (0, 1, 2):
            for setting, variables in SETTINGS.items():
                with busy(others):
                    for name, (taken, loss) in train(variables).items():
                        seconds.setdefault((name, setting, others), []).append(taken)
                        losses.setdefault(name, set()).add(loss)
    for name in losses:
        idle = statistics.median(seconds[name, "300000", 0])
        print(f"\n{name}: {idle:.2f} s idle\n{'':12}      idle   beside 1   beside 2")
        for setting in SETTINGS:
            cells = [
                f"{statistics.median(seconds[key]) / idle:8.2f}" if key in seconds else "   never"
                for key in ((name, setting, others) for others in (0, 1, 2))
            ]
            print(f"{setting:12}  {'   '.join(cells)}")
    changed = [name for name, found in losses.items() if len(found) > 1]
    print(f"\nresults changed: {', '.join(changed) or 'none'}")
    return int(bool(changed))


if __name__ == "__main__":
    sys.exit(main())
