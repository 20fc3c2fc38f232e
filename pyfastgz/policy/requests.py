"""The settings for the bodies of requests."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .kinds import FLAG
from .kinds import RATIO
from .kinds import SIZE_OR_NONE
from .setting import Setting
from .setting import Topic

REQUEST_SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "COMPRESS_DECODE_REQUESTS": Setting(
            Topic.REQUESTS,
            False,
            FLAG,
            "Whether the bodies of requests that have a `Content-Encoding` are decoded as the "
            "application reads them. If not, only those of views and blueprints with the "
            "decorator `decode_requests`.",
            is_new=True,
        ),
        "COMPRESS_REQUEST_MAX_BYTES": Setting(
            Topic.REQUESTS,
            None,
            SIZE_OR_NONE,
            "How many bytes such a body may have, decoded and as it is sent; more is a 413. "
            "With None it is `MAX_CONTENT_LENGTH`, or 64 MiB where there is none.",
            is_new=True,
        ),
        "COMPRESS_REQUEST_MAX_RATIO": Setting(
            Topic.REQUESTS,
            200,
            RATIO,
            "How many times as long such a body may be decoded as it is sent, from 1 MB on; "
            "more is a 413. Infinity limits nothing.",
            is_new=True,
        ),
    }
)
"""Each by its key."""
