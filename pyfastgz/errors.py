"""The exceptions of pyfastgz: each is also the standard type a caller would expect."""

from __future__ import annotations


class FastgzError(Exception):
    """Base of every exception that pyfastgz defines.

    .. versionadded:: 0.1
    """


class EncoderStateError(FastgzError, ValueError):
    """An :class:`~pyfastgz.Encoder` was called when it could not serve the call.

    Raised for a call after ``finish`` or ``close``, for a call while another thread is inside
    the same encoder, and when the bytes written do not add up to the declared ``size``.

    .. versionadded:: 0.1
    """


class ConfigurationError(FastgzError, ValueError):
    """A ``COMPRESS_*`` setting is not usable; the message names the key and the value.

    Raised by ``Compress.init_app``, so that an application with a bad configuration does not
    start, and by the decorator ``Compress.compressed`` for what it is given.

    .. versionadded:: 0.1
    """


class NotInitialisedError(FastgzError, RuntimeError, AttributeError):
    """A ``Compress`` was used before its ``init_app``.

    An :exc:`AttributeError` too: until then the attributes are not there, which ``hasattr`` and
    ``unittest.mock`` learn in no other way.

    .. versionadded:: 0.1
    """


class RequestBodyError(FastgzError, OSError):
    """The body of a request cannot be had: it is too large decoded, damaged, or coded unknown.

    Raised where an application reads the body, and has it decoded by
    :class:`pyfastgz.wsgi.CompressMiddleware`. Whatever the application makes of it, the client
    is sent the status, if the response has not begun.

    .. versionadded:: 0.1
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        """The status: 400, 413 or 415."""


class DecodeError(FastgzError, ValueError):
    """Coded bytes are not what their coding says, or end too early."""


class LimitError(DecodeError):
    """Coded bytes stand for more than is allowed."""


class RatioError(LimitError):
    """They stand for more than is allowed of so few."""


class WindowError(LimitError):
    """A body needs a window that is larger than 8 MB (RFC 9659 section 3, for zstd)."""


class ManifestError(FastgzError, ValueError):
    """A folder's manifest of coded files is not usable; the message names it and the fault.

    It cannot be read, is damaged, or was written by a later version.
    """
