"""A request and its response, as a decision sees them, and what it asks of them."""

from __future__ import annotations

import enum
from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple
from typing import Protocol

from .conditions import Conditions
from .conditions import failed_precondition
from .conditions import lists
from .dictionaries import BASE
from .dictionaries import CODING as DICTIONARY_CODING
from .dictionaries import MARK_LENGTH
from .dictionaries import Known
from .dictionaries import Transport
from .eligibility import Selection
from .eligibility import SkipReason
from .fields import declared_length
from .fields import is_of_events
from .fields import media_type
from .negotiation import Choice
from .negotiation import CodingsBySize
from .negotiation import choose
from .tags import coded_tag
from .tags import weak_tag

GET = frozenset({"GET", "HEAD"})
"""The methods whose conditions ask for a 304 or a 412 (RFC 9110 section 13.2.1)."""


class Policy(Selection, Protocol):
    """The settings that a decision needs."""

    @property
    def predicate(self) -> object:
        """What the application is asked with, None for nothing."""
        ...

    @property
    def algorithm(self) -> tuple[str, ...]:
        """The codings for whole bodies, in order of preference."""
        ...

    @property
    def algorithm_streaming(self) -> tuple[str, ...]:
        """The codings for all other bodies, in order of preference."""
        ...

    @property
    def known_codings(self) -> Sequence[str]:
        """Every coding that a response of this kind of server may have."""
        ...

    @property
    def levels(self) -> Mapping[str, int]:
        """The level of each coding."""
        ...

    def levels_down(self, coding: str, level: int) -> tuple[int, ...]:
        """Return a level, and those to go down to when there is too much to code.

        Nothing if there is never too much.
        """
        ...

    @property
    def min_size(self) -> int:
        """A shorter body is left alone, in bytes."""
        ...

    @property
    def streams(self) -> bool:
        """Whether streams are coded."""
        ...

    @property
    def flush_seconds(self) -> float:
        """In which time a stream may be flushed once more."""
        ...

    @property
    def evaluate_conditional_request(self) -> bool:
        """Whether a coded response may become a 304 or a 412."""
        ...

    @property
    def not_acceptable(self) -> bool:
        """Whether a client that nothing is acceptable to gets a 406."""
        ...

    @property
    def file_nbytes(self) -> int:
        """A file of at most so many bytes is coded whole; 0 for none."""
        ...

    @property
    def server_timing(self) -> bool:
        """Whether every response tells what became of it."""
        ...

    @property
    def length_noise(self) -> int:
        """How many letters of noise a coded response has at most."""
        ...

    @property
    def register(self) -> bool:
        """Whether every response is looked at."""
        ...


class Wishes(NamedTuple):
    """What the view of a response asks for.

    :param exempt: its responses are never coded.
    :param codings: the codings to choose from, in order of preference; None for the policy's.
    :param levels: by coding, its level where it is not the policy's.
    :param length_noise: how many letters of noise at most; None for the policy's.
    """

    exempt: bool = False
    codings: tuple[str, ...] | None = None
    levels: Mapping[str, int] = MappingProxyType({})
    length_noise: int | None = None


NO_WISHES = Wishes()
"""What nearly every view asks for."""


class Body(enum.Enum):
    """How a response has its body."""

    WHOLE = "all its bytes are there"
    STREAM = "it is made as it is sent"
    FILE = "it is read as it is sent, and nobody waits between two reads"
    UNKNOWN = "its class sends it in a way of its own"


class Ready(Protocol):
    """A coded form of a file that lies ready."""

    @property
    def nbytes(self) -> int:
        """Its size."""
        ...

    @property
    def mark(self) -> str:
        """What tells its bytes from those of other forms in the same coding, in its tag."""
        ...


NOTHING_READY: Mapping[str, Ready] = MappingProxyType({})
"""What lies ready for nearly every response."""


class Exchange(NamedTuple):
    """A request and its response, before the body is touched.

    :param method: of the request.
    :param status: of the response.
    :param fields: the response's field values by lower-case name.
    :param body: how the response has its body; a part, how the whole had it.
    :param nbytes: how many bytes a whole body or a file has, None if only making, or reading,
        it tells.
    :param accept_encoding: the request's field, its lines joined; None if there is none.
    :param conditions: of the request, as its client sent them; None if there are none.
    :param is_conditional: a stream may become a 304, as a whole body may anyway.
    :param is_cut: the response is a part that can be made whole again.
    :param is_translated: the application was shown other conditions than were sent.
    :param is_wanted: what the application says when it is asked; None if it was not.
    :param file: names what is in a file: it is equal only for the same bytes. None where
        nothing is known of it, or it is none.
    :param ready: its coded forms that lie ready, by coding.
    :param range: the request's Range field, as its client sent it; None if there is none, or
        nothing lies ready.
    :param transport: what dictionaries have to do with it; None if the application has none.
    """

    method: str
    status: int
    fields: Mapping[str, str]
    body: Body
    nbytes: int | None = None
    accept_encoding: str | None = None
    conditions: Conditions | None = None
    is_conditional: bool = False
    is_cut: bool = False
    is_translated: bool = False
    is_wanted: bool | None = None
    file: Hashable | None = None
    ready: Mapping[str, Ready] = NOTHING_READY
    range: str | None = None
    transport: Transport | None = None


def without(exchange: Exchange, coding: str) -> Exchange:
    """Return an exchange in which the form in a coding does not lie ready."""
    ready = {key: each for key, each in exchange.ready.items() if key != coding}
    return exchange._replace(ready=ready)


def without_dictionary(exchange: Exchange) -> Exchange:
    """Return an exchange of which the client has no dictionary."""
    assert exchange.transport is not None
    transport = exchange.transport._replace(dictionary=None)
    return without(exchange, DICTIONARY_CODING)._replace(transport=transport)


# ---- What is asked of it ----


def left_alone_for(body: Body, policy: Policy, wishes: Wishes) -> SkipReason | None:
    """Return why the body is not looked at; None if it is."""
    if body is Body.UNKNOWN:
        return SkipReason.OWN_WAY
    if body is Body.WHOLE:
        return None
    if wishes.length_noise:
        return SkipReason.LENGTH_SHOWS
    return None if policy.streams else SkipReason.STREAMS_OFF


def is_coded_whole(exchange: Exchange, policy: Policy) -> bool:
    """Tell whether all of the body is there before it is coded."""
    if exchange.body is Body.FILE:
        return exchange.nbytes is not None and exchange.nbytes <= policy.file_nbytes
    return exchange.body is Body.WHOLE


def choice_for(exchange: Exchange, policy: Policy, wishes: Wishes) -> Choice:
    """Return the coding for a response, and whether it has to have one.

    Of codings that the client likes equally one that lies ready comes first: it costs nothing
    any more, it was made at the highest level, and it has a length and ranges. But one with a
    dictionary that the client has comes before all others: it is the smallest by far.
    """
    is_whole = exchange.body is Body.WHOLE
    codings = policy.algorithm if is_whole else policy.algorithm_streaming
    if wishes.codings is not None:
        codings = wishes.codings
    elif isinstance(codings, CodingsBySize):
        nbytes = declared_length(exchange.fields)
        codings = codings.order(exchange.nbytes if nbytes is None else nbytes)
    if ready := exchange.ready:
        others = (coding for coding in codings if coding not in ready)
        codings = (*filter(ready.__contains__, codings), *others)
    if dictionary_of(exchange) is not None and BASE in codings:
        codings = (DICTIONARY_CODING, *codings)
    return choose(exchange.accept_encoding, codings)


def dictionary_of(exchange: Exchange) -> Known | None:
    """Return the dictionary that a response may be coded with, None for none."""
    transport = exchange.transport
    return None if transport is None else transport.dictionary


def may_be_smaller(exchange: Exchange, policy: Policy, nbytes: int) -> bool:
    """Tell whether a file may be smaller with the dictionary than a form that lies ready.

    What is coded as it is sent cannot be measured before: of that only a former version of the
    same file is likely to make less.

    :param nbytes: how many bytes the form has.
    """
    difference = exchange.ready.get(DICTIONARY_CODING)
    if difference is not None:
        return difference.nbytes < nbytes
    transport = exchange.transport
    is_version = transport is not None and transport.is_version
    return is_version or is_coded_whole(exchange, policy)


def wanted(exchange: Exchange, policy: Policy) -> bool | None:
    """Tell whether the application wants a coding; None if it has to be asked."""
    return True if policy.predicate is None else exchange.is_wanted


def least_nbytes(policy: Policy, *, is_needed: bool = False) -> int:
    """Return from how many bytes on a body is coded.

    :param is_needed: whether the client takes no body without a coding.
    """
    return 1 if is_needed else policy.min_size or 1


def noise_for(exchange: Exchange, policy: Policy, wishes: Wishes) -> int:
    """Return how many letters of noise hide the length of a coded body at most; 0 for none.

    That of a file hides nothing: it is not made of what a request says.
    """
    if exchange.body is not Body.WHOLE:
        return 0
    return policy.length_noise if wishes.length_noise is None else wishes.length_noise


def tag_for(exchange: Exchange, policy: Policy, coding: str) -> str | None:
    """Return the entity tag of the coded representation, None without one."""
    etag = exchange.fields.get("etag")
    if not etag:
        return None
    ready = exchange.ready.get(coding)
    if ready is not None:
        return coded_tag(etag, coding, ready.mark)
    if not is_coded_whole(exchange, policy) and is_of_events(
        media_type(exchange.fields.get("content-type", ""))
    ):
        # Each message is flushed, so that how they are cut shows in the bytes.
        return weak_tag(etag)
    dictionary = dictionary_of(exchange) if coding == DICTIONARY_CODING else None
    # Each dictionary makes other bytes.
    return coded_tag(etag, coding, dictionary.sha256[:MARK_LENGTH] if dictionary else "")


def is_listed(conditions: Conditions, tag: str | None) -> bool:
    """Tell whether the client names a tag as that of what it holds, and asks nothing else."""
    return (
        tag is not None and conditions.if_match is None and lists(conditions.if_none_match, tag)
    )


def failed_condition(exchange: Exchange, policy: Policy, tag: str | None) -> int | None:
    """Return the status that the conditions ask for instead of 200; None for none.

    :param tag: of the representation that would be sent.
    """
    conditions, fields = exchange.conditions, exchange.fields
    if (
        conditions is None
        or not policy.evaluate_conditional_request
        or exchange.method not in GET
        or not 200 <= exchange.status < 300
        or not (
            exchange.body is Body.WHOLE
            or exchange.is_conditional
            # It has been through make_conditional, which always sets Date, unless its view
            # asked for it not to be.
            or (exchange.body is Body.FILE and "date" in fields)
        )
    ):
        return None
    return failed_precondition(conditions, tag, fields.get("last-modified"))
