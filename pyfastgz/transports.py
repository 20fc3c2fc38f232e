"""What dictionaries have to do with the responses of an application (RFC 9842).

The folder of dictionaries says which there are; here is what follows for a request: the one its
client has, those it may get, and whether the response is one itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING
from typing import NamedTuple
from typing import TypeVar
from urllib.parse import quote

from .http.dictionaries import CODING
from .http.dictionaries import NO_TRANSPORT
from .http.dictionaries import NOTHING_ASKED
from .http.dictionaries import PATH
from .http.dictionaries import Asked
from .http.dictionaries import Known
from .http.dictionaries import Transport
from .http.dictionaries import announced
from .http.dictionaries import available
from .http.dictionaries import depends_on_origin
from .http.dictionaries import link_to
from .http.dictionaries import may_read
from .http.dictionaries import usable
from .http.dictionaries import use_as_dictionary
from .http.patterns import match_of
from .http.patterns import matches
from .http.plain import PlainPlans

if TYPE_CHECKING:
    from .http.exchange import Ready
    from .store.dictionaries import Dictionaries
    from .store.dictionary_index import Entry

_MAX_PATHS = 4096
_MAX_PLANS = 64

# Of longer paths nothing is remembered.
_MAX_LENGTH = 256

_K = TypeVar("_K")
_V = TypeVar("_V")

_YEAR = 365 * 24 * 3600

Offers = tuple[str, ...]
"""The hashes of the dictionaries that a document links to."""

# What documents are fetched for, in the words of Fetch.
_DOCUMENTS = frozenset({"document", "frame", "iframe"})


class Served(NamedTuple):
    """A dictionary as it is served.

    :param lines: the fields of the response.
    :param body: its bytes.
    """

    lines: list[tuple[str, str]]
    body: bytes


class _Remembered(NamedTuple):
    """What follows from the dictionaries that there are, as long as these are all.

    Who has found something puts it beside what he found it by: a thread that looks while they
    change leaves nothing to those who come after it.

    :param entries: the dictionaries, by their hashes.
    :param offers: to which of them documents link, by root and path.
    :param plans: of plain exchanges, by root, offers and what a request says.
    :param at_root: the same for an empty root: by path, or by path, Available-Dictionary,
        Sec-Fetch-Site and Sec-Fetch-Mode.
    """

    entries: Mapping[str, Entry]
    offers: dict[tuple[str, str], Offers]
    plans: dict[tuple[str, Offers, Asked], PlainPlans]
    at_root: dict[str | tuple[str | None, ...], PlainPlans]


class Transports:
    """Finds what dictionaries have to do with requests. Safe for concurrent use.

    What is remembered is bounded: when it is too much, it is forgotten and found again.

    :param dictionaries: the dictionaries of the application.
    """

    __slots__ = ("_remembered", "at_root", "dictionaries", "has_pages", "until")

    def __init__(self, dictionaries: Dictionaries) -> None:
        self.dictionaries = dictionaries
        self.until = 0.0
        """Until when what is remembered holds, as long as what is known of the folder."""
        self._forget(dictionaries.entries)

    def _forget(self, entries: Mapping[str, Entry]) -> _Remembered:
        """Begin anew with the dictionaries that there are now."""
        self._remembered = remembered = _Remembered(entries, {}, {}, {})
        self.has_pages = bool(self.dictionaries.pages)
        """Whether there is one that documents may link to: if not, paths make no difference."""
        self.at_root = remembered.at_root
        """What :meth:`plain_plans` returned for an empty root, see :class:`_Remembered`. For
        whoever has no time for a call."""
        return remembered

    def known(self, asked: Asked) -> Asked:
        """Return what a request says, if it names a dictionary that there is.

        Each in one spelling: so no client decides how much is remembered.
        """
        return _known(asked, self._now().entries)

    def of(
        self,
        root: str,
        path: str,
        asked: Asked,
        fields: Mapping[str, str],
        digest: str | None = None,
    ) -> Transport:
        """Return what dictionaries have to do with an exchange.

        :param root: where the application is mounted, as WSGI's ``SCRIPT_NAME``.
        :param path: of the request below that, as WSGI's ``PATH_INFO``.
        :param asked: what the request says of dictionaries.
        :param fields: of the response, by lower-case name.
        :param digest: the SHA-256 of the file that it is, in hexadecimal digits; None for none.
        """
        now = self._now()
        entries = now.entries
        dictionary = usable(asked, entries, fields)
        own, is_version = None, False
        if digest is not None and digest in entries:
            match = match_of(_text(f"{root}{path}"))
            own = None if match is None else use_as_dictionary(match)
            if dictionary is not None:
                is_version = entries[dictionary.sha256].name == entries[digest].name
        links = _links(root, self._offers_at(root, path, now), asked)
        return _transport(dictionary, links, own, is_version)

    def plain_plans(
        self, root: str, path: str, asked: Asked, base: PlainPlans
    ) -> PlainPlans | None:
        """Return the plans for plain exchanges of a request; None if more has to be looked at.

        :param root: as for :meth:`of`, and so are ``path`` and ``asked``.
        :param base: those of requests that dictionaries have nothing to do with.
        """
        now = self._now()
        said, asked = asked[:3], _known(asked, now.entries)
        if depends_on_origin(asked):
            return None
        is_usual = asked[:3] == said
        if asked is not NOTHING_ASKED:
            # Nothing else makes a difference then.
            asked = asked.told(may_read=may_read(asked, {}))
        offers = self._offers_at(root, path, now)
        if asked is NOTHING_ASKED and not offers:
            plans = base
        else:
            key = (root, offers, asked)
            found = now.plans.get(key)
            if found is None or found.policy is not base.policy:
                dictionary = usable(asked, now.entries, {})
                transport = _transport(dictionary, _links(root, offers, asked))
                found = PlainPlans(base.policy, transport)
                if len(now.plans) >= _MAX_PLANS:
                    # There they would live on.
                    now.at_root.clear()
                if len(root) <= _MAX_LENGTH:
                    _remember(now.plans, key, found, _MAX_PLANS)
            plans = found
        if not root and is_usual and len(path) <= _MAX_LENGTH:
            _remember(now.at_root, (path, *said) if said[0] else path, plans, _MAX_PATHS)
        return plans

    def with_difference(
        self, ready: Mapping[str, Ready], digest: str, dictionary: Known
    ) -> Mapping[str, Ready]:
        """Return what lies ready for a file, its difference from a dictionary perhaps too.

        :param digest: the SHA-256 of the file, in hexadecimal digits.
        """
        difference = self.dictionaries.difference(digest, dictionary.sha256)
        return ready if difference is None else {**ready, CODING: difference}

    def served(self, path: str) -> Served | None:
        """Return the dictionary that is served at a path; None if there is none, or is no more.

        :param path: below the root of the application.
        """
        if not path.startswith(PATH):
            return None
        sha256 = path[len(PATH) :]
        entry = self.dictionaries.entries.get(sha256)
        if entry is None or entry.match is None:
            return None
        dictionary = self.dictionaries.load(sha256)
        if dictionary is None:
            return None
        lines = [
            # Pieces of pages, which nobody is to take for one.
            ("Content-Type", "text/plain; charset=utf-8"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Length", str(len(dictionary.data))),
            ("Use-As-Dictionary", use_as_dictionary(entry.match, entry.destinations)),
            # Its bytes are its name.
            ("Cache-Control", f"public, max-age={_YEAR}, immutable"),
            ("ETag", f'"{sha256}"'),
        ]
        return Served(lines, dictionary.data)

    def _now(self) -> _Remembered:
        """Return what is remembered of the dictionaries that there are now."""
        remembered = self._remembered
        if monotonic() < self.until:
            return remembered
        entries = self.dictionaries.entries
        if entries is not remembered.entries:
            remembered = self._forget(entries)
        self.until = self.dictionaries.until
        return remembered

    def _offers_at(self, root: str, path: str, now: _Remembered) -> Offers:
        """Return which dictionaries a document links to, the best of each kind."""
        offers = now.offers.get((root, path))
        if offers is None:
            offers = self._look(_text(f"{root}{path}"))
            if len(root) + len(path) <= _MAX_LENGTH:
                _remember(now.offers, (root, path), offers, _MAX_PATHS)
        return offers

    def _look(self, path: str) -> Offers:
        if PATH in path:
            return ()
        # Of several a client takes the one with the longest pattern, then the newest (RFC 9842
        # section 2.2.3), and one for other destinations is for other responses.
        best: dict[tuple[str, ...], Entry] = {}
        # What is for other paths, and not for documents, is for what documents fetch.
        fetched: dict[str, Entry] = {}
        for entry in self.dictionaries.pages:
            match = entry.match or ""
            if matches(match, path):
                before = best.get(entry.destinations)
                if before is None or len(match) >= len(before.match or ""):
                    best[entry.destinations] = entry
            elif _DOCUMENTS.isdisjoint(entry.destinations):
                fetched[entry.name] = entry
        return tuple(entry.sha256 for entry in (*best.values(), *fetched.values()))


def _known(asked: Asked, entries: Mapping[str, Entry]) -> Asked:
    """Return what a request says, as it is usually written, if it names a dictionary."""
    sha256 = None if asked.available is None else announced(asked.available)
    if sha256 is None or sha256 not in entries:
        return NOTHING_ASKED
    return asked.usual()._replace(available=available(sha256))


def _transport(
    dictionary: Known | None, link: str | None, own: str | None = None, is_version: bool = False
) -> Transport:
    transport = Transport(dictionary, link, own, is_version)
    return NO_TRANSPORT if transport == NO_TRANSPORT else transport


def _links(root: str, offers: Offers, asked: Asked) -> str | None:
    """Return what a document links to, but for what its client has."""
    if not offers:
        return None
    named = None if asked.available is None else announced(asked.available)
    place = quote(_text(root)) + PATH
    wanted = [f"{place}{sha256}" for sha256 in offers if sha256 != named]
    return ", ".join(map(link_to, wanted)) or None


def _remember(known: dict[_K, _V], key: _K, value: _V, max_count: int) -> None:
    if len(known) >= max_count:
        known.clear()
    known[key] = value


def _text(path: str) -> str:
    """Return the text of a path, of which WSGI has the bytes as characters (PEP 3333)."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
