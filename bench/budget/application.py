"""An application whose pages never come again, with a CPU budget or without one."""

from __future__ import annotations

from itertools import count
from time import process_time

from flask import Flask
from flask import Response
from flask import jsonify

import pyfastgz
from tools.kit.documents.prose import Writer

ROWS = 150
"""How many rows a page has; with these it has some 80 KB."""

_TEMPLATE = """<!doctype html>
<title>{{ number }} orders</title>
<table>
{% for row in rows %}<tr class="{{ loop.cycle("odd", "even") }}">
<td>{{ number * loop.index }}</td>
<td><a href="/orders/{{ number }}/{{ loop.index }}">{{ row }}</a></td></tr>
{% endfor %}</table>
"""


def create_app(coding: str, cores: float | None) -> Flask:
    """Return the application.

    :param coding: the only one in use, at its default level.
    :param cores: its budget; None for none.
    """
    app = Flask(__name__)
    app.config.update(COMPRESS_ALGORITHM=[coding], COMPRESS_CPU_BUDGET=cores)
    compress = pyfastgz.Compress(app)
    writer = Writer("budget")
    rows = [writer.paragraph() for _ in range(ROWS)]
    numbers = count(1)
    template = app.jinja_env.from_string(_TEMPLATE)

    @app.get("/")
    def page() -> str:
        return template.render(number=next(numbers), rows=rows)

    @app.get("/state")
    def state() -> Response:
        answer = jsonify(cpu=process_time(), **compress.stats().as_dict())
        answer.headers["Cache-Control"] = "no-transform"
        return answer

    return app
