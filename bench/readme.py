"""Puts figures of the report into README.md.

``python -m bench.readme`` replaces what stands there between ``<!-- bench: TITLE -->`` and
``<!-- end -->`` by the block of that title in ``bench/REPORT.md``; with ``--check`` it only
tells whether anything would change.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from .report import blocks

_ROOT = Path(__file__).resolve().parents[1]
README = _ROOT / "README.md"
"""The text with the figures."""

REPORT = _ROOT / "bench" / "REPORT.md"
"""Where they come from."""

_QUOTED = re.compile(r"(<!-- bench: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def with_figures(text: str, report: str) -> str:
    """Return a text with the figures of a report.

    :raises ValueError: the text quotes nothing, or what the report does not have.
    """
    known = blocks(report)

    def replace(match: re.Match[str]) -> str:
        title = match[2]
        if title not in known:
            raise ValueError(f"the report has no block {title!r}")
        return f"{match[1]}\n{known[title]}\n\n{match[4]}"

    text, count = _QUOTED.subn(replace, text)
    if not count:
        raise ValueError("nothing is quoted: <!-- bench: TITLE --> ... <!-- end --> is missing")
    return text


def main(arguments: list[str] | None = None) -> None:
    """Write the figures, or check them.

    :param arguments: the command line; None for the one of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.readme", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    old = README.read_text("utf-8")
    new = with_figures(old, REPORT.read_text("utf-8"))
    if not options.check:
        README.write_text(new, "utf-8")
    elif new != old:
        raise SystemExit(
            "README.md has other figures than bench/REPORT.md: run python -m bench.readme"
        )


if __name__ == "__main__":
    main()
