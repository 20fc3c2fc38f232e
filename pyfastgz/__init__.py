"""Fast, correct response compression for Flask: gzip, zstd, deflate and br."""

from __future__ import annotations

from importlib.metadata import version

from .cache import CacheBackend
from .cache import DictCache
from .encoder import Encoder
from .encoder import compress
from .errors import ConfigurationError
from .errors import EncoderStateError
from .errors import FastgzError
from .extension import Compress

__all__ = [
    "CacheBackend",
    "Compress",
    "ConfigurationError",
    "DictCache",
    "Encoder",
    "EncoderStateError",
    "FastgzError",
    "__version__",
    "compress",
]

__version__ = version("pyfastgz")
