"""Files come from wherever pip is configured to look, and only with the right hash."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from pip._internal.models.index import PyPI

from tools.package_index import Unavailable
from tools.package_index import default_index
from tools.package_index import fetch

NAME = "some_thing-1.0.tar.gz"
CONTENT = b"the archive"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HTML = "text/html; charset=utf-8"
JSON = "application/vnd.pypi.simple.v1+json"
PAGE = f'<!DOCTYPE html><a href="../../files/{NAME}#sha256=0">{NAME}</a>'


class Server(ThreadingHTTPServer):
    """Answers from ``pages`` and notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.redirections: dict[str, str] = {}
        self.failures: dict[str, int] = {}
        self.wanted_login: str | None = None
        self.asked: list[tuple[str, str | None]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def add(self, path: str, content: bytes | str, media_type: str = HTML) -> None:
        content = content.encode() if isinstance(content, str) else content
        self.pages[path] = (media_type, content)

    def add_index(self, prefix: str = "", content: bytes = CONTENT) -> None:
        self.add(f"{prefix}/simple/some-thing/", PAGE)
        self.add(f"{prefix}/files/{NAME}", content)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        login = self.headers["Authorization"]
        self.server.asked.append((self.path, login))
        left = self.server.failures.get(self.path, 0)
        self.server.failures[self.path] = left - 1
        if left > 0:
            self.send_error(503)
        elif self.server.wanted_login and login != self.server.wanted_login:
            self.send_error(401)
        elif self.path in self.server.redirections:
            self.send_response(302)
            self.send_header("Location", self.server.redirections[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path in self.server.pages:
            media_type, content = self.server.pages[self.path]
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="start")
def start_servers() -> Iterator[Callable[[], Server]]:
    servers = []

    def start() -> Server:
        server = Server()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(name="server")
def start_server(start: Callable[[], Server]) -> Server:
    return start()


@pytest.fixture(autouse=True)
def hide_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("NETRC", os.devnull)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


def test_without_configuration_it_is_the_index_of_pip() -> None:
    assert default_index() == PyPI.simple_url


def test_an_index_below_a_path(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add_index("/repository/pypi")
    for end in ("", "/"):
        url = f"http://{server.host}/repository/pypi/simple{end}"
        monkeypatch.setenv("PIP_INDEX_URL", url)
        assert fetch(NAME, SHA256) == CONTENT


def test_an_index_in_json(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [{"filename": NAME, "url": f"../../files/{NAME}", "hashes": {}}]
    server.add_index()
    server.add("/simple/some-thing/", json.dumps({"files": files}), JSON)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.host}/simple")
    assert fetch(NAME, SHA256) == CONTENT


def test_links_relative_to_a_base(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add("/simple/some-thing/", f'<base href="/x/"><a href="{NAME}">any name</a>')
    server.add(f"/x/{NAME}", CONTENT)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.host}/simple")
    assert fetch(NAME, SHA256) == CONTENT


def test_a_page_that_moved(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add_index("/elsewhere")
    server.redirections["/simple/some-thing/"] = "/elsewhere/simple/some-thing/"
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.host}/simple")
    assert fetch(NAME, SHA256) == CONTENT


def test_a_server_that_is_busy_is_asked_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_index()
    server.failures[f"/files/{NAME}"] = 2
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.host}/simple")
    assert fetch(NAME, SHA256) == CONTENT


def test_an_index_that_wants_a_password(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_index()
    server.wanted_login = basic("me:p@ss")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:p%40ss@{server.host}/simple")
    assert fetch(NAME, SHA256) == CONTENT


def test_a_password_in_the_netrc_file(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.add_index()
    server.wanted_login = basic("me:100%25")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password 100%25\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.host}/simple")
    assert fetch(NAME, SHA256) == CONTENT


def test_passwords_are_for_their_host_alone(
    start: Callable[[], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, storage = start(), start()
    index.add_index()
    index.redirections[f"/files/{NAME}"] = f"http://{storage.host}/{NAME}"
    storage.add(f"/{NAME}", CONTENT)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:secret@{index.host}/simple")
    assert fetch(NAME, SHA256) == CONTENT
    assert {login for _, login in index.asked} == {basic("me:secret")}
    assert storage.asked == [(f"/{NAME}", None)]


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy(server: Server, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    server.add("http://index.invalid/simple/some-thing/", PAGE)
    server.add(f"http://index.invalid/files/{NAME}", CONTENT)
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.invalid/simple")
    monkeypatch.setenv("PIP_PROXY", f"{scheme}{server.host}")
    assert fetch(NAME, SHA256) == CONTENT


def test_the_proxy_of_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add("http://index.invalid/simple/some-thing/", PAGE)
    server.add(f"http://index.invalid/files/{NAME}", CONTENT)
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.invalid/simple")
    monkeypatch.setenv("http_proxy", f"http://{server.host}")
    assert fetch(NAME, SHA256) == CONTENT


@pytest.fixture(name="certificate")
def make_certificate(server: Server, tmp_path: Path) -> Path:
    """Have the server speak TLS, with a certificate that nobody knows."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    certificate = tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -days 2"
    options = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(certificate)]
    subprocess.run(
        [*command.split(), *options, "-out", str(tmp_path / "public.pem")],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    public = (tmp_path / "public.pem").read_text()
    certificate.write_text(certificate.read_text() + public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return tmp_path / "public.pem"


@pytest.mark.usefixtures("certificate")
def test_a_certificate_that_nobody_knows(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_index()
    monkeypatch.setenv("PIP_INDEX_URL", f"https://{server.host}/simple")
    with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(NAME, SHA256)


@pytest.mark.usefixtures("certificate")
@pytest.mark.parametrize("has_port", [False, True])
def test_a_trusted_host(
    server: Server, monkeypatch: pytest.MonkeyPatch, has_port: bool
) -> None:
    server.add_index()
    monkeypatch.setenv("PIP_INDEX_URL", f"https://{server.host}/simple")
    monkeypatch.setenv("PIP_TRUSTED_HOST", server.host if has_port else "127.0.0.1")
    assert fetch(NAME, SHA256) == CONTENT


@pytest.mark.parametrize("name", ["PIP_CERT", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_that_pip_is_told_of(
    server: Server, monkeypatch: pytest.MonkeyPatch, certificate: Path, name: str
) -> None:
    server.add_index()
    monkeypatch.setenv("PIP_INDEX_URL", f"https://{server.host}/simple")
    monkeypatch.setenv(name, str(certificate))
    assert fetch(NAME, SHA256) == CONTENT


def test_a_folder_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for place in (str(tmp_path), tmp_path.as_uri()):
        monkeypatch.setenv("PIP_FIND_LINKS", place)
        assert fetch(NAME, SHA256) == CONTENT


def test_a_page_with_links(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add("/downloads.html", f'<a href="{NAME}">')
    server.add(f"/{NAME}", CONTENT)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", f"http://{server.host}/downloads.html")
    assert fetch(NAME, SHA256) == CONTENT


def test_an_index_that_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("simple/some-thing", "files"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "simple" / "some-thing" / "index.html").write_text(PAGE)
    (tmp_path / "files" / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    assert fetch(NAME, SHA256) == CONTENT


def test_what_is_configured_for_downloads_goes_first(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_index()
    configuration = tmp_path / "pip.conf"
    configuration.write_text(
        "[global]\nindex-url = http://127.0.0.1:9/simple\n"
        f"[download]\nindex-url = http://{server.host}/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    assert fetch(NAME, SHA256) == CONTENT


def test_another_file_of_the_name_is_passed_over(
    start: Callable[[], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = start(), start()
    bad.add_index(content=b"something else")
    good.add_index()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{bad.host}/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"http://{good.host}/simple")
    assert fetch(NAME, SHA256) == CONTENT


def test_when_it_is_nowhere_each_place_is_named_without_passwords(
    start: Callable[[], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, empty = start(), start()
    bad.add_index(content=b"something else")
    empty.add("/simple/some-thing/", '<a href="some_thing-2.0.tar.gz">')
    places = [f"http://me:secret@{bad.host}/simple", f"http://{empty.host}/simple"]
    monkeypatch.setenv("PIP_INDEX_URL", places[0])
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{places[1]}\nhttp://127.0.0.1:9/simple")
    with pytest.raises(Unavailable) as caught:
        fetch(NAME, SHA256)
    message = str(caught.value)
    assert f"http://{bad.host}/simple/some-thing/: the {NAME} there has another" in message
    assert f"http://{empty.host}/simple/some-thing/: no {NAME}" in message
    assert "http://127.0.0.1:9/simple/some-thing/: " in message
    assert "secret" not in message


@pytest.mark.parametrize("page", ["", "\0", "<a>", "<a href>", "<a href='http://['>", "{}"])
def test_pages_that_are_none(
    server: Server, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{server.host}/simple")
    for media_type in (HTML, JSON):
        server.add("/simple/some-thing/", page, media_type)
        with pytest.raises(Unavailable):
            fetch(NAME, SHA256)
