"""What the converting process gives up before it reads a file: rights, resources, the network."""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPEN_FILES = 64
# A process can't take much memory meanwhile.
_LOOK_EVERY_S = 0.01
_OWN_STATUS = "/proc/self/status"
_STATUS_BYTES = 1 << 13
_PEAK = re.compile(rb"VmHWM:\s*(\d+)")
# From linux/prctl.h and linux/sched.h.
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CLONE_THREAD = 0x00010000

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Names of https://docs.python.org/3/library/audit_events.html
_REFUSED_EVENTS = frozenset(
    (
        "os.chflags", "os.chmod", "os.chown", "os.exec", "os.fork", "os.forkpty", "os.link",
        "os.mkdir", "os.posix_spawn", "os.remove", "os.removexattr", "os.rename", "os.rmdir",
        "os.setxattr", "os.spawn", "os.startfile", "os.symlink", "os.system", "os.truncate",
        "os.utime", "pty.spawn",
    )
)  # fmt: skip
# Calls to the Linux kernel that a reader of files has no use for.
_REFUSED_NETWORK_CALLS = (
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
    "sendmmsg", "io_uring_setup",
)  # fmt: skip
_REFUSED_PROCESS_CALLS = ("fork", "vfork", "execve", "execveat")
_REFUSED_CHANGING_CALLS = (
    "creat", "truncate", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
    "symlinkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chmod",
    "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes",
    "utimensat", "futimesat", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
    "lremovexattr", "fremovexattr",
)  # fmt: skip
_REFUSED_SYSTEM_CALLS = (
    "ptrace", "process_vm_readv", "process_vm_writev", "kill", "tkill", "mount", "umount2",
    "unshare", "setns", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key",
    "request_key", "open_by_handle_at", "openat2", "pidfd_open", "pidfd_getfd",
    "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "process_madvise", "kcmp",
    "setpriority", "sched_setscheduler", "sched_setparam", "sched_setattr", "ioprio_set",
    "shmget", "shmat", "msgget", "semget", "mq_open", "mq_unlink",
    "chroot", "pivot_root", "move_mount", "open_tree", "fsopen", "fsmount", "swapon", "swapoff",
    "reboot", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
    "settimeofday", "clock_settime", "adjtimex", "sethostname", "setdomainname", "quotactl",
    "acct", "iopl", "ioperm", "syslog", "setrlimit",
)  # fmt: skip


def restrict(memory_bytes: int, *, ocr: bool) -> None:
    """Give up for good what reading files doesn't need.

    With `ocr` the process may still start programs, `tesseract` alone as far as Python goes.
    What a system doesn't offer is left out: the program watches time and memory as well.
    """
    _limit_resources(memory_bytes)
    if sys.platform == "linux":
        _take_privileges()
        if not _filter_system_calls(ocr=ocr):
            _leave_network()
    sys.addaudithook(_hook(ocr=ocr))


class CpuLimit:
    """Has the system end the process when one file takes too much processor time."""

    def __init__(self) -> None:
        self._seconds = 0
        self._set_at_s = -math.inf

    def allow(self, seconds: int) -> None:
        """Allow that much more processor time, up to two seconds less.

        The system counts whole seconds, so it isn't asked again before one was used.
        """
        if sys.platform == "win32":
            return
        used_s = time.process_time()
        if seconds == self._seconds and used_s - self._set_at_s < 1:
            return
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CPU, (int(used_s) + seconds, hard))
        self._seconds, self._set_at_s = seconds, used_s


class PeakMemory:
    """The most memory that this process ever held, looked up now and then.

    Looking each time would cost a small file some hundredths of its time.
    """

    def __init__(self) -> None:
        self._looked_s = -math.inf
        self._peak_bytes = 0

    def look_bytes(self) -> int:
        """What it was at most `_LOOK_EVERY_S` ago; later peaks are seen the next time."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now_s
            self._peak_bytes = peak_memory_bytes()
        return self._peak_bytes


def peak_memory_bytes() -> int:
    """The most memory that this process ever held; 0 where the system doesn't say."""
    if sys.platform == "win32":
        return 0
    if (status := _own_status()) is not None:
        # Linux hands getrusage's peak on to a started program: it would be that of the one that
        # started this (proc(5) has VmHWM).
        found = _PEAK.search(os.pread(status, _STATUS_BYTES, 0))
        return int(found[1]) * 1024 if found else 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes everywhere but on macOS (getrusage(2) of each).
    return peak if sys.platform == "darwin" else peak * 1024


@cache
def _own_status() -> int | None:
    """What the system says of this process, open for good: it's asked for with every file."""
    try:
        return os.open(_OWN_STATUS, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _limit_resources(memory_bytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        # macOS refuses some of them.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (value, value))


def _take_privileges() -> None:
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _leave_network() -> None:
    """Move to a network of its own that has no way out, where users may make one."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _filter_system_calls(*, ocr: bool) -> bool:
    """Have the kernel refuse calls that reading needs none of; False where it can't be asked."""
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):
        return False
    import errno

    try:
        calls = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
        refused = pyseccomp.ERRNO(errno.EPERM)
        for name in _refused_calls(ocr=ocr):
            # Names that an older kernel or another processor doesn't know.
            with contextlib.suppress(OSError, ValueError):
                calls.add_rule(refused, name)
        for name, position, mask, value in _refused_arguments(ocr=ocr):
            argument = pyseccomp.Arg(position, pyseccomp.MASKED_EQ, mask, value)
            with contextlib.suppress(OSError, ValueError):
                calls.add_rule(refused, name, argument)
        for arguments in _refused_limit_changes(pyseccomp):
            calls.add_rule(refused, "prlimit64", *arguments)
        # abort() signals itself.
        others = pyseccomp.Arg(0, pyseccomp.NE, os.getpid())
        calls.add_rule(refused, "tgkill", others)
        if not ocr:
            # What it wants lies in memory, where no filter can look; libc then uses clone().
            calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
        calls.load()
    except OSError:
        return False
    return True


def _refused_calls(*, ocr: bool) -> Iterator[str]:
    yield from _REFUSED_NETWORK_CALLS
    yield from _REFUSED_SYSTEM_CALLS
    yield from _REFUSED_CHANGING_CALLS
    if not ocr:
        yield from _REFUSED_PROCESS_CALLS


def _refused_arguments(*, ocr: bool) -> Iterator[tuple[str, int, int, int]]:
    """Name of a call, position of an argument, mask and the value under it that's refused."""
    if ocr:
        return
    for flag in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC):
        yield "open", 1, flag, flag
        yield "openat", 2, flag, flag
    # A thread is fine, a process isn't.
    yield "clone", 0, _CLONE_THREAD, 0


def _refused_limit_changes(pyseccomp: Any) -> Iterator[tuple[Any, ...]]:
    """Other processes' limits, and new values for its own but for the time, which each file gets.

    Hard limits hold an ordinary user, not a process that runs as root.
    """
    import resource

    yield (pyseccomp.Arg(0, pyseccomp.NE, 0),)
    yield (
        pyseccomp.Arg(1, pyseccomp.NE, resource.RLIMIT_CPU),
        pyseccomp.Arg(2, pyseccomp.NE, 0),
    )


def _hook(*, ocr: bool) -> Any:
    """What asks before Python itself does something that reading a file needs none of."""
    allowed = frozenset(("os.posix_spawn", "os.fork", "os.exec")) if ocr else frozenset[str]()
    refused_events = _REFUSED_EVENTS - allowed

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING and not isinstance(path, int):
                raise PermissionError("converters may not write files")
        elif event in refused_events:
            raise PermissionError(f"converters may not use {event}")
        elif event.startswith("socket."):
            raise PermissionError("converters may not use the network")
        elif event == "subprocess.Popen" and not (ocr and _is_tesseract(arguments)):
            raise PermissionError("converters may not start programs")

    return refuse


def _is_tesseract(arguments: tuple[Any, ...]) -> bool:
    program = os.path.basename(os.fsdecode(arguments[0] or arguments[1][0]))
    return program.lower().removesuffix(".exe") == "tesseract"
