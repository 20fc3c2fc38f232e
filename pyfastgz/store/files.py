"""What is known of an open file: whether its bytes are those that were read before.

A file is known by what the file system says of it, and by that alone: its bytes are not looked
at. So every doubt counts: of a file that is not plainly one of the file system's nothing is
known, and of one that has changed a moment ago nothing is remembered.
"""

from __future__ import annotations

import os
from io import BufferedReader
from io import FileIO
from stat import S_ISREG
from time import time_ns
from typing import Any
from typing import NamedTuple

SETTLED_NS = 2_000_000_000
"""For how long a file must not have changed before its times say that it has not, in ns.

A file system that counts in steps may give two changes the same time: ext4, XFS and tmpfs in
steps of some milliseconds, HFS+ and ext3 of one second, FAT of two. If the second of them comes
after the bytes were read, nothing shows it. Git calls such a file racily clean.
"""

# On Windows it is the time of the file's creation.
_CHANGE_TIME_IS_KEPT = os.name != "nt"


class FileId(NamedTuple):
    """What tells one state of a file from every other.

    Two are equal only if the bytes are, for files that have settled and are not changed through
    a mapping into memory (``mmap``), of which the file system learns late.

    :param device: the file system.
    :param inode: the file's number there.
    :param nbytes: its size.
    :param mtime_ns: when its bytes were changed, as somebody may set it.
    :param ctime_ns: when anything of it was changed, which nobody can set; on Windows when it
        was made.
    """

    device: int
    inode: int
    nbytes: int
    mtime_ns: int
    ctime_ns: int


def identity(file: Any) -> FileId | None:
    """Return what an open file that nobody has read from is known by, None if that is not sure.

    It must be of the type that :func:`open` returns for reading bytes, or what is beneath that,
    and not of one derived from these: ``fileno`` of a ``GzipFile`` is that of other bytes, a
    file that is written to may hold some back, and a temporary one may move. A file without
    size may still have bytes, as those in ``/proc`` do.
    """
    kind = type(file)
    try:
        if kind is not FileIO and (kind is not BufferedReader or type(file.raw) is not FileIO):
            return None
        return None if file.tell() else identity_of(file.fileno())
    except (OSError, ValueError):
        # It is a pipe, or it is closed.
        return None


def identity_of(descriptor: int) -> FileId | None:
    """Return what the regular file behind a descriptor is known by, None for any other.

    Some file systems do not number their files, so that two may look the same: the number of
    all is 0, as on network drives of Windows.

    :raises OSError: there is no such descriptor.
    """
    return identity_in(os.fstat(descriptor))


def identity_in(status: os.stat_result) -> FileId | None:
    """Return what a regular file is known by, as :func:`identity_of` does.

    :param status: what the file system says of it.
    """
    if not (status.st_size and status.st_ino and S_ISREG(status.st_mode)):
        return None
    return FileId(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def has_settled(known: FileId, now_ns: int) -> bool:
    """Tell whether a file did not change for so long that a change from now on would show.

    :param now_ns: a time that was before the file was read, since 1970.
    """
    changed_ns = known.ctime_ns if _CHANGE_TIME_IS_KEPT else known.mtime_ns
    return now_ns - changed_ns > SETTLED_NS


class Whole(NamedTuple):
    """All bytes of a file.

    :param body: the bytes.
    :param may_keep: the file's identity stands for them from now on.
    """

    body: bytes
    may_keep: bool


def read_whole(file: Any, known: FileId) -> Whole | None:
    """Return all bytes of a file, None if it has become shorter.

    The file stays at its beginning, so that it can still be sent as it is. Of a file that has
    become longer these are the bytes that it was said to have.

    :param file: one that has an identity, and that nobody has read from.
    :param known: that identity.
    :raises OSError: it cannot be read.
    """
    now_ns = time_ns()
    body = _read(file, known.nbytes)
    if len(body) != known.nbytes:
        return None
    may_keep = has_settled(known, now_ns) and identity_of(file.fileno()) == known
    return Whole(body, may_keep)


def read_at_once(file: Any, known: FileId) -> Whole:
    """Return all bytes of a file, as :func:`read_whole` does, or raise.

    :raises OSError: it cannot be read, or has become shorter.
    """
    whole = read_whole(file, known)
    if whole is None:
        raise OSError(f"{file.name!r} became shorter before it was read")
    return whole


def _read(file: Any, nbytes: int) -> bytes:
    """Return so many bytes from the beginning of a file, or fewer if there are no more."""
    pread = getattr(os, "pread", None)
    parts: list[bytes] = []
    done = 0
    try:
        # Some systems read two gigabytes at most, or less where a network is between.
        while done < nbytes:
            wanted = nbytes - done
            data = file.read(wanted) if pread is None else pread(file.fileno(), wanted, done)
            if not data:
                break
            parts.append(data)
            done += len(data)
    finally:
        if pread is None:
            file.seek(0)
    return parts[0] if len(parts) == 1 else b"".join(parts)
