"""Write both lock files again from pyproject.toml: `make lock`.

requirements.lock      names and versions of everything, for pip, conda users and readers.
requirements-cpu.lock  the same with the checksums of every file that may be installed, for
                       `pip install --require-hashes`: one changed byte stops the installation.

Neither has the CUDA packages and triton: torch pins its own on the platforms that have them. On
Linux the package index has torch only with CUDA. Its CPU build comes from PyTorch's own index, as
another file, so the second lock leaves torch and torchvision out there.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PLAIN, HASHED = "requirements.lock", "requirements-cpu.lock"
CUDA = re.compile(r"nvidia-|cuda-|triton==")
OWN_BUILDS = re.compile(r"(torch|torchvision)==\S+")
HEADS = {
    PLAIN: """\
# Exact versions of everything the course runs and is tested with; written by 'make lock'.
# Left out: the CUDA packages and triton. torch pins its own on the platforms that have them.
""",
    HASHED: """\
# requirements.lock with the checksum of every file, and without CUDA; written by 'make lock'.
# Left out on Linux: torch and torchvision, whose CPU builds come from PyTorch's own index.
""",
}


def resolve(upgrade: bool) -> str:
    """What uv finds, with checksums: versions of the present lock, unless they are to be newer."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "lock")
        output.write_text((REPOSITORY / PLAIN).read_text("utf-8"), encoding="utf-8")
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
        command += ["--python-version", "3.11", "--fork-strategy", "fewest"]
        command += ["--group", "dev", "--group", "book", "pyproject.toml"]
        command += ["--generate-hashes", "--no-annotate", "--no-header"]
        command += ["--output-file", str(output), *(["--upgrade"] if upgrade else [])]
        subprocess.run(command, cwd=REPOSITORY, check=True)
        return output.read_text("utf-8")


def locks(resolved: str) -> dict[str, str]:
    """The two files, from uv's list of requirements with their checksums."""
    blocks = re.split(r"\n(?! )", resolved.strip())
    kept = [block for block in blocks if not CUDA.match(block)]
    plain = [block.partition(" \\\n")[0] for block in kept]
    hashed = [OWN_BUILDS.sub(r"\g<0> ; sys_platform != 'linux'", block) for block in kept]
    return {
        PLAIN: HEADS[PLAIN] + "\n".join(plain) + "\n",
        HASHED: HEADS[HASHED] + "\n".join(hashed) + "\n",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    for name, content in locks(resolve(parser.parse_args().upgrade)).items():
        (REPOSITORY / name).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
