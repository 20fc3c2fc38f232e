"""The encoders that are compared: ours and the rivals, called as their users call them.

Every point codes a whole body in one call, by the fastest public call its package has for that.
Calls are written out: functools.partial takes 0.1 us longer for arguments that have names.
DEFLATE comes in the gzip format. A rival whose package is not installed is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pkgutil import resolve_name
from types import ModuleType
from typing import TYPE_CHECKING
from typing import Any

import pyfastgz
from pyfastgz.coding import CODINGS

from .leads import OUR_ZSTD
from .leads import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

Codec = Callable[[bytes], "Buffer"]  # turns a body into its coded form, or back

OUR_LEVELS = {
    OURS: range(1, CODINGS["gzip"].levels[-1] + 1),
    OUR_ZSTD: range(1, 10),
}
"""By family: those of DEFLATE but for 0, which stores, and the first of zstd."""

_FIRST_SLOW_LEVEL = 10

_GZIP_WBITS = 31
_ZSTD_MODULE = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_ZSTD_PACKAGE = "" if sys.version_info >= (3, 14) else _ZSTD_MODULE


@dataclass(frozen=True, slots=True)
class Point:
    """An encoder at one level."""

    family: str  # whose encoder it is
    level: int
    coding: str  # what it writes: deflate, zstd or br; only alike points are compared
    version: str  # of the package, or of the library if the package is the standard library
    encode: Codec
    decode: Codec  # decodes that, with another package's decoder if one is installed

    @property
    def is_slow(self) -> bool:
        """Whether it takes ten times as long as others do, for the last few bytes."""
        return self.coding == "deflate" and self.level >= _FIRST_SLOW_LEVEL

    @property
    def name(self) -> str:
        """The family and the level: ``"libdeflate-6"``."""
        return f"{self.family}-{self.level}"


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    coding: str
    levels: tuple[int, ...]
    module: str
    package: str  # the distribution of the module; none if it is the standard library
    bind: Callable[[Any, int], Codec]  # returns the encoder of a level, given the module


def _bind_zlib(zlib: ModuleType, level: int) -> Codec:
    if sys.version_info < (3, 11):  # zlib has no gzip format there
        return _bind_gzip(resolve_name("gzip"), level)
    return lambda body: zlib.compress(body, level=level, wbits=_GZIP_WBITS)


def _bind_gzip(gzip: ModuleType, level: int) -> Codec:
    return lambda body: gzip.compress(body, compresslevel=level)


def _bind_compress(module: ModuleType, level: int) -> Codec:
    return lambda body: module.compress(body, level=level)


def _bind_ours(coding: str, level: int) -> Codec:
    return lambda body: pyfastgz.compress(body, coding, level=level)


_FAMILIES = (
    _Family("zlib", "deflate", (1, 4, 6, 9), "zlib", "", _bind_zlib),
    _Family("gzip", "deflate", (6,), "gzip", "", _bind_gzip),
    _Family(
        *("zlib-ng", "deflate", (1, 2, 3, 4, 6, 9), "zlib_ng.zlib_ng", "zlib-ng"),
        lambda module, level: (
            lambda body: module.compress(body, level=level, wbits=_GZIP_WBITS)
        ),
    ),
    _Family(
        *("isal", "deflate", (0, 1, 2, 3), "isal.igzip_lib", "isal"),
        lambda module, level: (
            lambda body: module.compress(body, level=level, flag=module.COMP_GZIP)
        ),
    ),
    _Family(
        *("libdeflate", "deflate", (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12), "deflate", "deflate"),
        lambda module, level: lambda body: module.gzip_compress(body, compresslevel=level),
    ),
    _Family(
        *("zopfli", "deflate", (15,), "zopfli.gzip", "zopfli"),  # its levels are iterations
        lambda module, level: lambda body: module.compress(body, numiterations=level),
    ),
    _Family("cramjam", "deflate", (1, 6, 9), "cramjam.gzip", "cramjam", _bind_compress),
    _Family(
        *("zstandard", "zstd", (1, 3, 6, 9), "zstandard", "zstandard"),
        lambda module, level: module.ZstdCompressor(level=level).compress,
    ),
    _Family(_ZSTD_MODULE, "zstd", (1, 3), _ZSTD_MODULE, _ZSTD_PACKAGE, _bind_compress),
    _Family("cramjam zstd", "zstd", (3,), "cramjam.zstd", "cramjam", _bind_compress),
    _Family(
        *("brotli", "br", (1, 4, 5), "brotli", "brotli"),
        lambda module, level: lambda body: module.compress(body, quality=level),
    ),
)

# By coding: the decoders, the one to prefer first.
_DECODERS = {
    "deflate": ("gzip.decompress", "zlib_ng.gzip_ng.decompress"),
    "zstd": (f"{_ZSTD_MODULE}.decompress", "zstandard.decompress"),
    "br": ("cramjam.brotli.decompress", "brotli.decompress"),
}


def load_points() -> tuple[list[Point], list[str]]:
    """Return ours and the rivals that are installed, by family, and what is left out."""
    points: list[Point] = []
    remarks: list[str] = []
    for coding, family in (("deflate", OURS), ("zstd", OUR_ZSTD)):
        if decode := _find_decoder(coding, "pyfastgz"):
            http_coding = "gzip" if coding == "deflate" else coding
            for level in OUR_LEVELS[family]:
                encode = _bind_ours(http_coding, level)
                version = pyfastgz.__version__
                points.append(Point(family, level, coding, version, encode, decode))
        else:
            remarks.append(f"{family} is left out: nothing installed decodes {coding}")
    for rival in _FAMILIES:
        if module := _find(rival.module):
            points += _rival_points(rival, module)
        else:
            missing = rival.package or rival.module
            remarks.append(f"{rival.name} is left out: {missing} is not installed")
    return points, remarks


def _rival_points(family: _Family, module: Any) -> Iterator[Point]:
    if family.package:
        version = metadata.version(family.package)
    elif family.coding == "zstd":
        version = str(module.zstd_version)
    else:
        version = str(resolve_name("zlib").ZLIB_RUNTIME_VERSION)
    decode = _find_decoder(family.coding, family.module)
    assert decode is not None  # every package here decodes what it codes
    for level in family.levels:
        encode = family.bind(module, level)
        yield Point(family.name, level, family.coding, version, encode, decode)


def _find_decoder(coding: str, module: str) -> Codec | None:
    """Return a decoder; one that is not of the same package as a module, if there is one."""
    package = "gzip" if module == "zlib" else module.partition(".")[0]
    # False sorts first, and equals stay in their order.
    names = sorted(_DECODERS[coding], key=lambda name: name.partition(".")[0] == package)
    return next(filter(None, map(_find, names)), None)


def _find(name: str) -> Any:
    """Return a module or what is in one, by its dotted name; None if it is not installed."""
    try:
        return resolve_name(name)
    except (ImportError, AttributeError):
        return None
