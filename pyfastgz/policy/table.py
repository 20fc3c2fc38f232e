"""Every ``COMPRESS_*`` setting: what it is for, its default, and what it may be.

The reference in the documentation is made of this table, and so are the messages about bad
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from ..coding import CODINGS
from ..coding import KNOWN_CODINGS
from .kinds import CODINGS_OR_AUTO
from .kinds import ENDPOINTS
from .kinds import FACTORY
from .kinds import FLAG
from .kinds import FOLDER
from .kinds import KEY
from .kinds import KEY_FUNCTION
from .kinds import LETTERS
from .kinds import MILLISECONDS
from .kinds import MIMETYPES
from .kinds import PREDICATE
from .kinds import PREFIX
from .kinds import SIZE
from .kinds import level
from .kinds import number
from .load import LOAD_SETTINGS
from .requests import REQUEST_SETTINGS
from .setting import Setting
from .setting import Topic

AUTO_SHORT = tuple(sorted(KNOWN_CODINGS, key=lambda name: CODINGS[name].short_rank))
"""The order that ``"auto"`` stands for, for bodies below ``COMPRESS_AUTO_SIZE`` bytes."""

AUTO_LONG = tuple(sorted(KNOWN_CODINGS, key=lambda name: CODINGS[name].long_rank))
"""The order that ``"auto"`` stands for, for all other bodies and for streams."""

SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "COMPRESS_REGISTER": Setting(
            Topic.SELECTION,
            True,
            FLAG,
            "Whether every response of the application is looked at. If not, only those are "
            "whose view or blueprint has the decorator `compressed()`.",
        ),
        "COMPRESS_MIMETYPES": Setting(
            Topic.SELECTION,
            [
                "text/html",
                "text/css",
                "text/plain",
                "text/xml",
                "text/x-component",
                "text/javascript",
                "application/x-javascript",
                "application/javascript",
                "application/json",
                "application/manifest+json",
                "application/vnd.api+json",
                "application/xml",
                "application/xhtml+xml",
                "application/rss+xml",
                "application/atom+xml",
                "application/vnd.ms-fontobject",
                "application/x-font-ttf",
                "application/x-font-opentype",
                "application/x-font-truetype",
                "image/svg+xml",
                "image/x-icon",
                "image/vnd.microsoft.icon",
                "font/ttf",
                "font/eot",
                "font/otf",
                "font/opentype",
            ],
            MIMETYPES,
            "The media types that are compressed, instead of the default ones: to add some, "
            "use `COMPRESS_EXTRA_MIMETYPES`. Letter case and parameters do not count. A `*` "
            "stands for anything but a slash: `text/*`, `application/*+json`. If both lists "
            "are empty, that is like `COMPRESS_REGISTER = False`.",
        ),
        "COMPRESS_EXTRA_MIMETYPES": Setting(
            Topic.SELECTION,
            [],
            MIMETYPES,
            "Media types that are compressed beside those of `COMPRESS_MIMETYPES`. Recommended "
            "for whoever sends them: `application/*+json`, `text/csv`, `text/markdown`, "
            "`application/wasm`, and `text/event-stream`.",
            is_new=True,
        ),
        "COMPRESS_ERRORS": Setting(
            Topic.SELECTION,
            False,
            FLAG,
            "Whether responses with a status of 400 to 599 are compressed like those with 200: "
            "for APIs whose errors are long, such as the lists that a validation makes.",
            is_new=True,
        ),
        "COMPRESS_MIN_SIZE": Setting(
            Topic.SELECTION,
            500,
            SIZE,
            "Bodies below this many bytes are sent as they are, unless the client refuses "
            "that. A stream is measured by its `Content-Length`, if it has one.",
            is_live=True,
        ),
        "COMPRESS_PREDICATE": Setting(
            Topic.SELECTION,
            None,
            PREDICATE,
            "Called with the request and the response. If it returns something false, the "
            "response is not compressed, but its `Vary` still says that it could be. If it "
            "raises, that is logged, and the response is not compressed either.",
            is_new=True,
        ),
        "COMPRESS_ALGORITHM": Setting(
            Topic.CODINGS,
            list(KNOWN_CODINGS),
            CODINGS_OR_AUTO,
            "The codings in use. Their order decides between codings that the client likes "
            "equally. `br` counts only if a brotli package is installed "
            '(`pip install "pyfastgz[br]"`). `"auto"` stands for all, in an order that depends '
            "on the size of the body.",
        ),
        "COMPRESS_AUTO_SIZE": Setting(
            Topic.CODINGS,
            16 * 1024,
            SIZE,
            f'From this many bytes on, `"auto"` means {", ".join(AUTO_LONG)}; below, '
            f"{', '.join(AUTO_SHORT)}. A stream of unknown length counts as long.",
            is_new=True,
        ),
        "COMPRESS_LEVEL": Setting(
            Topic.CODINGS,
            6,
            level("gzip"),
            "The level of gzip: 0 stores, 1 is the fastest, 12 the smallest, -1 means 6.",
            is_live=True,
        ),
        "COMPRESS_DEFLATE_LEVEL": Setting(
            Topic.CODINGS,
            -1,
            level("deflate"),
            "The level of deflate, as that of gzip.",
            is_live=True,
        ),
        "COMPRESS_ZSTD_LEVEL": Setting(
            Topic.CODINGS,
            3,
            level("zstd"),
            "The level of zstd, as in libzstd: 0 means 3, negative ones are faster and larger.",
            is_live=True,
        ),
        "COMPRESS_BR_LEVEL": Setting(
            Topic.CODINGS,
            4,
            level("br"),
            "The level of br: 0 is the fastest, 11 the smallest and slowest by far.",
            is_live=True,
        ),
        "COMPRESS_BR_MODE": Setting(
            Topic.CODINGS,
            0,
            number(range(3)),
            "What br is told of its input: 0 nothing, 1 that it is UTF-8 text, 2 that it is a "
            "font in WOFF 2.",
            is_live=True,
        ),
        "COMPRESS_BR_WINDOW": Setting(
            Topic.CODINGS,
            22,
            number(range(10, 25)),
            "How far br refers back, as a base-2 logarithm of bytes; 17 at most in streams.",
            is_live=True,
        ),
        "COMPRESS_BR_BLOCK": Setting(
            Topic.CODINGS,
            0,
            number(range(16, 25), 0),
            "The largest block of br's input: base-2 logarithm of a number of bytes. With 0, "
            "br chooses.",
            is_live=True,
        ),
        "COMPRESS_NOT_ACCEPTABLE": Setting(
            Topic.CODINGS,
            False,
            FLAG,
            "Whether a client that refuses `identity` and every coding in use gets a 406. "
            "Otherwise it gets the body as it is.",
            is_new=True,
        ),
        "COMPRESS_STREAMS": Setting(
            Topic.STREAMS,
            True,
            FLAG,
            "Whether streamed responses, files among them, are compressed.",
            is_live=True,
        ),
        "COMPRESS_ALGORITHM_STREAMING": Setting(
            Topic.STREAMS,
            list(KNOWN_CODINGS),
            CODINGS_OR_AUTO,
            "The same as `COMPRESS_ALGORITHM`, for streamed responses.",
        ),
        "COMPRESS_STREAM_FLUSH_MS": Setting(
            Topic.STREAMS,
            20,
            MILLISECONDS,
            "In which time a stream may be flushed once more, in milliseconds. Eight flushes "
            "are there at first, so what comes no more often than that is sent at once, and "
            "only bursts of chunks are gathered. 0 flushes every chunk; with infinity none is "
            "flushed early, only each 64 KB. Event streams are flushed at every chunk whatever "
            "it says.",
            is_new=True,
        ),
        "COMPRESS_EVALUATE_CONDITIONAL_REQUEST": Setting(
            Topic.CONDITIONS,
            True,
            FLAG,
            "Whether a compressed response to GET or HEAD may become a 304 or a 412, by its "
            "own `ETag` and `Last-Modified`.",
            is_live=True,
        ),
        "COMPRESS_STREAMING_ENDPOINT_CONDITIONAL": Setting(
            Topic.CONDITIONS,
            ["static"],
            ENDPOINTS,
            "The endpoints for whose streamed responses that holds too. Files need not be "
            "named.",
        ),
        "COMPRESS_STORE_BYTES": Setting(
            Topic.CACHE,
            32 * 1024 * 1024,
            SIZE,
            "How many bytes each process keeps of bodies that come again, with their coded "
            "forms, so that each is coded once; those that were not used lately are dropped "
            "first. 0 keeps nothing. Responses with `Cache-Control: no-store` are left "
            "out. A file of up to an eighth of it is read and compressed at once; a longer one "
            "is streamed.",
            is_new=True,
        ),
        "COMPRESS_CACHE_BACKEND": Setting(
            Topic.CACHE,
            None,
            FACTORY,
            "Called without arguments, returns the cache in which compressed bodies are kept: "
            "anything with `get(key)` and `set(key, value)`, such as any of cachelib or "
            "Flask-Caching. For a cache that is there already write `lambda: cache`. Without "
            "`COMPRESS_CACHE_KEY` it holds what takes longer than a millisecond to compress, "
            "under keys made of the bodies, for all processes that share it. It is waited for "
            "50 milliseconds at most, and left alone for a while when it fails. Whoever can "
            "write to it can send clients what he likes.",
        ),
        "COMPRESS_CACHE_KEY": Setting(
            Topic.CACHE,
            None,
            KEY_FUNCTION,
            "Called with the request, returns a string that names its body in the cache: of a "
            "request for `/page` whose key is `page`, gzip is kept as `gzip;page`. A function "
            "that raises, or returns something else, is logged, and the cache is not used.",
        ),
        "COMPRESS_DICTIONARIES": Setting(
            Topic.DICTIONARIES,
            None,
            FOLDER,
            "The folder of the dictionaries that `flask compress static` and `flask compress "
            'dictionary` make, such as `"instance/dictionaries"`; with None there are none. '
            "If it is relative it is below the root path of the application, as its static "
            "folder is, wherever the server was started. It need not be there yet, and must "
            "not be inside of a folder that is served. Whoever can write there can send "
            "clients what he likes.",
            is_new=True,
        ),
        **REQUEST_SETTINGS,
        "COMPRESS_LENGTH_NOISE": Setting(
            Topic.SECRETS,
            0,
            LETTERS,
            "How many letters of noise a compressed response has at most, in the field "
            "`X-Noise`, to slow attacks that guess a secret by the lengths of answers. 0 for "
            "none. Streams and files have none. For single views there is "
            "`compressed(length_noise=64)`. What it does and does not do is in "
            "[Security](security.md#length-noise).",
            is_new=True,
        ),
        "COMPRESS_LENGTH_NOISE_KEY": Setting(
            Topic.SECRETS,
            None,
            KEY,
            "The secret that the lengths of noise follow from, the same in all processes. With "
            "None it is `SECRET_KEY`, which middleware does not have.",
            is_new=True,
        ),
        **LOAD_SETTINGS,
        "COMPRESS_SERVER_TIMING": Setting(
            Topic.OBSERVING,
            False,
            FLAG,
            "Whether every response has an entry in `Server-Timing` that tells what became of "
            "it. Sizes and times are then no secret.",
            is_new=True,
        ),
    }
)
"""Every setting by its key."""

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {key: setting.default for key, setting in SETTINGS.items()}
)
"""Every setting with its default."""

LIVE_KEYS = tuple(key for key, setting in SETTINGS.items() if setting.is_live)
"""The settings that may be changed in ``app.config`` while the application runs."""

KEYS: Mapping[str, str] = MappingProxyType(
    {key.removeprefix(PREFIX).lower(): key for key in SETTINGS}
)
"""The key of each setting by its name in the policy."""

NAMES: Mapping[str, str] = MappingProxyType({key: name for name, key in KEYS.items()})
"""The name in the policy of each setting by its key."""

LEVEL_KEYS: Mapping[str, str] = MappingProxyType(
    {coding: f"{PREFIX}{coding.upper()}_LEVEL" for coding in KNOWN_CODINGS}
    | {"gzip": f"{PREFIX}LEVEL", "dcz": f"{PREFIX}ZSTD_LEVEL"}
)
"""The setting of the level of each coding; with a dictionary zstd has the same."""


def read_setting(settings: Mapping[str, Any], key: str) -> Any:
    """Return what stands for the value of a setting in the policy.

    :raises ConfigurationError: the value is not usable; the message names the key.
    """
    return SETTINGS[key].kind.checked(key, settings[key])


def unknown_keys(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """Return every key that begins like a setting and is none, with the nearest that is one."""
    unknown = {}
    for key in settings:
        if isinstance(key, str) and key.startswith(PREFIX) and key not in SETTINGS:
            near = get_close_matches(key.upper(), SETTINGS, n=1, cutoff=0.8)
            unknown[key] = near[0] if near else None
    return unknown
