"""A box is tried before it is believed: code of our own goes in and attempts what is forbidden."""

import os
import socket
import tempfile
from pathlib import Path

from course_utils.grading import apart
from course_utils.grading.box import Limits
from course_utils.grading.boxes import Ended, opened

FORKS = 40  # attempted; it ends by itself where nothing stops it

ATTEMPT = """
import os, socket

def attempt(canary, folder, port, process, forks):
    done = []
    def tried(what, how):
        try:
            how()
        except Exception:
            return
        done.append(what)
    tried("read a file of yours", lambda: os.close(os.open(canary, os.O_RDONLY)))
    tried("write beside it", lambda: os.close(os.open(folder + "/written", os.O_CREAT)))
    tried("reach the network", lambda: socket.create_connection(("127.0.0.1", port), 1).close())
    tried("see another process", lambda: os.kill(process, 0))
    tried("start processes", lambda: many(forks))
    tried("take gigabytes", lambda: bytearray(8 * 2**30))
    tried("take memory that nobody counts", lambda: os.close(os.memfd_create("memory")))
    return done

def many(forks):
    children = []
    try:
        for _ in range(forks):
            child = os.fork()
            if child == 0:
                os.read(gate[0], 1)
                os._exit(0)
            children.append(child)
    finally:
        os.write(gate[1], b"x" * forks)
        for child in children:
            os.waitpid(child, 0)

gate = os.pipe()
"""


def escapes(source: socket.socket) -> list[str]:
    """What code in a box of this source can do and should not: words for a sentence.

    Raises:
        Ended: if there are no boxes to be had here.
    """
    with (
        tempfile.TemporaryDirectory(prefix="course-trial-") as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
        opened(source, Limits()) as box,
    ):
        os.chmod(folder, 0o777)
        canary = Path(folder, "canary")
        canary.write_text("a secret")
        attempt = apart.stand_in(box, "attempt", [("<trial>", ATTEMPT)])
        port = listener.getsockname()[1]
        done = attempt(str(canary), folder, port, os.getpid(), FORKS)
        if box.ended:
            raise Ended(box.ended)
        return done
