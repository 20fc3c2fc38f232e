"""One coded sibling of a file: trusted only after a look at its bytes.

A manifest says what was true when it was written. Since then a file may have been edited with
its size and time kept, as by build systems that give all files one time, and a sibling may have
been damaged, replaced or removed. So the bytes of both are compared with the digests of the
manifest, once: as long as the file system says that neither has changed, they need not be read
again.
"""

from __future__ import annotations

import errno
import logging
import os
from contextlib import suppress
from hashlib import sha256
from io import FileIO
from time import time_ns
from typing import Any

from .files import FileId
from .files import has_settled
from .files import identity_in
from .files import identity_of

_log = logging.getLogger("pyfastgz")

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
# A pipe in the place of a file would be waited for.
_FLAGS = (
    os.O_RDONLY
    | _NO_FOLLOW
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)
_PIECE_NBYTES = 256 * 1024


class Sibling:
    """A coded form of a file, as the manifest has it.

    :param path: where it is.
    :param root: the folder of the manifest, which it must not be outside of.
    :param source_path: where the file is.
    :param coding: its coding.
    :param nbytes: its size.
    :param digest: the SHA-256 of its bytes, in hexadecimal digits.
    :param source_digest: that of the file's.
    """

    __slots__ = (
        "coding",
        "digest",
        "is_source_right",
        "nbytes",
        "path",
        "right",
        "root",
        "source_digest",
        "source_path",
        "wrong",
    )

    def __init__(  # noqa: PLR0917
        self,
        path: str,
        root: str,
        source_path: str,
        coding: str,
        nbytes: int,
        digest: str,
        source_digest: str,
    ) -> None:
        self.path = path
        self.root = root
        self.source_path = source_path
        self.coding = coding
        self.nbytes = nbytes
        self.digest = digest
        self.source_digest = source_digest
        self.is_source_right = False
        """Whether the file's bytes are those that it was made of."""
        self.right: FileId | None = None
        """As what its bytes were found to be right."""
        self.wrong: FileId | None = None
        """As what they were found to be wrong."""

    @property
    def mark(self) -> str:
        """What tells its bytes from those of other forms in the same coding."""
        return self.digest[:8]


def open_sibling(sibling: Sibling, source: Any) -> FileIO | None:
    """Return a sibling, opened, None if its bytes or the file's are not what they were.

    :param source: the file, which is opened too, and stands at its beginning.
    """
    try:
        file = _open(sibling)
    except OSError:
        return None
    try:
        known = identity_of(file.fileno())
        if known is not None and (
            known == sibling.right or _is_right(sibling, file, known, source)
        ):
            return file
    except OSError as error:
        _log.warning("%s cannot be read and is not used: %s", sibling.path, error)
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def is_unchanged(sibling: Sibling) -> bool:
    """Tell, without opening it, whether a sibling is still as its bytes were found right."""
    if sibling.right is None:
        return False
    try:
        status = os.stat(sibling.path, follow_symlinks=False)
    except OSError:
        return False
    return identity_in(status) == sibling.right


def _open(sibling: Sibling) -> FileIO:
    """Open a sibling, through a link too if that stays in the folder of the manifest.

    :raises OSError: it is not there, or somewhere else.
    """
    path = sibling.path
    try:
        if not _NO_FOLLOW and os.path.islink(path):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        # FreeBSD says EMLINK.
        if error.errno not in {errno.ELOOP, errno.EMLINK}:
            raise
        path = os.path.realpath(path)
        if not path.startswith(os.path.join(sibling.root, "")):
            raise
        descriptor = os.open(path, _FLAGS)
    try:
        return FileIO(descriptor)
    except BaseException:
        # A folder cannot be read.
        with suppress(OSError):
            os.close(descriptor)
        raise


def _is_right(sibling: Sibling, file: FileIO, known: FileId, source: Any) -> bool:
    """Tell whether the bytes of a sibling and of its file are those of the manifest.

    One that was changed a moment ago is not looked at yet: what holds for its bytes now could
    not be remembered.

    :raises OSError: one of them cannot be read.
    """
    now_ns = time_ns()
    if known.nbytes != sibling.nbytes or known == sibling.wrong:
        return False
    if not has_settled(known, now_ns):
        return False
    if not sibling.is_source_right:
        source_known = identity_of(source.fileno())
        if source_known is None or not has_settled(source_known, now_ns):
            return False
        if _digest_of(source) != sibling.source_digest:
            sibling.wrong = known
            _log.warning("%s is not what its siblings were made of", sibling.source_path)
            return False
        if identity_of(source.fileno()) != source_known:
            return False
        sibling.is_source_right = True
    if _digest_of(file) != sibling.digest:
        sibling.wrong = known
        _log.warning("%s is not what the manifest says and is not used", sibling.path)
        return False
    if identity_of(file.fileno()) != known:
        return False
    sibling.right = known
    return True


def _digest_of(file: Any) -> str:
    """Return the SHA-256 of an open file, which then stands at its beginning again."""
    digest = sha256()
    try:
        while piece := file.read(_PIECE_NBYTES):
            digest.update(piece)
    finally:
        file.seek(0)
    return digest.hexdigest()
