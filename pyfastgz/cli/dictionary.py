"""The command ``dictionary``: what pages have in common, for clients to have beforehand."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import NamedTuple

import click

from ..coding.dictionary import MAX_NBYTES
from ..coding.dictionary import Dictionary
from ..coding.encoder import compress
from ..disk import digest_of
from ..errors import ConfigurationError
from ..http.patterns import checked_match
from ..pages import WAYS
from ..pages import best_way
from ..pages import lasting
from ..policy import Policy
from ..static.report import shown
from ..store.dictionary_folder import About
from ..store.dictionary_folder import choose_superseded
from ..store.dictionary_folder import opened
from .application import engine_of
from .application import in_application
from .asking import Asked
from .asking import NoPageError
from .asking import ask
from .dictionaries import folder_of
from .dictionaries import folder_option
from .dictionaries import keep_option
from .dictionaries import say_failed
from .showing import say
from .showing import show_table

if TYPE_CHECKING:
    from flask import Flask

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LEAST_PAGES = 2

# Of so many pages one is held out, if no others are given for that.
_ONE_HELD_OUT_OF = 4

# How much smaller it has to make pages, for clients to fetch it.
_WORTH = 0.9

# Those of Fetch that a response may be for.
_DESTINATIONS = (
    *("audio", "document", "embed", "font", "frame", "iframe", "image", "json", "manifest"),
    *("object", "script", "serviceworker", "sharedworker", "style", "text", "track", "video"),
    *("worker", "xslt"),
)


class _Sizes(NamedTuple):
    """How many bytes a page has."""

    body: int
    zstd: int
    dcz: int


def _name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise click.BadParameter(
            f"{value!r} is not letters and digits, with . _ - between them, 64 at most."
        )
    return value


def _match(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return checked_match(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {error}.") from None


def _urls(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    for url in value:
        if not url.startswith("/") or url.startswith("//"):
            raise click.BadParameter(
                f"{url!r} is not a path with perhaps a query, such as /products?page=2: only "
                "this application is asked."
            )
        if "#" in url:
            raise click.BadParameter(f"{url!r} has a fragment, which is never sent.")
    return tuple(dict.fromkeys(value))


@click.command("dictionary")
@click.argument("name", callback=_name)
@click.option(
    "--url",
    "urls",
    metavar="URL",
    multiple=True,
    required=True,
    callback=_urls,
    help="A page that the dictionary is made of, such as /products?page=2. To be repeated.",
)
@click.option(
    "--held-out",
    metavar="URL",
    multiple=True,
    callback=_urls,
    help="A page that it is not made of, to tell what it saves. May be repeated. [default: "
    "every fourth of the others, by a dictionary of the rest of them]",
)
@click.option(
    "--match",
    metavar="PATTERN",
    default="/*",
    show_default=True,
    callback=_match,
    help="The paths of the pages that it is for; * stands for any characters.",
)
@click.option(
    "--dest",
    "destinations",
    type=click.Choice(_DESTINATIONS),
    metavar="NAME",
    multiple=True,
    help="What clients must want the pages for: document, iframe, script and so on. May be "
    "repeated. [default: anything]",
)
@click.option(
    "--max-bytes",
    metavar="N",
    type=click.IntRange(1024, MAX_NBYTES),
    default=128 * 1024,
    show_default=True,
    help="How long it may be.",
)
@keep_option
@folder_option
@in_application("dictionary")
def dictionary_command(
    app: Flask,
    name: str,
    *,
    urls: tuple[str, ...],
    held_out: tuple[str, ...],
    match: str,
    destinations: tuple[str, ...],
    max_bytes: int,
    keep: int,
    dictionaries: str | None,
) -> None:
    """Make a dictionary of what pages have in common.

    The application is asked for each URL twice, as by somebody whom it does not know: without
    cookies. What differs between the two answers, such as tokens and nonces, is left out, and
    so are pages that redirect, set cookies or are not for everybody. All the same look at what
    the pages show: a dictionary is public.

    It becomes the newest of its NAME in the folder of dictionaries; older ones are kept for
    clients that have them. Run this again when the layout of the pages changes.
    """
    policy = engine_of(app).settings.current()
    folder = folder_of(app, policy, dictionaries)
    if folder is None:
        raise click.UsageError(
            "there is no folder of dictionaries: set COMPRESS_DICTIONARIES, or give "
            "--dictionaries FOLDER"
        )
    both = [url for url in held_out if url in urls]
    if both:
        raise click.UsageError(f"{both[0]} is a --url and --held-out")
    faults: list[str] = []
    pages = _ask_all(app, urls, policy, faults)
    others = _ask_all(app, held_out, policy, faults)
    if len(pages) < _LEAST_PAGES:
        say(
            f"failed: {len(pages)} of {len(urls)} pages can be used; at least {_LEAST_PAGES} "
            "are needed to have something in common",
            is_error=True,
        )
        sys.exit(1)
    held, rest = others, pages
    if not held_out and len(pages) >= _ONE_HELD_OUT_OF:
        held = pages[_ONE_HELD_OUT_OF - 1 :: _ONE_HELD_OUT_OF]
        rest = [each for each in pages if each not in held]
    level = policy.zstd_level
    way = _way(rest, held, max_bytes, level)
    dictionary = _build(way, pages, max_bytes)
    say(f"{name}: {len(dictionary.data):,} bytes out of {len(pages)} pages: {way}")
    seen = _sizes(pages, dictionary, level)
    _show("these pages", seen)
    unseen = _sizes(held, dictionary if rest is pages else _build(way, rest, max_bytes), level)
    if held:
        _show("held out", unseen)
    every = _together(unseen or seen)
    if every.dcz > every.zstd * _WORTH:
        say(
            "failed: not written, it saves nothing worth it: the pages have too little in "
            "common",
            is_error=True,
        )
        sys.exit(1)
    about = About("pages", name, match, destinations)
    if not _write(folder, dictionary.data, about, keep) or faults:
        sys.exit(1)


def _ask_all(app: Flask, urls: Sequence[str], policy: Policy, faults: list[str]) -> list[Asked]:
    """Ask for pages, and say which cannot be used, and why."""
    answers = (_ask(app, url, policy, faults) for url in urls)
    return [answer for answer in answers if answer is not None]


def _ask(app: Flask, url: str, policy: Policy, faults: list[str]) -> Asked | None:
    try:
        return ask(app, url, policy)
    except NoPageError as error:
        if error.is_fault:
            faults.append(url)
        verb = "failed" if error.is_fault else "left out"
        say(f"{shown(url)}: {verb}: {shown(str(error))}", is_error=error.is_fault)
        return None


def _way(rest: Sequence[Asked], held: Sequence[Asked], max_nbytes: int, level: int) -> str:
    """Return the way that is best for pages that are held out, a middle one if none are."""
    if not held:
        return "what they share, and one of them"

    # Without what is another each time: the same pages make the same dictionary.
    bodies = [lasting(each.page) for each in held]

    def coded_nbytes(data: bytes) -> int:
        dictionary = Dictionary(data)
        coded = (compress(body, "dcz", level=level, dictionary=dictionary) for body in bodies)
        return sum(map(len, coded))

    return best_way([each.page for each in rest], max_nbytes, coded_nbytes)


def _build(way: str, pages: Sequence[Asked], max_nbytes: int) -> Dictionary:
    return Dictionary(WAYS[way]([each.page for each in pages], max_nbytes))


def _sizes(pages: Sequence[Asked], dictionary: Dictionary, level: int) -> dict[str, _Sizes]:
    """Return what pages take, by their URLs."""
    return {
        url: _Sizes(
            len(body),
            len(compress(body, "zstd", level=level)),
            len(compress(body, "dcz", level=level, dictionary=dictionary)),
        )
        for url, body, _ in pages
    }


def _together(sizes: dict[str, _Sizes]) -> _Sizes:
    return _Sizes(*map(sum, zip(*sizes.values(), strict=True)))


def _show(title: str, sizes: dict[str, _Sizes]) -> None:
    """Show what pages take, and all of them together."""
    rows = [[title, "bytes", "zstd", "dcz", "zstd / dcz"]]
    shown_sizes = {shown(url): each for url, each in sizes.items()}
    if len(sizes) > 1:
        shown_sizes["together"] = _together(sizes)
    for name, (body, zstd, dcz) in shown_sizes.items():
        rows.append([name, f"{body:,}", f"{zstd:,}", f"{dcz:,}", f"{zstd / dcz:.1f}"])
    show_table(rows)


def _write(folder: str, data: bytes, about: About, keep: int) -> bool:
    """Put a dictionary into the folder, say so, and tell whether that went well."""

    def on_wait() -> None:
        say(f"{shown(folder)}: waiting for another run to end", is_error=True)

    try:
        with opened(folder, on_wait) as work:
            is_known = any(each.sha256 == digest_of(data) for each in work.entries.values())
            entry = work.put(data, about)
            dropped = choose_superseded(work.entries, about.name, keep)
            work.drop(dropped)
            notes = work.notes
    except (ConfigurationError, OSError) as error:
        say_failed(folder, error)
        return False
    for note in notes:
        say(f"{shown(folder)}: {note}")
    verb = "is there already" if is_known else "written"
    older = f", {len(dropped)} older dropped" if dropped else ""
    wanted = f" ({', '.join(about.destinations)})" if about.destinations else ""
    say(f"{shown(os.path.join(folder, entry.sha256))}: {verb}{older}")
    say(f"It is for {about.match}{wanted}, and public: whoever asks for it gets what it says.")
    return True
