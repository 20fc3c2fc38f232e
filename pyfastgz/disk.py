"""Files read whole and written whole: nobody ever sees half of one."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from secrets import token_hex

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.pyfastgz-tmp")
_MAX_READS = 3


class UnusableFileError(OSError):
    """A file is there, but is none that can be read whole; the message says why."""


def fault_of(error: BaseException) -> str:
    """Return what an error of the system says, without the name of the file."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of bytes in lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class TooLargeError(UnusableFileError):
    """A file has more bytes than it may have."""


def read_regular(path: str, max_nbytes: int | None = None) -> tuple[bytes, os.stat_result]:
    """Return the content of a file, and what is known of it, of one and the same moment.

    Nothing else is read than a regular file: a pipe might never end.

    :param max_nbytes: how many bytes it may have; None for any number.
    :raises TooLargeError: it has more.
    :raises OSError: it cannot be read, is no regular file, or changes all the time.
    """
    for _ in range(_MAX_READS):
        content, before, after = _read(path, max_nbytes)
        if _version(before) == _version(after) and len(content) == after.st_size:
            return content, after
    raise UnusableFileError("it changes while it is read")


def _read(path: str, max_nbytes: int | None) -> tuple[bytes, os.stat_result, os.stat_result]:
    """Return the content of a file, and what is known of it before and afterwards."""
    # To open a pipe waits for somebody at its other end.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise UnusableFileError("it is not a regular file")
        if max_nbytes is not None and before.st_size > max_nbytes:
            raise TooLargeError(f"it has more than {max_nbytes} bytes")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read()
        return content, before, os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def write_whole(path: str, content: bytes, finish: Callable[[str], object]) -> None:
    """Write a file: whoever looks sees what was there before, or all of it.

    What a process that was killed leaves is a temporary file, which :func:`is_temporary` knows.
    After a power failure the file may be another size; it is not waited for the disk, because
    that takes longer than all the rest.

    :param finish: called with the path of the temporary file, before it takes its place.
    :raises OSError: it cannot be written; what was there is as it was.
    """
    temporary = os.path.join(os.path.dirname(path), f".{token_hex(8)}.pyfastgz-tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        finish(temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def is_temporary(name: str) -> bool:
    """Tell whether a file of this name is one that was being written."""
    return _TEMPORARY.fullmatch(name) is not None


def is_like(status: os.stat_result, other: os.stat_result) -> bool:
    """Tell whether two files have the same time of modification and permissions."""
    return (status.st_mtime_ns, status.st_mode & 0o777) == (
        other.st_mtime_ns,
        other.st_mode & 0o777,
    )


def make_like(path: str, other: os.stat_result) -> None:
    """Give a file the time of modification and the permissions of another one.

    Its owner too, where that is allowed: a server that may read the other one as its owner
    could not read this one otherwise. The umask does not count.

    :raises OSError: it is not allowed, but for the owner.
    """
    if hasattr(os, "chown"):
        mine = os.stat(path)
        if (mine.st_uid, mine.st_gid) != (other.st_uid, other.st_gid):
            with suppress(OSError):
                os.chown(path, other.st_uid, other.st_gid)
    os.chmod(path, other.st_mode & 0o777)
    os.utime(path, ns=(other.st_atime_ns, other.st_mtime_ns))


@contextmanager
def alone_in(folder: str, on_wait: Callable[[], object]) -> Iterator[bool]:
    """Keep other processes that call this out of a folder, after waiting for those inside.

    It ends with the process, however that ends, and leaves nothing on the disk.

    :param on_wait: called once if there is another process to be waited for.
    :return: whether no other process is inside for certain: not every file system can tell.
    :raises OSError: the folder cannot be opened.
    """
    try:
        import fcntl  # noqa: PLC0415
    except ImportError:
        # A file that is open cannot be removed there, nor replaced.
        yield True
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        is_alone = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            is_alone = False
        yield is_alone
    finally:
        os.close(descriptor)


def state_in(status: os.stat_result) -> tuple[int, ...]:
    """Return what changes with a file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
