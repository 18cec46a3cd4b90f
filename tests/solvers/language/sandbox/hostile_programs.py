"""Programs that try to get out, to use up or to stay, each with how it must end and what it must say.

``SECRET_FILE``, ``SECRET_FOLDER``, ``PORT``, ``CALLER`` and ``CANARY`` are replaced by a file that holds a secret, its
folder, a port on which somebody listens, and two process ids outside.
"""

# ruff: noqa: E501 - a table
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hostile:
    name: str
    source: str
    endings: tuple[str, ...] = ("finished",)
    says: str | None = None
    """What standard output must be, if it matters."""


def denied(name: str, *statements: str, imports: str = "os") -> Hostile:
    """Every statement must raise; `OSError` and its kind say so."""
    lines = [f"import {imports}", "done = []"]
    for statement in statements:
        lines += ["try:", f"    {statement}", f"    done.append({statement!r})", "except OSError: pass"]
    return Hostile(name, "\n".join([*lines, "print(done or 'denied')"]), says="denied\n")


CALLS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    return getattr(libc, name)(*arguments)
"""


def denied_call(name: str, *expressions: str) -> Hostile:
    """Every C call must return -1."""
    lines = [CALLS, "done = []"]
    for expression in expressions:
        lines += [f"if {expression} != -1: done.append({expression!r})"]
    return Hostile(name, "\n".join([*lines, "print(done or 'denied')"]), says="denied\n")


HOSTILE = (
    # -- files ----------------------------------------------------------------------------------------------------
    denied("read a secret", "open('SECRET_FILE').read()"),
    denied("list its folder", "os.listdir('SECRET_FOLDER')"),
    denied("overwrite a secret", "open('SECRET_FILE', 'w').write('mine')"),
    denied("delete a secret", "os.remove('SECRET_FILE')", "os.rmdir('SECRET_FOLDER')"),
    denied("read accounts", "open('/etc/passwd').read()", "open('/etc/shadow').read()", "os.listdir('/home')"),
    denied("climb out", "open('../../../../../..' + 'SECRET_FILE').read()"),
    denied("write into the root", "open('/mine', 'w')", "os.mkdir('/mine')", "os.rename('/scratch', '/mine')"),
    denied("write into the library", "open(os.__file__, 'a')", "open(os.__file__ + '.mine', 'w')", "os.remove(os.__file__)"),
    denied("write into devices", "open('/dev/mine', 'w')", "os.remove('/dev/null')"),
    denied("change the library's rights", "os.chmod(os.__file__, 0o777)", "os.utime(os.__file__)"),
    denied("follow a symbolic link", "os.symlink('SECRET_FILE', 'link') or open('link').read()"),
    denied("link a folder", "os.symlink('/', 'up') or os.listdir('up' + 'SECRET_FOLDER')"),
    denied("hard link", "os.link(os.__file__, 'mine')"),
    denied("read memory of the machine", "open('/dev/mem', 'rb')", "open('/dev/kmem', 'rb')", "open('/dev/sda', 'rb')", "open('/dev/vda', 'rb')"),
    denied("speak to the terminal", "open('/dev/tty', 'w').write('mine')"),
    denied("proc", "os.listdir('/proc/1')", "open('/proc/self/environ').read()", "open('/proc/CALLER/environ').read()", "os.listdir('/proc/self/fd')"),
    denied("sys", "os.listdir('/sys/fs')", "open('/sys/power/state', 'w')"),
    denied("shared memory folder", "open('/dev/shm/mine', 'w')", "open('/tmp/mine', 'w')", "open('/var/tmp/mine', 'w')"),
    Hostile("one large file", "f = open('big', 'wb')\nwhile True: f.write(b'x' * 100_000)", ("failed", "crashed")),
    Hostile(
        "many files",
        "import itertools\ntry:\n  for i in itertools.count(): open(f'f{i}', 'wb').write(b'x' * 1_000_000)\n"
        "except OSError as e: print(i < 10)",
        says="True\n",
    ),
    Hostile(
        "empty files without end",
        "import itertools\ntry:\n  for i in itertools.count(): open(f'f{i}', 'wb').close()\nexcept OSError: print('full')",
        ("finished", "time limit"),
    ),
    Hostile("sparse file", "f = open('s', 'wb')\ntry:\n  f.truncate(1 << 50); print('grew')\nexcept OSError: print('denied')", says="denied\n"),
    # -- network --------------------------------------------------------------------------------------------------
    denied("connect", "socket.create_connection(('127.0.0.1', PORT), timeout=1)", imports="socket"),
    denied("listen", "socket.create_server(('127.0.0.1', 0))", imports="socket"),
    denied("datagrams", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", imports="socket"),
    denied("raw packets", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", imports="socket"),
    denied("netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", imports="socket"),
    denied("version 6", "socket.create_connection(('::1', PORT), timeout=1)", imports="socket"),
    denied("names", "socket.getaddrinfo('example.org', 80)", imports="socket"),
    denied("web", "urllib.request.urlopen('http://127.0.0.1:PORT/', timeout=1)", imports="urllib.request"),
    denied("abstract socket", "socket.socket(socket.AF_UNIX).connect('\\0unseen-PORT')", imports="socket"),
    # -- processes and signals --------------------------------------------------------------------------------------
    Hostile(
        "signal everybody",
        "import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntry: os.kill(-1, signal.SIGTERM)\n"
        "except OSError: pass\nprint('alive')",
        says="alive\n",
    ),
    denied("signal the caller", "os.kill(CALLER, 9)", "os.kill(CANARY, 9)", "os.killpg(CANARY, 9)"),
    Hostile(
        "signal the monitor",
        "import os, time\nfor s in (2, 9, 15, 19, 31):\n  try: os.kill(1, s)\n  except OSError: pass\ntime.sleep(0.1)\nprint('still here')",
        says="still here\n",
    ),
    Hostile("signal the group", "import os, signal\nos.killpg(0, signal.SIGKILL)", ("crashed",)),
    Hostile("kill itself", "import os\nos.kill(os.getpid(), 9)", ("crashed",)),
    Hostile("fork bomb", "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", ("time limit", "memory limit")),
    Hostile(
        "count forks",
        "import os, time\nn = 0\ntry:\n  while os.fork(): n += 1\n  time.sleep(9)\nexcept OSError: print(n < 8)",
        says="True\n",
    ),
    Hostile(
        "daemon",
        "import os, sys, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n    time.sleep(60)\n    open('/scratch/late', 'w')\n"
        "  os._exit(0)\nprint('left')",
        says="left\n",
    ),
    Hostile(
        "daemon that keeps the output open",
        "import os, time\nif os.fork() == 0:\n  os.setsid()\n  while True: time.sleep(1)\nprint('left', flush=True)",
        says="left\n",
    ),
    Hostile("sleep", "import time\ntime.sleep(60)", ("time limit",)),
    Hostile("spin", "while True: pass", ("time limit",)),
    Hostile("spin, deaf to signals", "import signal\nfor s in range(1, 65):\n  try: signal.signal(s, signal.SIG_IGN)\n  except (OSError, ValueError): pass\nwhile True: pass", ("time limit",)),
    Hostile("swallow everything", "while True:\n  try:\n    while True: pass\n  except BaseException: pass", ("time limit",)),
    Hostile("handle the time limit", "import signal, sys\nsignal.signal(signal.SIGXCPU, lambda *a: None)\nwhile True: pass", ("time limit",)),
    Hostile(
        "leave children at the time limit",
        "import os, time\nfor _ in range(4):\n  if os.fork() == 0:\n    os.setsid()\n    while True: time.sleep(1)\ntime.sleep(60)",
        ("time limit",),
    ),
    Hostile("never leave", "import atexit, time\natexit.register(lambda: time.sleep(60))", ("time limit",)),
    Hostile("atexit without end", "import atexit\ndef last():\n  while True: pass\natexit.register(last)", ("time limit",)),
    Hostile("threads that stay", "import threading, time\nfor _ in range(3): threading.Thread(target=time.sleep, args=(60,)).start()", ("time limit",)),
    Hostile(
        "threads without end",
        "import threading, time\nn = 0\ntry:\n  while n < 1000:\n    threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); n += 1\n"
        "except RuntimeError: print(n < 8, flush=True)\nimport os; os._exit(0)",
        says="True\n",
    ),
    Hostile("stop itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", ("time limit",)),
    denied("run a shell", "os.execv('/bin/sh', ['sh', '-c', 'echo mine'])", "os.execv('/usr/bin/env', ['env'])"),
    denied("run commands", "subprocess.run(['sh', '-c', 'echo mine'])", "subprocess.run(['curl', 'http://127.0.0.1:PORT'])", imports="subprocess"),
    Hostile("run another Python", "import subprocess, sys\nprint(subprocess.run([sys.executable, '-S', '-c', 'import os; print(os.listdir(\"/scratch\"))'], capture_output=True, text=True).stdout.strip())", says="['program.py']\n"),
    Hostile("priority", "import os\ntry: os.nice(-5); print('mine')\nexcept OSError: print('denied')", says="denied\n"),
    # -- memory and output ----------------------------------------------------------------------------------------
    Hostile("memory", "x = []\nwhile True: x.append(bytearray(10_000_000))", ("memory limit",)),
    Hostile("memory at once", "x = 'x' * (1 << 40)", ("memory limit",)),
    Hostile("memory by many", "import os, time\nfor _ in range(6):\n  if os.fork() == 0: break\nx = bytearray(b'x' * 60_000_000)\ntime.sleep(5)", ("memory limit",)),
    Hostile(
        "memory shared by many",
        "import mmap, os, time\nfor _ in range(4):\n  if os.fork() == 0: break\nm = mmap.mmap(-1, 60_000_000)\nm.write(b'x' * 60_000_000)\ntime.sleep(5)",
        ("memory limit", "time limit"),
    ),
    Hostile("memory swallowed", "x = []\nwhile True:\n  try: x.append(bytearray(10_000_000))\n  except MemoryError: pass", ("time limit",)),
    denied("memory in anonymous files", "os.memfd_create('mine')"),
    Hostile("huge whole number", "print(len(str(10 ** 10 ** 8)))", ("time limit", "memory limit", "failed")),
    Hostile("power without end", "x = 7\nwhile True: x *= x", ("time limit", "memory limit")),
    Hostile("regular expression", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", ("time limit",)),
    Hostile("output", "while True: print('x' * 1000)", ("output limit",)),
    Hostile("errors", "import sys\nwhile True: sys.stderr.write('x' * 1000)", ("output limit",)),
    Hostile("output by children", "import os\nos.fork()\nwhile True: os.write(1, b'x' * 1000)", ("output limit",)),
    Hostile("output that is no text", "import os\nos.write(1, bytes(range(256)))"),
    Hostile("descriptors", "import os\nn = 0\ntry:\n  while n < 10_000: os.open('/dev/null', 0); n += 1\nexcept OSError: print(n < 64)", says="True\n"),
    Hostile("pipes full", "import os\ntry:\n  while True:\n    r, w = os.pipe(); os.set_blocking(w, False); os.write(w, b'x' * 65536)\nexcept OSError: print('full')", says="full\n"),
    # -- crashes --------------------------------------------------------------------------------------------------
    Hostile("recursion", "def f(): f()\nf()", ("failed",)),
    Hostile("recursion in C", "import sys\nsys.setrecursionlimit(10 ** 9)\nclass A:\n  def __repr__(self): return repr([self])\nrepr(A())", ("crashed", "memory limit", "failed")),
    Hostile("null pointer", "import ctypes\nctypes.string_at(0)", ("crashed",)),
    Hostile("abort", "import os\nos.abort()", ("crashed",)),
    Hostile("leave at once", "import os\nos._exit(7)", ("failed",)),
    Hostile("nested source", "eval('(' * 100_000 + ')' * 100_000)", ("failed", "crashed", "memory limit", "output limit")),
    Hostile("compiler", "eval('-' * 1_000_000 + '1')", ("output limit", "failed", "crashed", "memory limit", "time limit")),
    Hostile("not a program", "this is \0 no program", ("failed",)),
    Hostile("marshal", "import marshal\nexec(marshal.loads(b'c' + bytes(200)))", ("failed", "crashed", "memory limit")),
    # -- rights ---------------------------------------------------------------------------------------------------
    Hostile("who", "import os\nprint(os.getuid() != 0, os.geteuid() != 0, os.getgroups() in ([], [65534]) or os.getuid() not in os.getgroups())", says="True True True\n"),
    denied("become root", "os.setuid(0)", "os.setgid(0)", "os.setgroups([0])"),
    denied("change root", "os.mkdir('r') or os.chroot('r')"),
    denied_call("mount", "call('mount', b'none', b'/scratch', b'tmpfs', 0, 0)", "call('umount2', b'/usr', 2)", "call('mount', b'/', b'/scratch', 0, 4096, 0)", "call('mount', 0, b'/', 0, 4128, 0)"),
    denied_call("new namespaces", *(f"call('unshare', {flag})" for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000)), "call('setns', 0, 0)"),
    denied_call("clone with a user namespace", "call('syscall', 56 if os.uname().machine == 'x86_64' else 220, 0x10000011, 0, 0, 0, 0)"),
    denied_call("trace", "call('ptrace', 16, 1, 0, 0)", "call('ptrace', 16, CALLER, 0, 0)", "call('ptrace', 0, 0, 0, 0)"),
    denied_call("memory of others", "call('process_vm_readv', 1, 0, 0, 0, 0, 0)", "call('process_vm_writev', CALLER, 0, 0, 0, 0, 0)"),
    denied_call("keys", *(f"call('syscall', {n}, 0, 0, 0, 0, 0)" for n in (248, 249, 250))),
    denied_call("rare doors", "call('syscall', 321, 0, 0, 0)", "call('syscall', 298, 0, 0, -1, -1, 0)", "call('syscall', 323, 0)", "call('syscall', 425, 8, 0)", "call('shmget', 0, 4096, 0o1600)"),
    denied_call("calls of another machine", "call('syscall', 0x40000000 + 39)"),
    denied("clock", "time.clock_settime(time.CLOCK_REALTIME, 0)", imports="time"),
    Hostile("clock within", "import time\ntime.monotonic = time.time = lambda: 0\nwhile time.time() < 1: pass", ("time limit",)),
    Hostile(
        "raise limits",
        "import resource\nok = []\nfor f in (lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)), lambda: resource.prlimit(1, resource.RLIMIT_CPU, (0, 0)),\n"
        "          lambda: resource.setrlimit(resource.RLIMIT_NPROC, (999, 999))):\n  try: f(); ok.append(f)\n  except (OSError, ValueError): pass\nprint(ok or 'denied')",
        says="denied\n",
    ),
    Hostile("environment", "import os\nprint(sorted(os.environ))", says="['HOME', 'LANG', 'PATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONHASHSEED', 'PYTHONUTF8', 'TMPDIR']\n"),
    Hostile("inherited descriptors", "import os\nfound = []\nfor d in range(3, 1000):\n  try: os.write(d, b'\\n{\"status\": 0, \"seconds\": 1}\\n'); found.append(d)\n  except OSError: pass\nprint(found)", says="[]\n"),
    Hostile("write to its input", "import os\ntry: print(os.write(0, b'mine'))\nexcept OSError: print('denied')", says="denied\n"),
    Hostile("forge a report", "print('{\"status\": 0}\\n\"child-pid\": 1')\nraise SystemExit(3)", ("failed",)),
    Hostile("host name", "import socket\ntry: socket.sethostname('mine'); print('mine')\nexcept OSError: print('denied')", says="denied\n"),
    Hostile("what others left", "import os\nprint(os.listdir('/scratch'), sorted(os.listdir('/dev')))\nopen('/scratch/left', 'w').write('x')", says="['program.py'] ['null', 'urandom', 'zero']\n"),
)  # fmt: skip
