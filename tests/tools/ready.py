"""Pythons that are ready at once: forked from a process that has loaded what the tests load.

Each kernel, each process of the tests and each script that they start would spend several seconds
of processor time on that. Loaded are others' packages only, so that nothing of the course is older
than what asks for it.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import NoReturn

LOADED = (
    "torch",
    "torch._dynamo",  # which torchvision would import
    "torchvision.datasets",
    "sklearn.datasets",
    "sklearn.linear_model",
    "sklearn.manifold",
    "scipy.stats",
    "matplotlib.figure",
    "ipywidgets",
    "ipykernel.kernelapp",
    "beartype",
    "hypothesis",
    "nbconvert",
    "nbclient",
    "playwright.sync_api",
)
LAST_SECONDS = 20  # for what a Python does at its end
FORWARDED = (signal.SIGINT, signal.SIGTERM)
PLACE = "COURSE_READY"  # in the environment: where those who came before have started the server


@cache
def place(**environment: str) -> str:
    """The name of a socket on which Pythons are to be had, for as long as this process lives.

    `environment` is added to this process's own.
    """
    if PLACE in os.environ:
        return os.environ[PLACE]
    name = f"Pythons of {os.getpid()}"  # in Linux's own list of names, not a file
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind("\0" + name)
        listener.listen()
        number = listener.fileno()
        command = [sys.executable, __file__, "serve", str(number)]
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, pass_fds=[number], env={**os.environ, **environment}
        )
    atexit.register(server.communicate)  # it ends when its standard input is closed
    return name


def share() -> None:
    """Let the processes of xdist, each of which keeps to one thread, have theirs from this one."""
    if sys.platform == "linux":
        os.environ[PLACE] = place(OMP_NUM_THREADS="1")


def python() -> list[str]:
    """The command that stands for `python` before a script, `-c` or `-m`; where nothing can be
    forked, the usual one."""
    return [sys.executable, *([__file__, place()] if sys.platform == "linux" else [])]


def specification() -> dict[str, object]:
    """What Jupyter has to know to start such a kernel."""
    return {
        "argv": [*python(), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }


def install(folder: Path) -> dict[str, str]:
    """Write the specification below `folder`; the environment in which Jupyter finds it there."""
    file = folder / "kernels" / "python3" / "kernel.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(specification()))
    return {"JUPYTER_PATH": str(folder)}


def manager() -> type:
    """The class of nbclient's kernel managers that start such a kernel."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec

    return type("Ready", (AsyncKernelManager,), {"kernel_spec": KernelSpec(**specification())})


def serve(listener: socket.socket) -> NoReturn:
    """Fork a Python for everyone who asks, until standard input is closed."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # as ipykernel does
    sys.modules["rfc3987_syntax"] = None  # see tests/conftest.py
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # else each would go through all of that whenever it looks for garbage
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever asked waits for them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as long as one of them may be asked for
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        asker = listener.accept()[0]
        if os.fork() == 0:
            listener.close()
            become(asker)
        asker.close()
    os._exit(0)  # at once: to take apart all that was loaded would take three seconds


def become(asker: socket.socket) -> NoReturn:
    """Be the Python that was asked for: its arguments, environment, folder, input and output."""
    request, given, *_ = socket.recv_fds(asker, 2**20, 3)
    arguments, environment, folder = json.loads(request)
    for number, file in enumerate(given):
        os.dup2(file, number)
        os.close(file)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    asker.send(str(os.getpid()).encode())
    Thread(target=lambda: asker.recv(1) or os._exit(1), daemon=True).start()  # when its asker ends
    status = status_of(arguments)

    def end(*_: object) -> NoReturn:
        asker.send(bytes([status]))
        os._exit(status)

    # Two threads of ipykernel may wait for each other at the end.
    signal.signal(signal.SIGALRM, end)
    signal.alarm(LAST_SECONDS)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    end()


def status_of(arguments: list[str]) -> int:
    """Do what `python` does with these arguments: a script's, or after `-u`, `-m` or `-c`."""
    first, *rest = arguments[1:] if arguments[0] == "-u" else arguments
    try:
        if first == "-m":
            sys.path[0] = ""
            parent = (
                [f"--IPKernelApp.parent_handle={os.getppid()}"] if "ipykernel" in rest[0] else []
            )
            sys.argv = [*rest, *parent]
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        elif first == "-c":
            sys.path[0], sys.argv = "", ["-c", *rest[1:]]
            sys.modules["__main__"] = ModuleType("__main__")
            exec(rest[0], vars(sys.modules["__main__"]))
        else:
            sys.path[0], sys.argv = str(Path(first).parent), [first, *rest]
            runpy.run_path(first, run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def ask(name: str, arguments: list[str]) -> int:
    """Stand for the Python that is forked: hand signals on, end when it does, and as it does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect("\0" + name)
        request = json.dumps([arguments, dict(os.environ), os.getcwd()])
        socket.send_fds(server, [request.encode()], [0, 1, 2])
        forked = int(server.recv(32))
        for number in FORWARDED:
            signal.signal(number, lambda number, _: os.kill(forked, number))
        if status := server.recv(1):
            return status[0]
    os.kill(os.getpid(), signal.SIGKILL)  # as that one was, which has not said how it ended


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(socket.socket(fileno=int(sys.argv[2])))
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
