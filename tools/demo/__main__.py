"""Serve the application, fetch every path in every coding, check all, and show a table.

Another table shows what those get who come again, and have dictionaries by then.

``python -m tools.demo`` exits 0 when everything was as it should be; otherwise it says which
path, in which coding, was not. ``python -m tools.demo PACKAGE.MODULE:FUNCTION()`` does the same
with another application that should answer as the shop does.
"""

from __future__ import annotations

import signal
import sys

from pyfastgz.policy.table import LEVEL_KEYS
from tools.kit.checks import Mismatch
from tools.kit.decoders import CODINGS
from tools.kit.server import ServerError
from tools.kit.server import gunicorn_command
from tools.kit.server import serving
from tools.kit.shop.application import create_app
from tools.kit.shop.application import plain_bodies
from tools.kit.shop.resources import RESOURCES
from tools.kit.tour import Sent
from tools.kit.tour import Tour

from .report import Measured
from .report import Row
from .report import make_table
from .timing import STDLIB
from .timing import encode_seconds
from .timing import encode_with_stdlib
from .visits import make_visits_table
from .visits import visit_twice

APPLICATION = "tools.kit.shop.application:create_app()"
"""What is served unless told otherwise."""


def make_rows(sent: list[Sent]) -> list[Row]:
    """Measure how long coding the same bodies takes, at the application's levels."""
    config = create_app().config
    levels = {coding: config[LEVEL_KEYS[coding]] for coding in CODINGS}
    bodies = {one.resource.path: one.pieces for one in sent if one.resource.coded}
    seconds = {path: encode_seconds(pieces, levels) for path, pieces in bodies.items()}
    return [
        Row(
            label=one.resource.label,
            path=one.resource.path,
            body_nbytes=sum(map(len, one.pieces)),
            coding=one.coding,
            wire_nbytes=one.wire_nbytes,
            measured=_measured(one, seconds[one.resource.path]) if one.resource.coded else None,
        )
        for one in sent
    ]


def _measured(one: Sent, seconds: dict[str, float]) -> Measured:
    return Measured(
        seconds=seconds[one.coding],
        stdlib_nbytes=len(encode_with_stdlib(one.pieces)),
        stdlib_seconds=seconds[STDLIB],
    )


def run(application: str) -> None:
    """Do what the demo does.

    :param application: ``"package.module:function()"``.
    :raises Mismatch: an answer is wrong.
    :raises ServerError: the server failed.
    """
    bodies = plain_bodies(resource.path for resource in RESOURCES)
    with serving(gunicorn_command(application)) as port:
        tour = Tour(port)
        for resource in RESOURCES:
            tour.visit(resource, bodies[resource.path])
        tour.visit_events()
    visited = visit_twice(application)
    print(make_table(make_rows(tour.sent)).as_text(), end="\n\n")
    print(make_visits_table(visited).as_text(), end="\n\n")
    print(
        f"{tour.nchecked} responses were checked, without coding and in {', '.join(CODINGS)},"
        " and those of the visits: all are right."
    )


def main(application: str = APPLICATION) -> int:
    """Run the demo, and return its exit status."""
    # Being terminated shuts the server down, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run(application)
    except (Mismatch, ServerError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
