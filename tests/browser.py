"""JupyterLab in a real browser, for tests: a server, a page, and a notebook that a learner drives.

`lab` starts JupyterLab, or Notebook 7, on a free port with folders of its own, so that nothing of
the user's settings, workspaces or extensions plays a part. `chromium` starts a browser. `Notebook`
opens one file in a tab and offers what a learner does (run, press keys, look); what Python would
print is read from Lab's own model, because Lab draws only the cells that are in view.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import playwright.sync_api
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, sync_playwright

from press.chromium import FLAGS, NAMES, executable

REPOSITORY = Path(__file__).resolve().parent.parent
POLLING = 200  # milliseconds between two looks: at every frame they cost half of a page's time
PATIENCE = 300  # seconds for anything to happen: a guard against what hangs, on a busy machine too

# All in the outputs of the course that takes the focus.
FOCUSABLE = (
    ".course-view :is(button, input, .cv-field), :is(.course-quiz, .course-cards) button, "
    ".course-cards li[data-here] summary, .course-path summary, .noUi-handle"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium with a fresh profile; skips the test where there is none.

    With `REQUIRE_BROWSER=1` in the environment a missing browser is a failure instead of a skip.
    """
    if executable() is None:
        reason = (
            f"no browser: none of {', '.join(NAMES)} is on the PATH; install one, "
            "or run `python -m playwright install chromium`"
        )
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address and token, and the folder it shows.

    Attributes:
        pages: where in its address a notebook is found; `{}` stands for a new workspace's name.
    """

    url: str
    token: str
    root: Path
    pages: str

    @contextmanager
    def open(self, browser: Browser, name: str) -> Iterator[Notebook]:
        """Open the notebook `name` (relative to `root`) in a fresh profile and workspace."""
        context = browser.new_context(viewport={"width": 1200, "height": 1000})
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        notebook = Notebook(page)
        try:
            place = self.pages.format(uuid4().hex)
            page.goto(f"{self.url}{place}/{name}?token={self.token}")
            notebook.wait_until_ready(name)
            yield notebook
        finally:
            with suppress(playwright.sync_api.Error):  # a page that never opened has no kernel
                notebook.shut_down_kernel()
            context.close()


@contextmanager
def lab(
    folder: Path, root: Path, environment: dict[str, str] | None = None, app: str = "jupyterlab"
) -> Iterator[Lab]:
    """JupyterLab showing `root`, with its settings and run-time files under `folder`.

    `app` is the module that is run: with "notebook" it is Jupyter Notebook 7.
    """
    settings = folder / "settings"
    news = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    page = folder / "config" / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True)
    page.write_text('{"buildCheck": false, "buildAvailable": false}')  # or Node starts
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = uuid4().hex
    command = [sys.executable, "-m", app, f"--ServerApp.root_dir={root}"]
    command += ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += ["--expose-app-in-browser"]
    own = {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        # The notebooks are copies elsewhere; their kernels find the package all the same.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.getenv("PYTHONPATH")])),
    }
    log = folder / "lab.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            env={**os.environ, **own, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for_server(server, f"{url}api/status?token={token}", log)
        pages = "notebooks" if app == "notebook" else "lab/workspaces/{}/tree"
        yield Lab(url, token, root, pages)
    finally:
        server.terminate()  # on SIGTERM the server shuts its kernels down first
        try:
            server.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@dataclass(frozen=True)
class Notebook:
    """One notebook in a Lab tab."""

    page: Page

    def name(self) -> str:
        """Which file this is, relative to the folder that Lab shows."""
        return self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")

    def go_to(self, name: str) -> None:
        """Close this notebook and open another on the same page, which is quicker than `Lab.open`:
        the page need not start again."""
        self.save()
        self.shut_down_kernel()
        self.page.evaluate(
            """name => {
                const {commands, shell} = window.jupyterapp;
                shell.currentWidget.close();
                commands.execute('docmanager:open', {path: name});
            }""",
            name,
        )
        self.wait_until_ready(name)

    def wait_until_ready(self, name: str) -> None:
        """Wait until the notebook `name` is drawn and its kernel answers."""
        self.page.wait_for_function(
            """name => {
                const tab = window.jupyterapp?.shell.currentWidget;
                return tab?.context?.path === name
                    && tab.node.querySelector('.jp-Notebook .jp-Cell')
                    && tab.sessionContext?.session?.kernel?.status === 'idle';
            }""",
            arg=name,
            timeout=PATIENCE * 1000,
            polling=POLLING,
        )

    def run_all(self, seconds: float = PATIENCE) -> None:
        """Run > Run All Cells, then wait until every code cell has finished."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self._wait_until_run(seconds)

    def run_by_keyboard(self, seconds: float = PATIENCE) -> None:
        """Press Shift+Enter from the first cell to the last, as a learner does, and wait."""
        self.cell(0).click()
        for _ in range(len(self.cells())):
            self.page.keyboard.press("Shift+Enter")
        self._wait_until_run(seconds)

    def _wait_until_run(self, seconds: float) -> None:
        self.page.wait_for_function(
            """() => {
                const tab = window.jupyterapp.shell.currentWidget;
                const code = [...tab.content.model.cells].filter(
                    cell => cell.type === 'code' && cell.sharedModel.source.trim());
                const failed = code.some(
                    cell => cell.sharedModel.outputs.some(out => out.output_type === 'error'));
                return code.every(cell => cell.executionState === 'idle')
                    && (failed || code.every(cell => cell.executionCount !== null))
                    && tab.sessionContext.session?.kernel?.status === 'idle';
            }""",
            timeout=seconds * 1000,
            polling=POLLING,
        )

    def cells(self) -> list[dict]:
        """Every cell as it would be saved: nbformat's dictionaries, outputs included."""
        return self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        )

    def cell(self, index: int) -> Locator:
        """The cell numbered `index`, scrolled into view."""
        cell = self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')
        self.page.evaluate(
            "index => window.jupyterapp.shell.currentWidget.content.scrollToItem(index, 'start')",
            index,
        )
        cell.wait_for()
        return cell

    def is_trusted(self) -> bool:
        """Whether Lab runs the scripts that the saved outputs hold."""
        return self.page.evaluate(
            "() => [...window.jupyterapp.shell.currentWidget.content.model.cells]"
            ".filter(cell => cell.type === 'code').every(cell => cell.trusted)"
        )

    def save(self) -> None:
        """Save the notebook; its outputs are then trusted when this Lab opens it again."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def shut_down_kernel(self) -> None:
        """End the kernel, so that it takes no time from the next notebook."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def keep_local(page: Page) -> list[str]:
    """Block every request of `page` that would leave this machine; the list returned fills
    with the addresses that were refused."""
    refused: list[str] = []

    def handle(route: Route) -> None:
        address = route.request.url
        if address.startswith(("file:", "data:", "blob:", "http://127.0.0.1:")):
            route.continue_()
        else:
            refused.append(address)
            route.abort()

    page.route("**/*", handle)
    return refused


def errors(cells: list[dict]) -> list[str]:
    """The exceptions among the outputs of `cells`, each with the first line of its cell."""
    return [
        f"{cell['source'].splitlines()[0]}: {output['ename']}: {output['evalue']}"
        for cell in cells
        for output in cell.get("outputs", ())
        if output["output_type"] == "error"
    ]


def wait_for_server(server: subprocess.Popen, address: str, log: Path) -> None:
    """Wait until a server answers.

    Raises:
        RuntimeError: with the end of its log, if it ends instead, or does not answer in time.
    """
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-3000:]}")
