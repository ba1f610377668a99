"""The system calls that no code in a box gets: a filter, which the kernel runs before each call.

The walls do not bound what these would give. Memory that is shared counts to no process once it is
put aside; a namespace of one's own has file systems of any size; keys and messages outlive a box.
"""

import ctypes
import platform
import struct
from collections.abc import Sequence

NO_PERMISSION, NO_SUCH_CALL = 1, 38  # errno
FILTER, BY_PROGRAM = 22, 2  # of prctl

# From Linux's headers: the machine's own number, then those of the calls on x86 and ARM.
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
DENIED = {
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "fsopen": (430, 430),
    "open_tree": (428, 428),
    "unshare": (272, 97),
    "setns": (308, 268),
    "ptrace": (101, 117),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
}
CLONE, CLONE_3, MAP = (56, 220), (435, 435), (9, 222)
NEW_SPACES = 0x7E020000
SHARED, OF_NO_FILE = 0x01, 0x20  # of mmap
OTHER_NUMBERS = 0x40000000  # from here on x86 has the same calls once more

# Operations of the program, with what they mean: a word is loaded, compared, or the verdict.
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, MACHINE_AT, ARGUMENTS_AT = 0, 4, 16
ALLOW, FAIL = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("operations", ctypes.c_char_p)]


def deny() -> bool:
    """Give these calls to this process, and all that it will start, no more.

    It must have promised already to gain no privileges. False where this machine's numbers are not
    known here, or where its kernel has no such filter.
    """
    machine = platform.machine()
    if machine not in MACHINES:
        return False
    operations = b"".join(struct.pack("=HBBI", *each) for each in program(*MACHINES[machine]))
    return (
        ctypes.CDLL(None).prctl(
            FILTER, BY_PROGRAM, ctypes.byref(_Program(len(operations) // 8, operations)), 0, 0
        )
        == 0
    )


def program(machine: int, column: int) -> Sequence[tuple[int, int, int, int]]:
    """The filter: an operation, how many to leave out if it holds or does not, and its number."""
    fail = (RETURN, 0, 0, FAIL | NO_PERMISSION)
    no_such = (RETURN, 0, 0, FAIL | NO_SUCH_CALL)
    return [
        (LOAD, 0, 0, MACHINE_AT),
        (EQUAL, 1, 0, machine),
        no_such,
        (LOAD, 0, 0, NUMBER_AT),
        *((AT_LEAST, 0, 1, OTHER_NUMBERS), no_such),
        *(each for call in DENIED.values() for each in ((EQUAL, 0, 1, call[column]), fail)),
        *((EQUAL, 0, 1, CLONE_3[column]), no_such),  # the C library then takes `clone`
        (EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, ARGUMENTS_AT),
        *((ANY_BIT, 0, 1, NEW_SPACES), fail),
        (LOAD, 0, 0, NUMBER_AT),
        (EQUAL, 0, 4, MAP[column]),
        (LOAD, 0, 0, ARGUMENTS_AT + 3 * 8),
        *((ANY_BIT, 0, 2, OF_NO_FILE), (ANY_BIT, 0, 1, SHARED), fail),
        (RETURN, 0, 0, ALLOW),
    ]
