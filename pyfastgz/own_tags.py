"""Entity tags that an application itself ends as coding would end them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from .http.tags import MAX_FIELD_LENGTH
from .http.tags import ends_like_coded
from .http.tags import parse_tag

_MAX_COUNT = 1024


class OwnTags(dict[str, None]):
    """What stands between the quotes of the latest of these tags, among any number of threads.

    Nothing else tells one from a coded one when a client sends it back.
    """

    __slots__ = ()

    def note(self, etag: str, codings: Iterable[str]) -> None:
        """Remember a tag of the application if it is one of these.

        :param codings: those whose suffixes are ours.
        """
        # The colon settles almost every tag. No request that names a longer one is understood.
        if ":" in etag and len(etag) <= MAX_FIELD_LENGTH and ends_like_coded(etag, codings):
            if len(self) >= _MAX_COUNT:
                with suppress(KeyError, StopIteration, RuntimeError):
                    del self[next(iter(self))]
            self[parse_tag(etag).opaque] = None
