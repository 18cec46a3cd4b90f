"""What this machine can enforce, and what is visible inside the sandbox."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Mode = Literal["bubblewrap", "namespaces"]

MODES: tuple[Mode, ...] = ("bubblewrap", "namespaces")
"""In order of preference."""

OLDEST_BUBBLEWRAP = (0, 7)
"""The first that can limit the size of a scratch folder."""

ADVICE = (
    "install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap) or allow user namespaces "
    "(sysctl user.max_user_namespaces=10000; where AppArmor forbids them, "
    "sysctl kernel.apparmor_restrict_unprivileged_userns=0; in a container, run it with "
    "--security-opt seccomp=unconfined --cap-add SYS_ADMIN)"
)
"""What to do where the machine enforces nothing."""

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
SCRATCH = "/scratch"


@dataclass(frozen=True)
class Confinement:
    """How programs are confined on this machine.

    Parameters
    ----------
    mode : str or None
        ``"bubblewrap"``, ``"namespaces"``, or None where programs are refused.
    missing : str
        For each mode that does not work, why; with what to do if none does.
    """

    mode: Mode | None
    missing: str = ""

    def __str__(self) -> str:
        if self.mode is None:
            return f"none, programs are refused: {self.missing}"
        return f"{self.mode}{f' ({self.missing})' if self.missing else ''}"


@cache
def bubblewrap() -> str:
    """Path of bubblewrap.

    Raises
    ------
    OSError
        If it is not installed or too old.
    """
    found = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin:" + os.environ.get("PATH", ""))
    if found is None:
        raise OSError("bubblewrap is not installed")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < OLDEST_BUBBLEWRAP:
        raise OSError(f"bubblewrap is older than {'.'.join(map(str, OLDEST_BUBBLEWRAP))}")
    return found


@cache
def interpreter() -> str:
    """The file that is Python, outside any virtual environment."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return os.path.realpath(base)


@cache
def visible() -> tuple[tuple[str, ...], dict[str, str]]:
    """Folders and files that a program can read, and links: the C library's folders and Python's own, no more."""
    prefix = Path(sys.base_prefix)
    wanted = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/gnu/store", "/nix/store"]
    wanted += [interpreter(), str(prefix / "lib"), str(prefix / "lib64"), sysconfig.get_path("stdlib")]
    links = {path: os.readlink(path) for path in wanted if os.path.islink(path)}
    folders: list[str] = []
    for path in sorted({path for path in wanted if path not in links and os.path.exists(path)}):
        if not any(path.startswith(f"{folder}/") for folder in folders):
            folders.append(path)
    return tuple(folders), {
        path: to for path, to in links.items() if not any(path.startswith(f"{f}/") for f in folders)
    }


def stranger() -> int | None:
    """A user that owns nothing, another at each call, for root to become; None for everybody else.

    Raises
    ------
    OSError
        If root is confined to a user namespace that has no such user.
    """
    if os.geteuid() != 0:
        return None
    with open("/proc/self/uid_map", encoding="ascii") as table:
        ranges = [tuple(map(int, line.split())) for line in table]
    first, _, count = max(ranges, key=lambda each: each[2])
    if count < 1 << 16:
        raise OSError("root has no other user to become")
    if count >= 1 << 31:
        first, count = 1 << 30, 1 << 30
    return first + count // 2 + int.from_bytes(os.urandom(4), "little") % (count // 2)


def confinement(mode: Mode | None = None) -> Confinement:
    """How programs are confined, found out once by a program that tries to get out.

    Parameters
    ----------
    mode : str, optional
        Try this mode only; else the first of `MODES` that works.

    Raises
    ------
    ValueError
        If the mode is unknown.

    Examples
    --------
    >>> confinement().mode in ("bubblewrap", "namespaces", None)
    True
    """
    if mode is not None and mode not in MODES:
        raise ValueError(f"a sandbox is made by {' or '.join(MODES)}, not {mode!r}")
    missing: list[str] = []
    for candidate in MODES if mode is None else (mode,):
        reason = _reason_against(candidate)
        if not reason:
            return Confinement(candidate, "; ".join(missing))
        missing.append(f"{candidate}: {reason}")
    return Confinement(None, f"{'; '.join(missing)}. To run programs {ADVICE}")


@cache
def _reason_against(mode: Mode) -> str:
    """Empty if the mode confines, else why not."""
    if sys.platform != "linux":
        return "needs Linux"
    from unseen.solvers.language.sandbox.run import run_in

    try:
        if mode == "bubblewrap":
            bubblewrap()
        result = run_in(mode, ATTEMPT)
    except OSError as error:
        return str(error)
    if result.stdout.strip() == "confined":
        return ""
    return result.why or f"a trial did not come out confined: {result.stdout.strip() or result.stderr.strip()[-200:]}"


def machine() -> str:
    """Kind of processor, as the filter of system calls wants it."""
    return platform.machine()


ATTEMPT = f"""
import os, resource
seen = []
if os.getuid() == 0 or os.getppid() != 1: seen.append("who it is")
if os.listdir({SCRATCH!r}) != ["program.py"]: seen.append("files of others")
for folder in ("/home", "/proc", "/sys", "/var", "/etc/passwd", "/tmp"):
    if os.path.exists(folder) and (not os.path.isdir(folder) or os.listdir(folder)): seen.append(folder)
for path in ("/written", "/usr/lib/written", "/dev/written"):
    try:
        open(path, "w"); seen.append("writing of " + path)
    except OSError: pass
if resource.getrlimit(resource.RLIMIT_AS)[1] < 0: seen.append("memory without limit")
try:
    import socket
    if any(name != "lo" for _, name in socket.if_nameindex()): seen.append("network")
except OSError: pass
with open("/scratch/kept", "w") as file: file.write("x")
print(" and ".join(seen) or "confined")
"""
"""What a program tries, in a sandbox that is not known to hold, before others are let in."""
