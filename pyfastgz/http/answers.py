"""What a client gets: the status, the edits of fields, and whether it is coded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .conditions import NO_CONDITIONS
from .conditions import allows_part
from .conditions import failed_precondition
from .conditions import only_tag
from .conditions import tag_of_304
from .dictionaries import LINKING
from .dictionaries import NO_TRANSPORT
from .dictionaries import is_kept_fresh
from .eligibility import STILL_VARIES
from .eligibility import SkipReason
from .exchange import Exchange
from .exchange import Policy
from .exchange import failed_condition
from .fields import NO_EDITS
from .fields import OF_THE_REPRESENTATION
from .fields import ON_CODING
from .fields import ON_DICTIONARY
from .fields import STALE_WHEN_CODED
from .fields import VARY_ALONE
from .fields import Edits
from .fields import media_type
from .fields import vary_edits
from .ranges import UNSATISFIABLE
from .ranges import Part
from .ranges import part_of
from .tags import ends_like_coded


class Answer(NamedTuple):
    """What the client gets.

    :param reason: why that is not coded, None if it is.
    :param edits: what changes in the fields of the response.
    :param coding: which coding it has or, without a body, would have.
    :param status: in place of the response's, None for the same.
    :param text: in place of the response's body, None for the same.
    :param part: which bytes of the coded body are sent, None for all.
    """

    reason: SkipReason | None
    edits: Edits = NO_EDITS
    coding: str | None = None
    status: int | None = None
    text: str | None = None
    part: Part | None = None


LEFT = {reason: Answer(reason) for reason in SkipReason}
"""By reason, to send the response as it is."""

_VARIED = {
    names: {reason: Answer(reason, edits) for reason in SkipReason}
    for names, edits in VARY_ALONE.items()
}


_REFUSALS = {
    406: (
        SkipReason.NOT_ACCEPTABLE,
        "The request accepts neither an available content coding nor none.\n",
    ),
    412: (SkipReason.PRECONDITION_FAILED, "A condition of the request does not hold.\n"),
    416: (SkipReason.NO_SUCH_RANGE, "The request asks for a range that is not there.\n"),
}

# What a 304 has of the 200 that it stands for; without a tag Last-Modified too (RFC 9110
# section 15.4.5).
_OF_304 = frozenset({"etag", "content-location"})


def vary_of(exchange: Exchange) -> Edits:
    """Return what makes Vary name what a response follows from, coded or not."""
    return vary_edits(exchange.fields, _names_in_vary(exchange))


def _names_in_vary(exchange: Exchange) -> tuple[str, ...]:
    # Who may read the response (R63) is left out: what a shared cache sends is the same for
    # all, so that its length tells nothing, and a browser's own would be split by it.
    return ON_CODING if exchange.transport is None else ON_DICTIONARY


def _standing(exchange: Exchange) -> Edits:
    """Return what changes in the fields of a representation, coded or not."""
    transport, fields = exchange.transport, exchange.fields
    vary = vary_of(exchange)
    if transport is None or transport is NO_TRANSPORT or exchange.status != 200:
        return vary
    more: dict[str, str] = {}
    if transport.link is not None and media_type(fields["content-type"]) in LINKING:
        before = fields.get("link", "")
        # A view may have returned the same response before.
        if transport.link not in before:
            more["link"] = f"{before}, {transport.link}" if before else transport.link
    if (
        transport.own is not None
        and "use-as-dictionary" not in fields
        and is_kept_fresh(fields)
    ):
        more["use-as-dictionary"] = transport.own
    # What is added is right for all clients, and these are not.
    return {**vary, **more} if more else vary


def varied(exchange: Exchange, reason: SkipReason) -> Answer:
    """Send the representation without a coding."""
    edits = _standing(exchange)
    names = _names_in_vary(exchange)
    if edits is VARY_ALONE[names]:
        return _VARIED[names][reason]
    return Answer(reason, edits) if edits else LEFT[reason]


def as_it_is(exchange: Exchange, policy: Policy, reason: SkipReason) -> Answer:
    """Send the representation without a coding, if no condition asks for something else."""
    if exchange.conditions is not None:
        etag = exchange.fields.get("etag")
        status = failed_condition(exchange, policy, etag)
        if status is not None:
            return answer_condition(exchange, status, etag, is_coded=False)
    return varied(exchange, reason)


def answer_condition(
    exchange: Exchange, status: int, tag: str | None, *, is_coded: bool = True
) -> Answer:
    """Answer 304 or 412 instead of the representation with this tag."""
    if status != 304:
        return refuse(exchange, status)
    fields = exchange.fields
    edits = dict(vary_of(exchange))
    if is_coded:
        edits.update(_relabelled(fields, tag))
    for name in OF_THE_REPRESENTATION.intersection(fields):
        if name not in _OF_304 and not (name == "last-modified" and "etag" not in fields):
            edits[name] = None
    return Answer(SkipReason.NOT_MODIFIED, edits, status=304)


def refuse(exchange: Exchange, status: int) -> Answer:
    """Answer with a status and its meaning alone, and nothing of the representation."""
    reason, text = _REFUSALS[status]
    edits = {
        **vary_of(exchange),
        **dict.fromkeys(OF_THE_REPRESENTATION.intersection(exchange.fields)),
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(text)),
    }
    return Answer(reason, edits, status=status, text=text)


def answer_coded(
    exchange: Exchange, coding: str, tag: str | None, nbytes: int | None
) -> Answer:
    """Send a body that is coded to so many bytes; None if that is not known."""
    fields = exchange.fields
    edits: dict[str, str | None] = dict(_standing(exchange))
    edits["content-encoding"] = coding
    if nbytes is not None:
        edits["content-length"] = str(nbytes)
    elif "content-length" in fields:
        edits["content-length"] = None
    if tag is not None or not STALE_WHEN_CODED.isdisjoint(fields):
        edits.update(_relabelled(fields, tag))
    return Answer(None, edits, coding)


def with_noise(answer: Answer, noise: str) -> Answer:
    """Return what is sent with noise, which hides how long the coded body is."""
    return answer._replace(edits={**answer.edits, "x-noise": noise})


def answer_ready(exchange: Exchange, coding: str, tag: str | None) -> Answer:
    """Send a coded form that lies ready, or that part of it which is asked for.

    Unlike what is coded as it is sent, it has lasting bytes, of which there are ranges: if the
    application has any of the file, these are of what a request without Range gets (RFC 9110
    sections 14.1.2 and 14.2).
    """
    nbytes = exchange.ready[coding].nbytes
    answer = answer_coded(exchange, coding, tag, nbytes)
    if not _has_ranges(exchange.fields):
        return answer
    edits = {**answer.edits, "accept-ranges": "bytes"}
    part = _part_asked_for(exchange, tag, nbytes)
    if part is None:
        return answer._replace(edits=edits)
    if part is UNSATISFIABLE:
        refusal = refuse(exchange, 416)
        return refusal._replace(edits={**refusal.edits, "content-range": f"bytes */{nbytes}"})
    edits["content-range"] = f"bytes {part.start}-{part.stop - 1}/{nbytes}"
    edits["content-length"] = str(part.stop - part.start)
    edits.pop("use-as-dictionary", None)
    return answer._replace(edits=edits, status=206, part=part)


def _has_ranges(fields: Mapping[str, str]) -> bool:
    """Tell whether the application has ranges of what it sends.

    Werkzeug before 3.1 says so only to those who ask for one that it has. That it set Date
    shows that it looked for what a request asks for.
    """
    unit = fields.get("accept-ranges")
    return "date" in fields if unit is None else unit.strip().lower() == "bytes"


def _part_asked_for(exchange: Exchange, tag: str | None, nbytes: int) -> Part | None:
    """Return which bytes a client asks for that may have others of them; None for all."""
    conditions = exchange.conditions
    if exchange.range is None or exchange.method != "GET" or exchange.status != 200:
        return None
    if conditions is not None and not (
        allows_part(conditions, tag)
        and failed_precondition(conditions, tag, exchange.fields.get("last-modified")) is None
    ):
        return None
    return part_of(exchange.range, nbytes)


def _relabelled(fields: Mapping[str, str], tag: str | None) -> Edits:
    """Return the edits that a coded 200 and the 304 for it have in common."""
    edits: dict[str, str | None] = dict.fromkeys(STALE_WHEN_CODED.intersection(fields))
    if tag is not None and tag != fields["etag"]:
        edits["etag"] = tag
    return edits


def answer_304(
    exchange: Exchange,
    policy: Policy,
    tag: str | None,
    reason: SkipReason = SkipReason.NOT_MODIFIED,
) -> Answer:
    """Return a 304 of the application with the tag that the client has.

    :param tag: of the coded 200 that it stands for, None if that is not coded.
    """
    etag = exchange.fields.get("etag")
    conditions = exchange.conditions or NO_CONDITIONS
    edits: dict[str, str | None] = {}
    if reason in STILL_VARIES:
        edits.update(vary_of(exchange))
        if "content-length" in exchange.fields:
            # That of the 200 in this coding is not known (RFC 9110 section 8.6).
            edits["content-length"] = None
    if etag is None:
        # An application that compares texts often names no tag; it means what it was shown.
        known = only_tag(conditions.if_none_match) if exchange.is_translated else None
        if known is not None:
            edits["etag"] = known
        return Answer(reason, edits)
    if reason not in STILL_VARIES and ends_like_coded(etag, policy.known_codings):
        return Answer(reason)
    known = tag_of_304(conditions, etag, tag or etag, policy.known_codings)
    if tag is not None:
        edits.update(_relabelled(exchange.fields, known))
    elif known != etag:
        edits["etag"] = known
    return Answer(reason, edits)
