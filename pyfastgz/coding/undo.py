"""Bodies that were coded once or several times, decoded within limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..errors import DecodeError
from ..errors import LimitError
from ..errors import RatioError
from . import coding_named
from .decode import Decoder

FREE_NBYTES = 1024 * 1024
"""So many decoded bytes may be of any ratio.

That is what many bodies begin with: the silence before a recording, the margin of a scan, the
padding of a tensor. To decode so many takes no longer than to answer a request.
"""

FREE_BETWEEN_NBYTES = 64 * 1024
"""So many may be between two codings, where nothing that is sent in earnest is alike."""

FRAME_NBYTES = 4096
"""For how many decoded bytes each member or frame counts, after the first.

To decode so many takes longer than to begin one. Otherwise those that hold nothing would be a
cheap way to keep a server busy.
"""

MAX_RATIO_BETWEEN = 8
"""How many times as long what is between two codings may be as it is sent.

What is coded hardly shrinks once more. If it does, it may be of parts that mean little and take
long to decode, such as blocks of nothing with codes of their own, of which no byte comes out.
"""


class Limits(NamedTuple):
    """What a body may take.

    :param max_nbytes: how many bytes it may have, coded and decoded.
    :param max_ratio: how many times as long it may be decoded as it is coded.
    """

    max_nbytes: int
    max_ratio: float

    def check(self, sent_nbytes: int, decoder: Decoder, *, is_last: bool) -> None:
        """Check what came out of a decoder.

        :param sent_nbytes: how many bytes of the body as it was sent that stands for.
        :param is_last: whether it is the body, and not what is between two codings.
        :raises LimitError: it is too much.
        """
        made_nbytes = decoder.made_nbytes
        counted_nbytes = made_nbytes + FRAME_NBYTES * max(decoder.nframes - 1, 0)
        if counted_nbytes > self.max_nbytes:
            raise LimitError(f"there are more than {self.max_nbytes} bytes")
        free_nbytes = FREE_NBYTES if is_last else FREE_BETWEEN_NBYTES
        max_ratio = self.max_ratio if is_last else MAX_RATIO_BETWEEN
        if made_nbytes > free_nbytes and made_nbytes > max_ratio * sent_nbytes:
            raise RatioError(f"there are more than {max_ratio} times as many bytes as sent")


class CodedBody:
    """A body that is decoded as its bytes come. Not safe for concurrent use.

    What is between two codings is limited as the body is.

    :param codings: their names, in the order in which they are undone.
    :raises DecodeError: in its methods, for what is not so coded, or cut short.
    :raises LimitError: in its methods.
    """

    __slots__ = ("_decoders", "_limits", "_pushed_nbytes")

    def __init__(self, codings: Iterable[str], limits: Limits) -> None:
        self._decoders = [_decoder_of(name) for name in codings]
        self._limits = limits
        self._pushed_nbytes = 0

    @property
    def needs_input(self) -> bool:
        """Whether all that was pushed is decoded."""
        return all(decoder.needs_input for decoder in self._decoders)

    def push(self, data: bytes) -> None:
        """Take a part of the body as it was sent, when input is needed."""
        self._pushed_nbytes += len(data)
        if self._pushed_nbytes > self._limits.max_nbytes:
            raise LimitError(f"there are more than {self._limits.max_nbytes} bytes, coded")
        self._decoders[0].push(data)

    def step(self) -> bytes:
        """Do a bit of work and return what came of it, often nothing.

        To be called when no input is needed.
        """
        decoders = self._decoders
        # What was made is handed on before more is.
        at = max(at for at, decoder in enumerate(decoders) if not decoder.needs_input)
        made = decoders[at].step()
        is_last = at + 1 == len(decoders)
        self._limits.check(decoders[0].taken_nbytes, decoders[at], is_last=is_last)
        if is_last:
            return made
        decoders[at + 1].push(made)
        return b""

    def end(self) -> None:
        """Say that nothing more comes, when input is needed."""
        if not all(decoder.is_whole for decoder in self._decoders):
            raise DecodeError("it ends too early")


def _decoder_of(name: str) -> Decoder:
    make = coding_named(name).decoder
    if make is None:
        raise ValueError(f"the coding {name!r} cannot be decoded here")
    return make()
