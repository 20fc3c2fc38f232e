"""A Dash application: pages, bundles and callbacks that other people's code serves."""

from __future__ import annotations

from typing import Any

from dash import Dash
from dash import Input
from dash import Output
from dash import dcc
from dash import html
from dash.dash_table.DataTable import DataTable
from flask import Flask

import pyfastgz
from tests.e2e.browser_application import Watch
from tests.e2e.browser_application import add_record
from tools.kit.documents.content import make_article
from tools.kit.documents.content import make_ledger
from tools.kit.server import ROOT

CHOICES = [str(number) for number in range(200)]
"""What the page's first control offers."""


def make_report(choice: str) -> str:
    """Return what the page shows for a choice: the first callback's output."""
    return f"{choice}: {make_article(int(choice), sections=5)}"


def create_app(*, compress: bool = True, codings: str | None = None) -> Flask:
    """Return the application.

    :param compress: False leaves compression out, which shows what Dash says without it.
    :param codings: the only ones to use, if not all.
    """
    server = Flask(__name__)
    if codings is not None:
        server.config["COMPRESS_ALGORITHM"] = codings
        server.config["COMPRESS_ALGORITHM_STREAMING"] = codings
    watch = Watch()
    dash = Dash(
        __name__,
        server=False,
        assets_folder=str(ROOT / "tools" / "kit" / "shop" / "static"),
        # A style sheet is enough: the script is made for other pages.
        assets_ignore=r"\.js$",
    )
    dash.layout = _make_layout()
    _add_callbacks(dash, watch)
    dash.init_app(server)
    if compress:
        pyfastgz.Compress(server)
    add_record(server, watch)
    return server


def _make_layout() -> Any:
    months = list(range(120))
    entries = make_ledger("dash", 300)
    return html.Div(
        [
            dcc.Dropdown(CHOICES, CHOICES[7], id="choice"),
            html.Pre(id="report"),
            html.Pre(id="echo"),
            dcc.Graph(figure={"data": [{"x": months, "y": [n * n % 37 for n in months]}]}),
            DataTable(
                [{name: str(value) for name, value in entry.items()} for entry in entries],
                [{"name": name, "id": name} for name in entries[0]],
            ),
        ]
    )


def _add_callbacks(dash: Dash, watch: Watch) -> None:
    @dash.callback(Output("report", "children"), Input("choice", "value"))
    def report(choice: str) -> str:
        return make_report(choice)

    # The browser sends back what it made of the answer to the first callback.
    @dash.callback(Output("echo", "children"), Input("report", "children"))
    def echo(report: str | None) -> str:
        if report:
            watch.change(lambda record: record.received.append(report))
        return str(report)
