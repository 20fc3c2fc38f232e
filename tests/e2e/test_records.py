"""Where noise hides a length: where fields and body go out in one record of TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.asgi_servers import serving_asgi
from tests.e2e.asgi_servers import skip_without
from tests.e2e.nginx import NGINX
from tests.e2e.nginx import nginx_command
from tests.e2e.tls import TlsClient
from tests.e2e.tls import make_certificate
from tests.e2e.tls import shake_hands
from tools.kit.server import ROOT
from tools.kit.server import gunicorn_command
from tools.kit.server import serving

TEXT = " ".join((ROOT / "docs" / "security.md").read_text().split())
SITE = "tests.e2e.searched_application:create_app()"
ASGI_SITE = "tests.e2e.searched_application:asgi_app"
FIELDS = {"Accept-Encoding": "gzip"}

TOGETHER = ("nginx", "granian")
APART = ("gunicorn", "uvicorn", "hypercorn")
OF_HTTP_2 = ("nginx", "granian", "hypercorn")


@pytest.fixture(scope="module", name="certificate")
def write_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@contextmanager
def served(server: str, certificate: Path, folder: Path) -> Iterator[int]:
    """Serve pages with noise by TLS, and yield the port."""
    plain, shake = gunicorn_command(SITE), partial(shake_hands, certificate)

    def gunicorn(descriptor: int) -> list[str]:
        *start, application = plain(descriptor)
        return [*start, f"--certfile={certificate}", f"--keyfile={certificate}", application]

    if server == "nginx":
        if NGINX is None:
            pytest.skip("nginx is not installed")
        with (
            serving(plain) as behind,
            serving(nginx_command(behind, folder, certificate), ask=shake) as port,
        ):
            yield port
    elif server == "gunicorn":
        with serving(gunicorn, ask=shake) as port:
            yield port
    else:
        skip_without(server)
        with serving_asgi(server, ASGI_SITE, certificate) as port:
            yield port


@pytest.mark.parametrize("server", [*TOGETHER, *APART])
def test_where_the_fields_hide_the_length_of_the_body(
    server: str, certificate: Path, tmp_path: Path
) -> None:
    with served(server, certificate, tmp_path) as port:
        for protocol in ("http/1.1", "h2") if server in OF_HTTP_2 else ("http/1.1",):
            pages = []
            for number in range(100, 130):
                # A server leaves who does not ask again in time.
                with TlsClient(port, certificate, protocol) as client:
                    pages.append(client.get(f"/search/noise?q={number}", FIELDS))
            # The record with the body is the longest.
            lengths = [max(records) for records in pages]
            # The bodies differ by a few bytes, and the noise of 30 by nearly all of 64.
            assert (max(lengths) - min(lengths) > 30) == (server in TOGETHER), pages


def test_the_page_says_which_servers_send_them_together() -> None:
    ((together, apart),) = re.findall(r"in one record by ([^;]*?); in two by ([^.]*?)\.", TEXT)
    assert all(server in together.lower() for server in TOGETHER)
    assert all(server in apart.lower() for server in APART)
