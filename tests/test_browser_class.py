"""A class on one machine: JupyterHub as `teaching/jupyterhub_config.py` sets it up.

In `make test` its settings are read. In `make test-all`, where JupyterHub and its proxy are
installed, two learners log in through the browser on this machine, and each learns at home. Their
accounts are then invented, with any password, and are one account of the system: that those of the
system keep learners apart is the system's affair.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from traitlets.config import Config

import browser

CONFIG = browser.REPOSITORY / "teaching" / "jupyterhub_config.py"
PROXY = "configurable-http-proxy"
# What is not the class's: ports, accounts, homes, and leave to run as root and to be looked at.
ON_LOOPBACK = """
load_subconfig({config!r})
c = get_config()
c.JupyterHub.authenticator_class, c.JupyterHub.spawner_class = "dummy", "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.Spawner.args += ["--allow-root", "--LabApp.expose_app_in_browser=True"]
c.Spawner.environment["COURSE_DATASET"] = "digits"
c.Spawner.cmd[2] = c.Spawner.cmd[2].replace("$0/.venv/bin/", {scripts!r} + "/")
"""
LESSONS = {path.name for path in (browser.REPOSITORY / "notebooks").glob("*.ipynb")}
ANSWER = """answer => {
    const { cells } = window.jupyterapp.shell.currentWidget.content.model;
    const tagged = cell => cell.getMetadata("tags")?.includes("exercise");
    const stub = [...cells].find(tagged).sharedModel;
    stub.setSource(stub.getSource().replace("raise NotImplementedError", answer));
}"""


def settings() -> Config:
    """What the file sets, read as JupyterHub reads it."""
    told = Config()
    exec(
        compile(CONFIG.read_text("utf-8"), CONFIG, "exec"),
        {"get_config": lambda: told, "__file__": CONFIG},
    )
    return told


def started(home: Path, course: Path) -> list[str]:
    """What a learner's server is called with, in a copy of the course whose server only says so."""
    script = course / ".venv" / "bin" / "jupyterhub-singleuser"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@"')
    script.chmod(0o755)
    command = [*settings().Spawner.cmd[:-1], str(course), "--port=1", "two words"]
    return subprocess.run(command, cwd=home, capture_output=True, text=True).stdout.splitlines()


def test_a_learner_gets_the_lessons_once_and_keeps_what_was_done(tmp_path):
    home, course = tmp_path / "home", tmp_path / "the course"
    home.mkdir()
    (course / "notebooks").mkdir(parents=True)
    (course / "notebooks" / "00.ipynb").write_text("as committed")
    (course / "notebooks" / "01.ipynb").write_text("as committed")
    assert started(home, course) == ["--port=1", "two words"]
    (home / "notebooks" / "00.ipynb").write_text("solved")
    (home / "notebooks" / "01.ipynb").unlink()
    started(home, course)
    told = [path.read_text() for path in sorted((home / "notebooks").iterdir())]
    assert told == ["solved", "as committed"]


def test_the_class_uses_what_is_there():
    told = settings()
    assert Path(told.Spawner.cmd[-1]) == browser.REPOSITORY
    first = told.Spawner.default_url.removeprefix("/lab/tree/")
    assert (browser.REPOSITORY / first).exists()
    readme = (browser.REPOSITORY / "README.md").read_text("utf-8")
    ours = [name for name in told.Spawner.environment if name.startswith("COURSE_")]
    assert ours and all(f"`{name}`" in readme for name in ours)


def test_the_weekly_workflow_installs_the_hub_and_its_proxy_by_checksum():
    """So that the last test here runs somewhere; what the course has itself is not replaced."""
    workflow = (browser.REPOSITORY / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    weekly = workflow[workflow.index("  weekly:") :]
    assert "--require-hashes --no-deps -r teaching/hub/requirements.txt" in weekly
    assert 'npm ci && echo "$PWD/node_modules/.bin" >> "$GITHUB_PATH"' in weekly
    assert "working-directory: teaching/hub" in weekly
    folder = browser.REPOSITORY / "teaching" / "hub"
    listed = re.split(r"\n(?![ #])", (folder / "requirements.txt").read_text("utf-8").strip())
    assert all("--hash=sha256:" in block for block in listed if not block.startswith("#"))
    names = set(re.findall(r"^([\w.-]+)==", "\n".join(listed), re.MULTILINE))
    lock = (browser.REPOSITORY / "requirements.lock").read_text("utf-8")
    assert "jupyterhub" in names
    assert not names & set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    packages = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    assert f"node_modules/{PROXY}" in packages
    assert all("integrity" in each for name, each in packages.items() if name)


@contextmanager
def hub(folder: Path) -> Iterator[str]:
    """JupyterHub with its files in `folder`: its address."""
    with socket.socket() as a, socket.socket() as b, socket.socket() as c:
        for probe in (a, b, c):
            probe.bind(("127.0.0.1", 0))
        ports = [probe.getsockname()[1] for probe in (a, b, c)]
    config = folder / "config.py"
    config.write_text(
        ON_LOOPBACK.format(
            config=str(CONFIG),
            homes=str(folder / "homes"),
            ports=ports,
            scripts=str(Path(sys.executable).parent),
        )
    )
    log = folder / "hub.log"
    (folder / "homes").mkdir()
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(browser.REPOSITORY)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{ports[0]}"
        browser.wait_for_server(server, f"{address}/hub/login", log)
        yield address
    finally:
        server.terminate()  # it ends the learners' servers and the proxy first
        server.wait(timeout=browser.PATIENCE)


@pytest.mark.browser
@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    not find_spec("jupyterhub") or not shutil.which(PROXY),
    reason=f"JupyterHub and {PROXY}, which npm brings, are not installed here",
)
def test_two_learners_learn_each_at_home(tmp_path):
    with browser.chromium() as running, hub(tmp_path) as address:
        learn(running, address, "ann", "return images.mean(0)")
        learn(running, address, "ben", "return images.sum(0)")
    for name, status in {"ann": "passed", "ben": "attempted"}.items():
        home = tmp_path / "homes" / name
        assert {path.name for path in home.glob("notebooks/*.ipynb")} == LESSONS
        record = json.loads((home / "autoencoders.json").read_text("utf-8"))
        assert record["mean_image"]["status"] == status


def learn(running, address: str, name: str, answer: str) -> None:
    """Log in, and run lesson 00, which opens by itself, with an answer to its exercise."""
    context = running.new_context()
    context.set_default_timeout(browser.PATIENCE * 1000)
    page = context.new_page()
    page.goto(address)
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill("any")
    page.locator("[type=submit]").click()
    notebook = browser.Notebook(page)
    notebook.wait_until_ready("notebooks/00_start_here.ipynb")
    page.evaluate(ANSWER, answer)
    notebook.run_all()
    assert browser.errors(notebook.cells()) == []
    context.close()
