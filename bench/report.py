"""Makes a report of what benchmarks print: Markdown, and a page that needs no other file.

The tables and texts below a title line (one that ends in a colon, as :mod:`bench.printer`
prints it) are blocks, which other texts can quote: see :mod:`bench.readme`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

from markdown_it import MarkdownIt

TITLE = "# Benchmarks"
"""The first line of a report."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1b1b; max-width: 76rem;
       margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px; display: block;
        overflow-x: auto; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #e0e0e0; text-align: left; }
th { border-bottom: 2px solid #b0b0b0; }
td:not(:first-child), th:not(:first-child) { font-variant-numeric: tabular-nums; }
img { max-width: 100%; }
code { background: #f4f4f4; padding: .1rem .25rem; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>pyfastgz: benchmarks</title><style>{style}</style></head>
<body>
{body}
</body>
</html>
"""


def tidy(printed: str) -> str:
    """Return Markdown as a benchmark printed it, without spaces at ends and needless lines."""
    lines = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    # A renderer would join a table with the paragraph below it.
    lines = re.sub(r"^(\|.*\n)(?!\||\n)", r"\1\n", lines, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"


def blocks(report: str) -> dict[str, str]:
    """Return the texts of a report by the title line above each, without its colon."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in report.splitlines():
        if line.startswith("#"):
            current = []
        elif line.endswith(":") and not line.startswith("|"):
            current = found.setdefault(line[:-1], [])
        else:
            current.append(line)
    return {title: "\n".join(lines).strip() for title, lines in found.items()}


def as_page(report: str, folder: Path) -> str:
    """Return a report as an HTML page that has its pictures inside.

    :param report: Markdown.
    :param folder: where the paths of its pictures start.
    """
    body = MarkdownIt("commonmark").enable("table").render(report)
    body = re.sub(
        r'src="([^"]+\.svg)"', lambda match: f'src="{_data_url(folder / match[1])}"', body
    )
    return _PAGE.format(style=_STYLE, body=body)


def _data_url(picture: Path) -> str:
    return f"data:image/svg+xml;base64,{b64encode(picture.read_bytes()).decode('ascii')}"
