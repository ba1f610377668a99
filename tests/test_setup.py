"""The files that set the course up agree with each other, and `make` says what is wrong."""

import ast
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import mutate
from tools.lock import locks

REPOSITORY = Path(__file__).resolve().parent.parent
CONDA_NAMES = {
    "jupyter-client": "jupyter_client",
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
}

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
needs_git = pytest.mark.skipif(
    not (REPOSITORY / ".git").exists() or not shutil.which("git"), reason="not a git checkout"
)


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def project() -> dict:
    return tomllib.loads(text("pyproject.toml"))


def requirements(kind: str) -> dict[str, Requirement]:
    """What pyproject.toml asks for to "run" the course, "develop" it or make the "book"."""
    table = project()
    groups = table["dependency-groups"]
    listed = {
        "run": table["project"]["dependencies"],
        "develop": groups["dev"],
        "book": groups["book"],
    }
    return {canonicalize_name(r.name): r for r in map(Requirement, listed[kind])}


def lock() -> dict[str, Requirement]:
    lines = [line for line in text("requirements.lock").splitlines() if not line.startswith("#")]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def environment() -> dict[str, str]:
    """The versions in environment.yml, by their names there."""
    entries = yaml.safe_load(text("environment.yml"))["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    pins = [entry for entry in [*pip, *entries] if isinstance(entry, str) and "=" in entry]
    return dict(re.fullmatch(r"([\w-]+)=+([\d.]+)", pin).groups() for pin in pins if ">" not in pin)


def make(*arguments: str, cwd: Path = REPOSITORY, **variables: str) -> subprocess.CompletedProcess:
    # Without the variables of a make that this test itself may be running under.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments, *(f"{key}={value}" for key, value in variables.items())],
        cwd=cwd,
        env=inherited,
        capture_output=True,
        text=True,
    )


def phony_targets() -> set[str]:
    return set(re.search(r"^\.PHONY: (.+)$", text("Makefile"), re.MULTILINE)[1].split())


def version(pins: dict[str, Requirement], name: str) -> str:
    (pin,) = pins[name].specifier
    assert pin.operator == "==", f"{name} is not pinned"
    return pin.version


# --- versions -----------------------------------------------------------------------------------


KINDS = ["run", "develop", "book"]


@pytest.mark.parametrize("kind", KINDS)
def test_lock_and_environment_pin_every_dependency(kind):
    pins, conda = lock(), environment()
    for name, requirement in requirements(kind).items():
        assert name in pins, f"{name} is not in requirements.lock: run `make lock`"
        pinned = version(pins, name)
        assert requirement.specifier.contains(pinned), f"{name} is locked below its lower bound"
        assert conda.get(CONDA_NAMES.get(name, name)) == pinned, f"environment.yml: {name}"


def test_environment_has_nothing_else():
    asked = {CONDA_NAMES.get(name, name) for kind in KINDS for name in requirements(kind)}
    assert set(environment()) == asked


def test_environment_is_for_conda_forge_and_installs_the_course():
    table = yaml.safe_load(text("environment.yml"))
    assert table["channels"] == ["conda-forge"]
    assert f"python {project()['project']['requires-python']}" in table["dependencies"]
    assert "-e ." in table["dependencies"][-1]["pip"]


def test_lock_holds_names_and_versions_only():
    for line in text("requirements.lock").splitlines():
        assert re.fullmatch(r"#.*|[a-z0-9-]+==[\w.]+( ; .+)?", line), line
        assert "/" not in line
        assert not re.match("nvidia|cuda|triton", line), f"{line}: torch brings its own"


def hashed_lock() -> dict[str, list[str]]:
    """The lines of each requirement in requirements-cpu.lock: the pin, then its checksums."""
    body = "\n".join(
        line for line in text("requirements-cpu.lock").splitlines() if not line.startswith("#")
    )
    blocks = [block.replace(" \\", "").split("\n") for block in re.split(r"\n(?! )", body)]
    return {canonicalize_name(Requirement(pin).name): [pin, *rest] for pin, *rest in blocks}


def test_hashed_lock_is_the_lock_with_checksums():
    plain, hashed = lock(), hashed_lock()
    assert set(hashed) == set(plain)
    for name, (pin, *checksums) in hashed.items():
        assert Requirement(pin).specifier == plain[name].specifier
        assert checksums, f"{name} has no checksum"
        for line in checksums:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line), line
    # On Linux these two are another file, from PyTorch's own index.
    apart = {name for name, (pin, *_) in hashed.items() if "sys_platform != 'linux'" in pin}
    assert apart == {"torch", "torchvision"}


def test_locks_are_made_of_what_uv_finds():
    first, second = "--hash=sha256:" + "a" * 64, "--hash=sha256:" + "b" * 64
    resolved = (
        f"nvidia-nccl-cu13==2.30.7 ; sys_platform == 'linux' \\\n    {first}\n"
        f"tiny==1.0 ; sys_platform == 'win32' \\\n    {first} \\\n    {second}\n"
        f"torch==2.15.0 \\\n    {first}\ntriton==3.9.0 \\\n    {first}\n"
    )
    made = {name: content.splitlines()[2:] for name, content in locks(resolved).items()}
    assert made["requirements.lock"] == ["tiny==1.0 ; sys_platform == 'win32'", "torch==2.15.0"]
    assert made["requirements-cpu.lock"] == [
        *("tiny==1.0 ; sys_platform == 'win32' \\", f"    {first} \\", f"    {second}"),
        *("torch==2.15.0 ; sys_platform != 'linux' \\", f"    {first}"),
    ]


def test_one_changed_byte_stops_an_installation(tmp_path):
    """A wheel of our own, locked as requirements-cpu.lock locks, and then spoilt."""
    wheel = tmp_path / "tiny_lesson-1.0-py3-none-any.whl"
    about = "tiny_lesson-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:  # not compressed
        archive.writestr("tiny_lesson.py", "answer = 42\n")
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-lesson\nVersion: 1.0"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    content = wheel.read_bytes()
    pin = f"tiny-lesson==1.0 \\\n    --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"
    (tmp_path / "lock").write_text(pin)

    def install(target: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "pip", "install", "--isolated", "--no-index"]
        command += ["--find-links", str(tmp_path), "--no-deps", "--target", str(tmp_path / target)]
        command += ["--require-hashes", "-r", str(tmp_path / "lock")]
        return subprocess.run(command, capture_output=True, text=True)

    assert install("whole").returncode == 0
    assert (tmp_path / "whole" / "tiny_lesson.py").read_text() == "answer = 42\n"
    wheel.write_bytes(content.replace(b"answer = 42", b"answer = 43"))
    spoilt = install("spoilt")
    assert spoilt.returncode != 0
    assert "DO NOT MATCH THE HASHES" in spoilt.stderr
    assert not (tmp_path / "spoilt" / "tiny_lesson.py").exists()


def test_pre_commit_runs_the_locked_ruff():
    hooks = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"ruff-check", "ruff-format"}
    for hook in hooks:
        assert hook["additional_dependencies"] == [f"ruff=={version(lock(), 'ruff')}"]
        assert "jupyter" in hook["types_or"]


# The lessons are read in JupyterLab; tests reach the rest through pytest, the command line or make.
NOT_IMPORTED = {"jupyterlab", "ruff", "uv", "pre-commit", "setuptools", "nbconvert"}
NOT_IMPORTED |= {"onnxscript"}  # torch.onnx.export asks for it
NOT_IMPORTED |= {"notebook", "zizmor", "nbval", "pytest-timeout", "pytest-xdist", "beartype"}
# Sphinx loads these by their names in press/conf.py, and press/formulas.py finds MathJax's files.
NOT_IMPORTED |= {"myst-nb", "sphinx-book-theme", "sphinx-copybutton", "django-static-mathjax"}


def python_of(folder: Path) -> Iterator[str]:
    """The modules of a folder, or the code cells of its notebooks."""
    for path in folder.rglob("*.py"):
        yield path.read_text(encoding="utf-8")
    for path in folder.glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield from ("".join(c["source"]) for c in cells if c["cell_type"] == "code")


packages_distributions = cache(importlib.metadata.packages_distributions)


def imported_packages(folder: str) -> set[str]:
    """The distributions that the code in `folder` imports, standard library and our own aside."""
    own = {"course_utils", "press", *(path.stem for path in (REPOSITORY / "tests").rglob("*"))}
    names = set()
    for source in python_of(REPOSITORY / folder):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.partition(".")[0])
    distributions = packages_distributions()
    found = names - own - set(sys.stdlib_module_names)
    return {canonicalize_name(distributions.get(name, [name])[0]) for name in found}


def test_imports_are_declared_and_declarations_used():
    run, develop = set(requirements("run")), set(requirements("develop"))
    book = set(requirements("book"))
    tests, press = map(imported_packages, ("tests", "press"))
    course = imported_packages("course_utils") | imported_packages("notebooks")
    assert course <= run
    assert tests <= run | develop
    assert press <= run | develop | book
    assert run - course - NOT_IMPORTED == set()
    assert develop - tests - NOT_IMPORTED == set()
    assert book - press - NOT_IMPORTED == set()


def test_package_data_names_files_that_exist():
    for package, patterns in project()["tool"]["setuptools"]["package-data"].items():
        folder = REPOSITORY / package.replace(".", "/")
        for pattern in patterns:
            assert list(folder.glob(pattern)), f"no {pattern} in {folder}"


# --- continuous integration ---------------------------------------------------------------------


def test_workflow_calls_targets_that_exist_on_the_branch_that_exists():
    workflow = yaml.safe_load(text(".github/workflows/ci.yml"))
    triggers = workflow[True]  # YAML reads the key `on` as true
    assert "main" in triggers["push"]["branches"]
    called = re.findall(r"make ((?:[a-z-]+ ?)+)", text(".github/workflows/ci.yml"))
    called += re.findall(r"make ((?:[a-z-]+ ?)+)$", text(".ci/run"), re.MULTILINE)
    targets = {target for call in called for target in call.split()}
    assert "test" in targets
    assert targets <= phony_targets()


@pytest.mark.parametrize("name", ["ci", "book"])
def test_workflow_takes_what_was_looked_at_and_keeps_no_password(name):
    """Actions by commit and not by tag, packages by checksum, and no more rights than reading."""
    workflow = yaml.safe_load(text(f".github/workflows/{name}.yml"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 240
        for step in job["steps"]:
            used = step.get("uses", "")
            assert not used or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used), used
            if used.startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
        commands = str([step.get("run") for step in job["steps"]])
        if "make" in commands:
            assert job["env"]["TORCH"] == "cpu"
        elif "pip" in commands:
            assert "--require-hashes -r requirements-cpu.lock" in str(job["steps"])


def test_the_job_that_publishes_the_book_runs_no_code_of_ours():
    jobs = yaml.safe_load(text(".github/workflows/book.yml"))["jobs"]
    assert "permissions" not in jobs["make"]
    assert {"run": "make book"} in jobs["make"]["steps"]
    assert jobs["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"]] == [
        "actions/deploy-pages"
    ]


def test_everything_runs_every_week():
    workflow = yaml.safe_load(text(".github/workflows/ci.yml"))
    assert workflow[True]["schedule"]
    weekly = workflow["jobs"]["weekly"]
    assert weekly["if"] == "github.event_name == 'schedule'"
    assert {"run": "make test-all"} in weekly["steps"]


def test_dependabot_looks_after_packages_and_actions():
    updates = yaml.safe_load(text(".github/dependabot.yml"))["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"pip", "github-actions"}


def test_ci_script_is_executable_bash():
    script = REPOSITORY / ".ci/run"
    assert text(".ci/run").startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text(".ci/run")
    assert os.name == "nt" or os.access(script, os.X_OK)
    bash = shutil.which("bash")
    assert bash is None or subprocess.run([bash, "-n", script]).returncode == 0


# --- git ----------------------------------------------------------------------------------------


@needs_git
@pytest.mark.parametrize(
    "path, ignored",
    [
        ("data/MNIST/raw/train-images-idx3-ubyte", True),
        ("data/README.md", False),
        ("progress.json", True),
        (".venv/bin/python", True),
        ("autoencoder_course.egg-info/PKG-INFO", True),
        ("course_utils/__pycache__/data.pyc", True),
        ("notebooks/.ipynb_checkpoints/x.ipynb", True),
        ("notebooks/01_bottleneck_and_pca.ipynb", False),
        ("course_utils/data/loading.py", False),
        ("requirements.lock", False),
        ("book/index.html", True),
        ("book.zip", True),
        ("slides/1-codes.html", True),
        ("press/cover.md", False),
    ],
)
def test_git_ignores(path, ignored):
    command = ["git", "check-ignore", "--quiet", "--no-index", path]
    assert (subprocess.run(command, cwd=REPOSITORY).returncode == 0) == ignored


# Written in pieces, so that this file does not find itself.
HOSTS = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb.debian" + ".org"]
HOSTS += ["download.pytorch" + ".org", "anaconda" + ".org"]
FOLDERS = ["/" + "work/", "/" + "root/", "/" + "opt/pypi", "/" + "opt/wheels", ".." + "/shared"]


@needs_git
def test_tracked_files_name_no_registry_and_no_folder_of_this_machine():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    paths = [name for name in listed.stdout.split("\0") if (REPOSITORY / name).is_file()]
    assert "Makefile" in paths
    for name in paths:
        content = (REPOSITORY / name).read_text(encoding="utf-8", errors="replace")
        found = [word for word in HOSTS + FOLDERS if word in content]
        if name == ".ci/run":  # the one place that knows where CI keeps its copy of the data
            found = [word for word in found if word != ".." + "/shared"]
        assert not found, f"{name} names {found}"


# --- make ---------------------------------------------------------------------------------------


@needs_make
def test_help_is_the_default_and_lists_every_target():
    shown = make().stdout
    assert set(re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE)) == phony_targets()
    assert len(shown.splitlines()) == len(phony_targets())


@pytest.fixture
def fresh_clone(tmp_path) -> Path:
    (tmp_path / "course_utils").mkdir()
    for name in ("Makefile", "requirements.lock", "requirements-cpu.lock", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copy(REPOSITORY / "course_utils" / "threads.pth", tmp_path / "course_utils")
    return tmp_path


def fake_python(path: Path, script: str) -> Path:
    """A command that stands in for python3."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return path


TOO_OLD = 'case "$*" in *version_info*) exit 1;; esac\n'
NO_VENV = 'case "$*" in *"import ensurepip"*) exit 1;; esac\n'


@needs_make
@pytest.mark.parametrize(
    "script, reason, way_out",
    [
        (TOO_OLD, "Python 3.11 or newer", "make lab PYTHON="),
        ("exit 127\n", "Python 3.11 or newer", "make lab PYTHON="),
        (NO_VENV, "venv module is missing", "apt install python3-venv"),
    ],
)
def test_make_says_in_one_sentence_what_is_missing(fresh_clone, script, reason, way_out):
    python = fake_python(fresh_clone / "python3", script)
    result = make("lab", cwd=fresh_clone, PYTHON=str(python))
    assert result.returncode != 0
    assert len(result.stdout.splitlines()) == 1, result.stdout
    assert reason in result.stdout
    assert way_out in result.stdout
    assert not (fresh_clone / ".venv").exists()


@needs_make
def test_make_finds_no_python_at_all(fresh_clone):
    result = make("test", cwd=fresh_clone, PYTHON="no-such-python")
    assert "Python 3.11 or newer" in result.stdout
    assert "make test PYTHON=" in result.stdout


# Makes a .venv whose programs log each call, and whose first install is cut short.
CUT_SHORT = """
case "$*" in
  *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; cp "$0" .venv/bin/zizmor;;
  *" -r requirements.lock"*) [ -e tried ] || { touch tried; exit 1; };;
  *sysconfig*) echo .venv; exit;;
esac
echo "$@" >> log
"""


@needs_make
def test_install_that_was_cut_short_goes_on_with_the_next_call(fresh_clone):
    python = fake_python(fresh_clone / "python3", CUT_SHORT)
    stamp = fresh_clone / ".venv/.installed"

    first = make("lint", cwd=fresh_clone, PYTHON=str(python))
    assert first.returncode != 0
    assert "The installation did not finish: give the same command again" in first.stdout
    assert not stamp.exists()

    assert make("lint", cwd=fresh_clone, PYTHON=str(python)).returncode == 0
    assert stamp.exists()
    calls = (fresh_clone / "log").read_text().splitlines()
    assert sum("-m venv" in call for call in calls) == 1, "the second call made .venv again"

    assert make("lint", cwd=fresh_clone, PYTHON=str(python)).returncode == 0
    again = (fresh_clone / "log").read_text().splitlines()[len(calls) :]
    assert not any("install" in call for call in again), "a finished set-up was done again"
    assert any("compileall" in call for call in calls)
    assert (fresh_clone / ".venv/threads.pth").exists()
    settings = fresh_clone / ".venv/share/jupyter/lab/settings/overrides.json"
    plugin, values = json.loads(settings.read_text()).popitem()  # of JupyterLab, with its schema
    schemas = Path(sys.prefix, "share/jupyter/lab/schemas", *plugin.split(":")).with_suffix(".json")
    choices = json.loads(schemas.read_text())["properties"]["fetchNews"]["oneOf"]
    assert values["fetchNews"] in [choice["const"] for choice in choices]


@needs_make
def test_lab_opens_the_first_lesson_or_the_one_that_is_named(fresh_clone):
    first = make("--dry-run", "lab", cwd=fresh_clone).stdout.splitlines()[-1]
    assert (REPOSITORY / "notebooks" / first.split()[-1]).exists()
    named = make("--dry-run", "lab", cwd=fresh_clone, LESSON="06_elbo.ipynb").stdout
    assert named.rstrip().endswith("06_elbo.ipynb")


@needs_make
def test_cpu_build_is_installed_by_checksum_and_torch_by_uv(fresh_clone):
    shown = make("--dry-run", "lab", cwd=fresh_clone, TORCH="cpu").stdout
    by_checksum = shown.index("--require-hashes -r requirements-cpu.lock")
    assert by_checksum < shown.index("--torch-backend=cpu")
    usual = make("--dry-run", "lab", cwd=fresh_clone).stdout
    assert " -r requirements.lock" in usual
    assert "--torch-backend" not in usual


def test_mutants_are_judged_where_all_is_that_the_tests_import():
    """`mutate.py` runs them in a copy of some folders."""
    sources = (path.read_text("utf-8") for path in (REPOSITORY / "tests").rglob("*.py"))
    names = {name for text in sources for name in re.findall(r"(?m)^ *(?:from|import) (\w+)", text)}
    ours = {path.parent.name for path in REPOSITORY.glob("*/*.py")}
    needed = ours & names
    assert needed == set(mutate.COPIED) - {"tests"}  # whose own modules are found as its files
