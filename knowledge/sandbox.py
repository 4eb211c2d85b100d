"""What a process that reads a stranger's file may do: compute, and answer through the pipe that it was given.

Three walls, none of which needs privileges. Resource limits (POSIX) bound memory and time, and since a process that may
have no further descriptor can open neither file nor socket, all it reads with must be loaded before. A system call
filter (seccomp, Linux) then refuses whatever is not named here: sockets, files, processes, signals, names of files.
Seccompy writes it, because it knows the call numbers of each processor and needs no C library.
"""

import contextlib
import errno
import resource
import signal
import sys
from pathlib import Path

MEMORY = 512 * 2**20
"""Bytes of address space beyond what the loaded readers take themselves."""
SECONDS = 8
"""Of computing, after which the reader gives up."""
PATIENCE = 30
"""Seconds after which the reader is ended whatever it does; a busy machine may take that long for SECONDS."""
_GRACE = 2
"""Seconds of computing in which a reader that gives up can say so."""
# A call that fails for want of permission ends no reader: an optional look at the machine goes without its answer.
_CALLS = """
read readv pread64 write writev close lseek fstat brk mmap munmap mremap mprotect madvise futex membarrier
rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall getpid gettid getuid geteuid getgid getegid
clock_gettime clock_getres gettimeofday time clock_nanosleep nanosleep sched_yield sched_getaffinity
getrandom getrusage uname rseq set_robust_list exit exit_group
""".split()


class OutOfTime(Exception):  # noqa: N818 -- named for what is wrong
    """The reader has computed for as long as it may."""


def confine() -> None:
    """Give up every right but computing, for good; raises OutOfTime in whatever then computes too long."""
    filtered = filters_calls()  # looks for the C library, while it still can
    most = _address_space() + MEMORY
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))
    signal.signal(signal.SIGXCPU, _give_up)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + _GRACE))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    with contextlib.suppress(ValueError, OSError):  # macOS has this limit and does not enforce it
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    if filtered:
        _filter_calls()


def walls() -> str:
    """Say in a sentence what a reader of files cannot do on this machine."""
    limits = f"at most {SECONDS} seconds and {MEMORY // 2**20} MiB, and can open no file and no connection"
    if filters_calls():
        return f"Uploaded files are read by a process that has {limits}; the kernel refuses it everything else."
    return (
        f"Uploaded files are read by a process that has {limits}. This system cannot filter system calls (seccomp) nor,"
        " perhaps, limit memory: on Linux on x86-64 or ARM it could; else let only people you trust upload files."
    )


def filters_calls() -> bool:
    """Say whether this machine can refuse system calls to a process."""
    if sys.platform != "linux":
        return False
    import seccompy

    try:
        seccompy.audit_arch()
        return seccompy.supported()
    except seccompy.UnsupportedError:
        return False


def _filter_calls() -> None:
    import seccompy

    allowed = seccompy.Filter(default=seccompy.Action.ERRNO | errno.EPERM)
    for call in _CALLS:
        with contextlib.suppress(ValueError):  # a call that this processor does not have
            allowed.allow(call)
    allowed.load()


def _give_up(_: int, __: object) -> None:
    raise OutOfTime


def _address_space() -> int:
    """Return the bytes of address space in use; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except OSError:
        return 0
