"""The demo's application, made in a process that has encoded a lot when it forks workers."""

from __future__ import annotations

from flask import Flask
from flask import Response

from pyfastgz import Encoder
from pyfastgz import compress
from tests.e2e.all_workers import prepare
from tools.kit.decoders import CODINGS
from tools.kit.documents.prose import Writer
from tools.kit.shop.application import create_app as create_demo
from tools.kit.shop.resources import RESOURCES

_WRITER = Writer("fork")
BEGINNING = _WRITER.paragraph(200).encode()
"""What the parent wrote to streams that it left open."""
END = _WRITER.paragraph(200).encode()
"""What workers write to them."""


def use_the_core(app: Flask) -> None:
    """Leave idle encoders behind, for whole bodies and for streams of all kinds."""
    client = app.test_client()
    for coding in CODINGS:
        for resource in RESOURCES:
            with client.get(resource.path, headers={"Accept-Encoding": coding}) as response:
                assert response.get_data() or resource.path == "/empty"
        for body in (BEGINNING, 20 * BEGINNING):
            assert compress(body, coding)
        for small in (False, True):
            with Encoder(coding, small=small) as encoder:
                assert encoder.flush(BEGINNING)


def create_app() -> Flask:
    """Return the application, after using it."""
    app = create_demo()
    encoders = {coding: Encoder(coding) for coding in CODINGS}
    begun = {coding: encoder.flush(BEGINNING) for coding, encoder in encoders.items()}

    @app.get("/left-open/<coding>")
    def left_open(coding: str) -> Response:
        # Each worker has a copy, and this is for once.
        encoder = encoders.pop(coding)
        coded = begun[coding] + encoder.write(END) + encoder.finish()
        return Response(coded, mimetype="application/octet-stream")

    prepare(app)
    use_the_core(app)
    return app
