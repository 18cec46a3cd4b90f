"""Where and with what a trial ran."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("unseen", "torch", "numpy", "scipy", "scikit-learn", "pandas")


def available_cores() -> int:
    """Number of CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def source_state() -> tuple[str, bool]:
    """The commit that this package's source stands at, and whether files of the package differ from it.

    ``("", False)`` when the package was not imported from a git checkout of the project.
    """
    package = Path(__file__).resolve().parents[1]
    root = package.parents[1]
    if not (root / ".git").exists() or not (root / "pyproject.toml").exists():
        return "", False

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", str(package)))
    except (OSError, subprocess.SubprocessError):
        return "", False


@cache
def package_version(name: str) -> str:
    """Version of an installed package, empty if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def environment(device: str, threads: int) -> dict[str, str | int | bool]:
    """Versions, commit, machine and device, as stored with each trial.

    Parameters
    ----------
    device : str
        ``"cpu"`` or ``"cuda"``; the accelerator's name is looked up for the latter.
    threads : int
        Threads given to the trial.
    """
    commit, modified = source_state()
    return {
        "commit": commit,
        "modified": modified,
        "python": platform.python_version(),
        **{name: package_version(name) for name in PACKAGES},
        "platform": f"{sys.platform} {platform.machine()}",
        "processor": _processor(),
        "device": _device_name(device),
        "threads": threads,
    }


def _device_name(device: str) -> str:
    if device == "cpu":
        return "cpu"
    import torch

    return str(torch.cuda.get_device_name(device))


@cache
def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
