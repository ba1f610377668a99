"""The walls of a box: what a process that runs a stranger's code can see, reach and use up.

On Linux the kernel itself keeps it in: `enclose` gives a process namespaces of its own, in which
there is no network, no other process and no file but Python's, the course's and the data, all of
them for reading, and a small folder that lives in memory; then it takes every privilege away. It
needs root, or that users may make namespaces of their own. `limit` bounds time, memory, files and
processes on any Unix, and is no wall: without `enclose` the code could still read and send what the
user can.

All of it is done by system calls, and not by the programs `unshare` or `bwrap`, because a box is
forked from a process that has loaded torch, which takes a hundredth of the time to start one.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path
from typing import NamedTuple

from course_utils.grading import calls

COURSE = Path(__file__).resolve().parents[1]
# The reference solutions, and the model answers.
LESSONS, EXAM = COURSE / "exercises" / "lessons", COURSE / "exercises" / "exam"
# Both once more, where the course is a checkout and lies in a folder that is shown.
CHECKOUT = tuple(COURSE.parent / name for name in ("tests", ".git", "build"))

# From Linux's headers.
NEW_MOUNTS, NEW_NAMES, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES, REMOUNT, BIND = 1, 2, 4, 32, 4096
RECURSIVE, PRIVATE = 16384, 1 << 18
NO_NEW_PRIVILEGES = 38  # of prctl
CAPABILITIES_3 = 0x20080522

# systemd gives these numbers to users that live as long as one service, so nobody has them.
USERS = range(61184, 65520)


class Limits(NamedTuple):
    """What one box may use, beside what it has when it begins."""

    work: int = 20  # seconds of processor time
    memory: int = 2**30  # bytes of address space for each of its processes, of memory for all
    file: int = 2**24  # bytes of one file
    folder: int = 2**26  # bytes of all files
    processes: int = 4  # and threads
    files: int = 64  # open at a time


class Refused(Exception):
    """This machine does not let us build the walls; the text is what it said."""


def enclose(limits: Limits, data: Path | None, *, show_lessons: bool) -> None:
    """Cut this process, which is about to fork, off from the machine.

    The process that it forks next is the first of a world of its own: it sees no other, and when it
    ends, all that it has started ends with it.

    Args:
        data: a folder to read, or None.
        show_lessons: whether the reference solutions may be read; those of the exam never.

    Raises:
        Refused: if that cannot be done here.
    """
    if sys.platform != "linux":
        raise Refused(f"{sys.platform} has no namespaces")
    user, group = os.getuid(), os.getgid()
    spaces = NEW_MOUNTS | NEW_NAMES | NEW_IPC | NEW_PROCESSES | NEW_NETWORK
    try:
        _call("unshare", spaces | (NEW_USERS if user else 0))
    except Refused as refused:
        who = "users" if user else "root"
        raise Refused(f"it lets {who} make no namespaces, {refused}") from None
    if user:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _call("mount", b"none", b"/", None, RECURSIVE | PRIVATE, None)
    _furnish(limits, data, show_lessons)


def enter(user: int) -> None:
    """Go through the door, as the first process of the new world, and throw the key away.

    Args:
        user: whom to become, if this is root.
    """
    os.chroot(".")
    os.chdir("/tmp")
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    calls.deny()  # the trial tells where this is not to be had
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def limit(limits: Limits, *, enclosed: bool) -> None:
    """Bound what this process, and each that it starts, may use up.

    Args:
        enclosed: without walls the number of processes has no limit, since all others of the same
            user would count.
    """
    processes = {resource.RLIMIT_NPROC: limits.processes} if enclosed else {}
    bounds = processes | {
        resource.RLIMIT_CPU: limits.work,
        resource.RLIMIT_AS: _address_space() + limits.memory,
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_NOFILE: limits.files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for what, most in bounds.items():
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _address_space() -> int:
    """Bytes that this process has mapped, nearly all of them libraries."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # macOS, which does not enforce this limit
        return 0
    return pages * resource.getpagesize()


def _furnish(limits: Limits, data: Path | None, show_lessons: bool) -> None:
    """Make the folder that will be `/`: this process then stands in it."""
    os.chdir(os.environ["COURSE_BOX"])
    options = f"size={limits.folder},nr_inodes=2000,mode=755".encode()
    _call("mount", b"box", b".", b"tmpfs", NO_SETUID | NO_DEVICES, options)
    os.chdir(os.environ["COURSE_BOX"])  # what was mounted, and not what it covers
    os.makedirs("tmp")
    os.chmod("tmp", 0o777)
    for folder in readable(data):
        _show(folder)
    os.makedirs("nothing")
    for folder in (EXAM, *CHECKOUT, *(() if show_lessons else (LESSONS,))):
        if Path(f".{folder}").is_dir():
            _bind(Path("nothing"), Path(f".{folder}"))


def readable(data: Path | None) -> list[Path]:
    """The folders that a box shows: those that Python needs, and the data; none lies in another."""
    wanted = [sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", COURSE]
    folders = sorted({Path(os.path.abspath(folder)) for folder in wanted if os.path.exists(folder)})
    folders += [data] if data is not None and data.is_dir() else []
    return [f for f in folders if not any(other in f.parents for other in folders)]


def _show(folder: Path) -> None:
    """Let a folder be read under its own name."""
    place = Path(f".{folder}")
    place.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink() and folder.resolve().is_relative_to("/usr"):
        place.symlink_to(os.readlink(folder))
        return
    place.mkdir(exist_ok=True)
    _bind(folder, place)


def _bind(folder: Path, place: Path) -> None:
    source, target = os.fsencode(folder), os.fsencode(place)
    try:
        _call("mount", source, target, None, BIND, None)
    except Refused:  # others are mounted below it, which an ordinary user may not leave out
        _call("mount", source, target, None, BIND | RECURSIVE, None)
    _call("mount", b"none", target, None, BIND | REMOUNT | READ_ONLY | _kept(place), None)


def _kept(place: Path) -> int:
    """The settings of a mount that an ordinary user may not take off."""
    flags = os.statvfs(place).f_flag
    kept = flags & (2 | 4 | 8 | 1024 | 2048)  # the same numbers in both calls
    return kept | (1 << 21 if flags & os.ST_RELATIME else 0)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None


def _call(name: str, *arguments: object) -> None:
    """A function of the C library that returns 0 if it has done what it was asked."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise Refused(f"{name}: {os.strerror(ctypes.get_errno())}")
