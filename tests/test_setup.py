"""The files that set the course up agree with each other, and `make` says what is wrong."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parent.parent
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
needs_git = pytest.mark.skipif(
    not (REPOSITORY / ".git").exists() or not shutil.which("git"), reason="not a git checkout"
)


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def project() -> dict:
    return tomllib.loads(text("pyproject.toml"))


def requirements(kind: str) -> dict[str, Requirement]:
    """What pyproject.toml asks for to "run" the course, or to "develop" it, by name."""
    table = project()
    listed = {"run": table["project"]["dependencies"], "develop": table["dependency-groups"]["dev"]}
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
        timeout=60,
    )


def phony_targets() -> set[str]:
    return set(re.search(r"^\.PHONY: (.+)$", text("Makefile"), re.MULTILINE)[1].split())


def version(pins: dict[str, Requirement], name: str) -> str:
    (pin,) = pins[name].specifier
    assert pin.operator == "==", f"{name} is not pinned"
    return pin.version


# --- versions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["run", "develop"])
def test_lock_and_environment_pin_every_dependency(kind):
    pins, conda = lock(), environment()
    for name, requirement in requirements(kind).items():
        assert name in pins, f"{name} is not in requirements.lock: run `make lock`"
        pinned = version(pins, name)
        assert requirement.specifier.contains(pinned), f"{name} is locked below its lower bound"
        assert conda.get(CONDA_NAMES.get(name, name)) == pinned, f"environment.yml: {name}"


def test_environment_has_nothing_else():
    asked = {**requirements("run"), **requirements("develop")}
    assert set(environment()) == {CONDA_NAMES.get(name, name) for name in asked}


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


def test_pre_commit_runs_the_locked_ruff():
    hooks = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert {hook["id"] for hook in hooks} == {"ruff-check", "ruff-format"}
    for hook in hooks:
        assert hook["additional_dependencies"] == [f"ruff=={version(lock(), 'ruff')}"]
        assert "jupyter" in hook["types_or"]


# The lessons are read in JupyterLab; tests reach these through pytest, the command line or make.
NOT_IMPORTED = {"jupyterlab", "ruff", "uv", "pre-commit", "setuptools", "nbconvert"}
NOT_IMPORTED |= {"nbval", "pytest-timeout", "pytest-xdist", "beartype"}


def imported_packages(folder: str) -> set[str]:
    """The distributions that the code in `folder` imports, standard library and our own aside."""
    own = {"course_utils", *(path.stem for path in (REPOSITORY / "tests").rglob("*"))}
    names = set()
    for path in (REPOSITORY / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.partition(".")[0])
    distributions = importlib.metadata.packages_distributions()
    found = names - own - set(sys.stdlib_module_names)
    return {canonicalize_name(distributions.get(name, [name])[0]) for name in found}


def test_imports_are_declared_and_declarations_used():
    run, develop = set(requirements("run")), set(requirements("develop"))
    course, tests = imported_packages("course_utils"), imported_packages("tests")
    assert course <= run
    assert tests <= run | develop
    assert run - course - NOT_IMPORTED == set()
    assert develop - tests - NOT_IMPORTED == set()


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


def test_ci_script_is_executable_bash():
    script = REPOSITORY / ".ci/run"
    assert text(".ci/run").startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text(".ci/run")
    assert os.name == "nt" or os.access(script, os.X_OK)
    bash = shutil.which("bash")
    assert bash is None or subprocess.run([bash, "-n", script], timeout=30).returncode == 0


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
        ("course_utils/data.py", False),
        ("requirements.lock", False),
    ],
)
def test_git_ignores(path, ignored):
    command = ["git", "check-ignore", "--quiet", "--no-index", path]
    assert (subprocess.run(command, cwd=REPOSITORY, timeout=30).returncode == 0) == ignored


# Written in pieces, so that this file does not find itself.
HOSTS = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb.debian" + ".org"]
HOSTS += ["download.pytorch" + ".org", "anaconda" + ".org"]
FOLDERS = ["/" + "work/", "/" + "root/", "/" + "opt/pypi", "/" + "opt/wheels", ".." + "/shared"]


@needs_git
def test_tracked_files_name_no_registry_and_no_folder_of_this_machine():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=30)
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
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path)
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


# Makes a .venv whose python logs each call, and whose first install is cut short.
CUT_SHORT = """
case "$*" in
  *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
  *"install -r"*) [ -e tried ] || { touch tried; exit 1; };;
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


@needs_make
def test_cpu_build_is_chosen_by_uv(fresh_clone):
    shown = make("--dry-run", "lab", cwd=fresh_clone, TORCH="cpu").stdout
    assert "--torch-backend=cpu -r requirements.lock" in shown
    assert "--torch-backend" not in make("--dry-run", "lab", cwd=fresh_clone).stdout
