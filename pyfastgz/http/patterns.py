"""Which URLs a compression dictionary is for: URL patterns (RFC 9842 section 2.1.1).

Of what a URLPattern may have only ``*`` is used here, which stands for any characters, slashes
too. A backslash before a character that means something else in one makes it mean itself. A
colon ends the scheme of a URL even so, but not in a group: ``{\\:}``. What follows a group may
change how often it occurs, so that a star is in it: ``{\\:*}``.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_MAX_LENGTH = 1024

# What stays as it is in the path of a URL (RFC 3986 section 3.3), and what is escaped there.
_IN_PATHS = "/!$&'()*+,;=:@%"
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\0-\x1f\x7f]")

# All that means something in the text that a URLPattern is made of, and is left of a path.
_SPECIAL = re.compile(r"[(){}:+*?\\]")
_ESCAPED_OR_SPECIAL = re.compile(r"\\.|[(){}:+?#\\]|\*\*")
_PIECE = re.compile(r"\\(.)|(\*)|([^\\*]+)", re.DOTALL)
_COLON = re.compile(r"\\:\*?")
_COLON_IN_GROUP = re.compile(r"\{(\\:\*?)\}")

# Stands for a star as long as there may be other ones in the path.
_STAR = "\0"
_JOINED = re.compile(r"\0(?:[-._@]+\0)+")

# Repetitions are bounded so that no name takes long.
_VERSION = re.compile(
    r"""(?<![^-._@])
    v?[0-9]{1,9} (?:\.[0-9]{1,9}){1,3}
    (?: [-.]? (?: (?:alpha|beta|canary|dev|next|post|pre|preview|rc) | [ab](?=[0-9]) )
        (?:[-.]?[0-9]{1,9}){0,2} )?
    (?![^-._])""",
    re.VERBOSE,
)
_PART = re.compile(r"[A-Za-z0-9]+")
_HEX = re.compile(r"[0-9a-f]{6,}|[0-9A-F]{6,}")
_WORD_AND_NUMBER = re.compile(r"[A-Za-z]{3,}[0-9]{1,4}")
_RUN = re.compile("[A-Z]?[a-z]+|[A-Z]+|[0-9]+")

# What bundlers append by default, 8 characters, in which base64url may have separators too.
_APPENDED = re.compile(r"(?<=[-.])[A-Za-z0-9_-]{8}(?![^.])")

# Parts of a file's name that say nothing of what it is.
_NO_WORDS = frozenset({"chunk", "min"})


def match_of(path: str) -> str | None:
    """Return the URL pattern of all versions of a file, by the path of one of them.

    What looks like the hash of a content, as bundlers and Django put it there, or like a
    version becomes a star: ``/static/app.3f2a9c1b.js`` is of ``/static/app.*.js``. Any other
    path is its own pattern. What looks like a hash may be none: then the pattern is wider than
    it has to be.

    :param path: as it is in the URL, or decoded.
    :return: in ASCII, None if too little would be left of the file's name, or of a path that
        is none.
    """
    if not path.startswith("/") or path.startswith("//") or len(path) > _MAX_LENGTH:
        return None
    *folders, name = _encoded(path).split("/")
    name_pattern = _starred(_without_appended(name))
    pattern = "/".join([*map(_starred, folders), name_pattern])
    if _STAR in pattern and not (_has_word(name_pattern) if _STAR in name_pattern else name):
        return None
    return _grouped(_SPECIAL.sub(r"\\\g<0>", pattern).replace(_STAR, "*"))


def checked_match(pattern: str) -> str:
    """Return a pattern that somebody gives for the path of URLs, as it is sent.

    :param pattern: an absolute path in which ``*`` stands for any characters.
    :raises ValueError: it is something else; the message goes on after the pattern's name.
    """
    if not pattern.startswith("/"):
        wanted = "it must be the path of URLs, which begins with a slash, such as /* or /shop/*"
        raise ValueError(f"{wanted}, without scheme and host" if "://" in pattern else wanted)
    if pattern.startswith("//"):
        raise ValueError("it begins with two slashes, as a host does: it must be a path")
    if _CONTROL.search(pattern):
        raise ValueError("it has a control character")
    if not pattern.isascii() and not _is_text(pattern):
        raise ValueError("it has a character that is none of Unicode's")
    pattern = _COLON_IN_GROUP.sub(r"\1", pattern)
    for found in _ESCAPED_OR_SPECIAL.findall(pattern):
        if found == "?":
            raise ValueError("it has a query, or a mark of it: a pattern is of paths alone")
        if found == "#":
            raise ValueError("it has a fragment, which is never sent")
        if found == "**":
            raise ValueError("it has two stars in a row: one stands for any characters")
        if found == "\\":
            raise ValueError("it ends in a backslash, which has nothing to escape")
        if len(found) == 1:
            raise ValueError(
                f"{found!r} means something else in URL patterns, of which only * may be used; "
                f"for the character itself write \\{found}"
            )
        if not _SPECIAL.match(found[1]):
            raise ValueError(f"it has a backslash before {found[1]!r}, which needs none")
    if any(part in {".", ".."} for part in pattern.split("/")):
        raise ValueError("it has a part that is only dots, which no URL has when it is sent")
    checked = _grouped(
        "".join(
            _SPECIAL.sub(r"\\\g<0>", _encoded(escaped)) if escaped else star or _encoded(plain)
            for escaped, star, plain in _PIECE.findall(pattern)
        )
    )
    if len(checked) > _MAX_LENGTH:
        raise ValueError(f"it has more than {_MAX_LENGTH} characters")
    return checked


def matches(pattern: str, path: str) -> bool:
    """Tell whether a pattern matches the path of a URL, as URLPattern does.

    :param pattern: what :func:`match_of` or :func:`checked_match` returned.
    :param path: as it is in the URL, or decoded; a query that follows does not count.
    """
    first, *others = _literals(pattern)
    path = _encoded(path.partition("?")[0])
    if not others:
        return path == first
    *between, last = others
    if not path.startswith(first):
        return False
    start, stop = len(first), len(path) - len(last)
    for literal in between:
        found = path.find(literal, start, stop)
        if found < 0:
            return False
        start = found + len(literal)
    return start <= stop and path.endswith(last)


def _literals(pattern: str) -> list[str]:
    """Return what stands between the stars of a pattern, and before and after them."""
    literals = [""]
    for escaped, star, plain in _PIECE.findall(_COLON_IN_GROUP.sub(r"\1", pattern)):
        if star:
            literals.append("")
        else:
            literals[-1] += escaped or plain
    return literals


def _grouped(pattern: str) -> str:
    """Return a pattern in which each colon that means itself is in a group."""
    return _COLON.sub(r"{\g<0>}", pattern)


def _encoded(path: str) -> str:
    """Return a path as it is in a URL; what is encoded already stays as it is."""
    return _STRAY_PERCENT.sub("%25", quote(path, safe=_IN_PATHS, errors="surrogateescape"))


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_appended(name: str) -> str:
    """Return a file's name with a star for what a bundler has appended, before its suffixes."""
    for found in _APPENDED.finditer(name):
        parts = re.split("[-_]", found[0])
        if found[0].islower():
            # Whatever is between separators elsewhere is looked at later.
            is_hash = "" in parts and _has_digit(found[0])
        else:
            is_hash = not all(map(_are_words, parts))
        if is_hash:
            return f"{name[: found.start()]}{_STAR}{name[found.end() :]}"
    return name


def _starred(segment: str) -> str:
    """Return a part of a path with stars for hashes and versions."""
    segment = _VERSION.sub(_STAR, segment)
    segment = _PART.sub(lambda part: _STAR if _is_hash(part, segment) else part[0], segment)
    return _JOINED.sub(_STAR, segment)


def _is_hash(found: re.Match[str], segment: str) -> bool:
    """Tell whether letters and digits look like a hash, and stand alone between separators."""
    part = found[0]
    around = segment[found.start() - 1 : found.start()] + segment[found.end() : found.end() + 1]
    if around.strip("-._@\0") or not _has_digit(part):
        return False
    if _HEX.fullmatch(part):
        return not _WORD_AND_NUMBER.fullmatch(part)
    return len(part) >= 8 and not _are_words(part)


def _has_digit(part: str) -> bool:
    return any(map(str.isdigit, part))


def _are_words(part: str) -> bool:
    """Tell whether letters and digits could be words, such as ``base64Url``."""
    runs = _RUN.findall(part)
    if any(len(run) > 6 and run[1:].islower() for run in runs):
        return True
    return (
        bool(runs)
        and not runs[0].isdigit()
        and all(
            len(run) <= 4 if run.isdigit() else len(run) > 1 and run[1:].islower()
            for run in runs
        )
    )


def _has_word(name: str) -> bool:
    """Tell whether a file's name with stars says, beside its suffix, what it is."""
    stem, dot, _ = name.rpartition(".")
    words = re.split(r"[-._@\0]", stem if dot else name)
    return any(word and word.lower() not in _NO_WORDS for word in words)
