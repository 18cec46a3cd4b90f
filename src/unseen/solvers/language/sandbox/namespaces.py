"""Builds the sandbox out of kernel namespaces, where bubblewrap is not installed.

Handed to a fresh interpreter as text; the monitor's text comes with the configuration. Root needs no user namespace and
ends as a user that owns nothing; anybody else gets one.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import signal
import sys
from typing import Any

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00020000,
    0x02000000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_SETATTR, AT_RECURSIVE = 442, 0x8000
PR_SET_PDEATHSIG = 1
BASE = "/tmp"
"""Where the new root is mounted, in a namespace of its own."""
INSIDE = 1000
"""User and group inside a user namespace."""

libc = ctypes.CDLL(None, use_errno=True)


def launch(config: dict[str, Any]) -> None:
    """Leave the namespaces of the system, build the new root, run the monitor in there and wait for it."""
    _die_with_parent()
    if os.getppid() != config["parent"]:
        os._exit(1)
    _unshare(with_user=config["uid"] is None)
    _build_root(config)
    monitor = os.fork()
    if monitor == 0:
        _die_with_parent()
        scope: dict[str, Any] = {"__name__": "monitor"}
        exec(compile(config["monitor"], "<monitor>", "exec"), scope)
        scope["supervise"](config)
    os.write(config["report"], f'\n"child-pid": {monitor}\n'.encode())
    os.close(config["report"])
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    os.waitpid(monitor, 0)
    os._exit(0)


def _die_with_parent() -> None:
    libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _unshare(*, with_user: bool) -> None:
    user, group = os.getuid(), os.getgid()
    flags = NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET | (NEWUSER if with_user else 0)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "the kernel gives no namespaces")
    libc.unshare(NEWCGROUP)
    if with_user:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{INSIDE} {user} 1"),
            ("gid_map", f"{INSIDE} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


def _build_root(config: dict[str, Any]) -> None:
    """A small file system in memory, read-only, with the folders that are visible and a scratch folder."""
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    # Opened before the new root hides what lies under its mount point.
    sources = {path: os.open(path, os.O_PATH) for path in [*config["visible"], *config["devices"]]}
    _mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
    for path, descriptor in sources.items():
        target = BASE + path
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            os.makedirs(target, 0o755, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        _mount(f"/proc/self/fd/{descriptor}", target, None, MS_BIND | MS_REC)
        os.close(descriptor)
        if path in config["visible"]:
            _make_read_only(target)
    for path, target in config["links"].items():
        os.symlink(target, BASE + path)
    os.makedirs(BASE + config["scratch"], 0o755, exist_ok=True)
    size = config["scratch_bytes"]
    _mount("tmpfs", BASE + config["scratch"], "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={size},nr_inodes=4096")
    os.mkdir(f"{BASE}/.old")
    os.chdir(BASE)
    if libc.pivot_root(b".", b".old") != 0:
        raise OSError(ctypes.get_errno(), "the root cannot be changed")
    os.chdir("/")
    if libc.umount2(b"/.old", MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), "the old root cannot be left")
    os.rmdir("/.old")
    _mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _make_read_only(target: str) -> None:
    attributes = (ctypes.c_uint64 * 4)(MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
    if libc.syscall(MOUNT_SETATTR, -100, target.encode(), AT_RECURSIVE, attributes, ctypes.sizeof(attributes)) == 0:
        return
    # Before Linux 5.12: flags that the source has cannot be taken away, so they are given again.
    have = os.statvfs(target).f_flag & (0xF | 0x400)
    _mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | have)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, data)]
    if libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]) != 0:
        raise OSError(ctypes.get_errno(), f"{target} cannot be mounted")


if __name__ == "__main__":
    given = marshal.loads(sys.stdin.buffer.read())
    try:
        launch(given)
    except OSError as error:
        os.write(given["report"], f"\n{ {'refused': str(error)} }\n".encode())
        os._exit(1)
