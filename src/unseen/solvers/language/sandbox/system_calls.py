"""The system calls that programs in the sandbox may not make, as a seccomp filter.

Namespaces, limits and the lack of privileges confine a program; the filter takes away the doors through which kernels
have been attacked and the memory that no limit counts (anonymous files, System V shared memory). Numbers are those of
Linux's ``unistd.h`` for x86-64 and, for other 64-bit machines, of ``asm-generic/unistd.h``.
"""

from __future__ import annotations

import errno
import struct

_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

_X32 = 0x40000000
_NEW_NAMESPACES = 0x7E020000
_AF_UNIX = 1

_SAME_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
}

# name: x86-64, other machines (None: does not exist there)
_DIFFERENT: dict[str, tuple[int, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "syslog": (103, 116),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "personality": (135, 92),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "iopl": (172, None),
    "ioperm": (173, None),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "vhangup": (153, 58),
}

_CLONE, _CLONE3, _SOCKET, _SET_LIMIT = (56, 220), (435, 435), (41, 198), (302, 261)
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "riscv64": (0xC00000F3, 1)}

MACHINES = tuple(_ARCHITECTURES)
"""Machines for which there is a filter, as `platform.machine` names them."""


def system_call_filter(machine: str) -> bytes:
    """The filter as classic BPF instructions, 8 bytes each, for ``prctl(PR_SET_SECCOMP)``.

    Forbidden calls fail with "operation not permitted"; of sockets only local ones are allowed, of new processes only
    those without namespaces of their own, of limits only a process's own. Calls in another machine's convention kill.

    Parameters
    ----------
    machine : str
        One of `MACHINES`.

    Raises
    ------
    ValueError
        If there is no filter for the machine.

    Examples
    --------
    >>> len(system_call_filter("x86_64")) % 8
    0
    """
    if machine not in _ARCHITECTURES:
        raise ValueError(f"no filter of system calls for {machine}; there are those for {', '.join(MACHINES)}")
    architecture, column = _ARCHITECTURES[machine]
    forbidden = [
        *_SAME_EVERYWHERE.values(),
        *(number for numbers in _DIFFERENT.values() if (number := numbers[column])),
    ]
    not_permitted = (_RETURN, 0, 0, _ERROR | errno.EPERM)
    first_argument = (_LOAD, 0, 0, _FIRST_ARGUMENT)
    allowed = (_RETURN, 0, 0, _ALLOW)
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_AT_LEAST, 0, 1, _X32),
        not_permitted,
    ]
    for number in forbidden:
        program += [(_JUMP_IF_EQUAL, 0, 1, number), not_permitted]
    # The C library falls back to clone, whose flags can be seen.
    program += [(_JUMP_IF_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)]
    for number, test, if_met, if_not in (
        (_CLONE[column], (_JUMP_IF_ANY_BIT, 0, 1, _NEW_NAMESPACES), not_permitted, allowed),
        (_SOCKET[column], (_JUMP_IF_EQUAL, 0, 1, _AF_UNIX), allowed, not_permitted),
        (_SET_LIMIT[column], (_JUMP_IF_EQUAL, 0, 1, 0), allowed, not_permitted),
    ):
        program += [(_JUMP_IF_EQUAL, 0, 4, number), first_argument, test, if_met, if_not]
    program.append(allowed)
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
