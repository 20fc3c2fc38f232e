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
from .errors import NotInitialisedError
from .extension import Compress
from .http.eligibility import SkipReason
from .outcome import CodingStats
from .outcome import Outcome
from .outcome import Stats
from .outcome import response_compressed

__all__ = [
    "CacheBackend",
    "CodingStats",
    "Compress",
    "ConfigurationError",
    "DictCache",
    "Encoder",
    "EncoderStateError",
    "FastgzError",
    "NotInitialisedError",
    "Outcome",
    "SkipReason",
    "Stats",
    "__version__",
    "compress",
    "response_compressed",
]

__version__ = version("pyfastgz")
