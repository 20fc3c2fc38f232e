"""What a browser visits through the ASGI middleware: an application a coding."""

from __future__ import annotations

from tests.e2e.browser_application import create_asgi_app

zstd = create_asgi_app("zstd")
gzip = create_asgi_app("gzip")
