"""Kernels that are ready at once: forked from a process that has loaded what lessons load.

Each lesson's kernel would spend several seconds of processor time on that before its first cell.
Loaded are others' packages only, so that nothing of the course is older than its lesson.
"""

import atexit
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from threading import Thread
from typing import NoReturn

LOADED = (
    "torch",
    "torch._dynamo",  # which the first step of an optimizer would import
    "sklearn.datasets",
    "sklearn.linear_model",
    "matplotlib.figure",
    "ipywidgets",
    "ipykernel.kernelapp",
)
FORWARDED = (signal.SIGINT, signal.SIGTERM)


@cache
def place() -> str:
    """The name of a socket on which kernels are to be had, for as long as this process lives."""
    name = f"kernels of {os.getpid()}"  # in Linux's own list of names, not a file
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind("\0" + name)
        listener.listen()
        number = listener.fileno()
        command = [sys.executable, __file__, "serve", str(number)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[number])
    place.server = server  # which ends when its standard input is closed
    atexit.register(server.communicate)
    return name


def specification() -> dict[str, object]:
    """What Jupyter has to know to start such a kernel; where none can be forked, the usual one."""
    start = [__file__, place()] if sys.platform == "linux" else ["-m", "ipykernel_launcher"]
    return {
        "argv": [sys.executable, *start, "-f", "{connection_file}"],
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
    """Fork a kernel for everyone who asks, until standard input is closed."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # as ipykernel does
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # else each kernel would go through all of that whenever it looks for garbage
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever asked waits for them
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        asker = listener.accept()[0]
        if os.fork() == 0:
            listener.close()
            become_kernel(asker)
            break
        asker.close()
    atexit._run_exitfuncs()
    os._exit(0)  # at once: to take apart all that was loaded would take three seconds


def become_kernel(asker: socket.socket) -> None:
    """Be the kernel that was asked for: its arguments, environment, folder, input and output."""
    request, given, *_ = socket.recv_fds(asker, 2**20, 3)
    arguments, environment, folder = json.loads(request)
    for number, file in enumerate(given):
        os.dup2(file, number)
        os.close(file)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    sys.argv, sys.path = ["ipykernel_launcher", parent, *arguments], sys.path[1:]
    asker.send(str(os.getpid()).encode())
    Thread(target=lambda: asker.recv(1) or os._exit(1), daemon=True).start()  # when its asker ends
    sys.modules["ipykernel.kernelapp"].launch_new_instance()


def ask(name: str, arguments: list[str]) -> None:
    """Stand for the kernel that is forked: hand its signals on, and end when it does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect("\0" + name)
        request = json.dumps([arguments, dict(os.environ), os.getcwd()])
        socket.send_fds(server, [request.encode()], [0, 1, 2])
        kernel = int(server.recv(32))
        for number in FORWARDED:
            signal.signal(number, lambda number, _: os.kill(kernel, number))
        server.recv(1)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(socket.socket(fileno=int(sys.argv[2])))
    else:
        ask(sys.argv[1], sys.argv[2:])
