"""Fetch a file from the package index that pip is configured to use, and run nothing of it.

``pip download`` cannot do that for source distributions: to learn what they depend on it
installs whatever their build asks for, in any version, and runs it. So pip is asked for its
configuration alone, and the index is read here (the simple repository API, PEP 503 and PEP 691)
with the indexes, links, proxy, certificates, trusted hosts and credentials that pip would use.
Credentials in a keyring are not looked for.

No index is trusted, whatever it says: the caller knows the file's SHA-256.
"""

from __future__ import annotations

import ast
import base64
import json
import netrc
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote
from urllib.parse import urldefrag
from urllib.parse import urljoin
from urllib.parse import urlsplit
from urllib.request import BaseHandler
from urllib.request import HTTPSHandler
from urllib.request import OpenerDirector
from urllib.request import ProxyHandler
from urllib.request import Request
from urllib.request import build_opener
from urllib.request import url2pathname

from .zstd_pin import sha256_of

SIMPLE_API = "application/vnd.pypi.simple.v1"
ACCEPT = f"{SIMPLE_API}+html, {SIMPLE_API}+json;q=0.9, text/html;q=0.5"
ATTEMPTS = 3
MAX_NBYTES = 64 << 20
"""More is not read of any file, so that no server can fill the memory."""


class Unavailable(Exception):
    """The file is nowhere, or only others under its name; says where was looked."""


def ask_pip(*arguments: str) -> str:
    """Return what a command of pip prints."""
    command = [sys.executable, "-m", "pip", *arguments]
    # Wide, so that no line of the help is broken.
    environment = os.environ | {"COLUMNS": "500"}
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise Unavailable(f"pip does not say which index it uses: {answer.stderr.strip()}")
    return answer.stdout


def read_options() -> dict[str, str]:
    """Return pip's options for downloads: files first, then what is for this command alone."""
    sections: dict[str, dict[str, str]] = {"global": {}, "download": {}, ":env:": {}}
    for line in ask_pip("config", "list").splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in sections:
            sections[section][option] = ast.literal_eval(value)
    return sections["global"] | sections["download"] | sections[":env:"]


def default_index() -> str:
    """Return the index that pip uses when none is configured, as its help has it."""
    text = ask_pip("download", "--help")
    found = re.search(r"--index-url.*?\(default\s+(\S+)\)", text, re.DOTALL)
    if found is None:
        raise Unavailable("pip does not say which index it uses: set PIP_INDEX_URL")
    return found[1]


class Login(BaseHandler):
    """Credentials out of the URLs of indexes, or else out of the netrc file, for each host.

    Looked up for each request, so that a redirection to another host does not take them along.
    """

    def __init__(self, urls: list[str]) -> None:
        parts = [urlsplit(url) for url in urls]
        self._known = {
            part.netloc.rpartition("@")[2]: (
                unquote(part.username),
                unquote(part.password or ""),
            )
            for part in parts
            if part.username is not None
        }
        self._netrc: netrc.netrc | None = None
        with suppress(OSError, netrc.NetrcParseError):
            self._netrc = netrc.netrc(os.environ.get("NETRC"))

    def http_request(self, request: Request) -> Request:
        """Add the field Authorization, if there is something to say."""
        pair = self._known.get(request.host)
        if pair is None and self._netrc is not None:
            entry = self._netrc.authenticators(urlsplit(request.full_url).hostname or "")
            pair = entry and (entry[0], entry[2] or "")
        if pair:
            field = f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}"
            request.add_unredirected_header("Authorization", field)
        return request

    https_request = http_request


def without_credentials(url: str) -> str:
    """Return the URL as it goes into requests and messages."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def tls_context(options: dict[str, str]) -> ssl.SSLContext:
    """Return what pip trusts: the configured certificates, or the system's and its own."""
    bundle = options.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle:
        is_folder = os.path.isdir(bundle)
        context = ssl.create_default_context(
            cafile=None if is_folder else bundle, capath=bundle if is_folder else None
        )
    else:
        context = ssl.create_default_context()
        # Interpreters from python.org have no certificates of their own on macOS.
        with suppress(ImportError, OSError):
            from pip._vendor import certifi  # noqa: PLC0415

            context.load_verify_locations(certifi.where())
    if "client-cert" in options:
        context.load_cert_chain(options["client-cert"])
    return context


class Links(HTMLParser):
    """The links of a page of an index, as they stand there."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a link leads to, and what the page's links are relative to."""
        target = dict(attrs).get("href")
        if target and tag == "a":
            self.found.append(target)
        elif target and tag == "base":
            self.base = target


class Index:
    """All places where pip looks for packages."""

    def __init__(self) -> None:
        options = read_options()
        self._find_links = options.get("find-links", "").split()
        self._urls: list[str] = []
        if options.get("no-index", "0").lower() not in {"1", "true", "yes", "on", "y", "t"}:
            self._urls.append(options.get("index-url") or default_index())
            self._urls += options.get("extra-index-url", "").split()
        self._trusted = set(options.get("trusted-host", "").split())
        self._timeout = float(options.get("timeout") or options.get("default-timeout") or 15)

        proxy = options.get("proxy")
        handlers: list[BaseHandler] = [Login([*self._urls, *self._find_links])]
        if proxy:
            address = proxy if "://" in proxy else f"http://{proxy}"
            handlers.append(ProxyHandler({"http": address, "https": address}))
        careless = ssl.create_default_context()
        careless.check_hostname = False
        careless.verify_mode = ssl.CERT_NONE
        self._opener = build_opener(*handlers, HTTPSHandler(context=tls_context(options)))
        self._careless_opener = build_opener(*handlers, HTTPSHandler(context=careless))

    def pages(self, project: str) -> list[str]:
        """Return the URLs of the pages that may name files of the project."""
        indexes = [f"{url.rstrip('/')}/{project}/" for url in self._urls]
        places = [
            place if "://" in place else Path(place).expanduser().resolve().as_uri()
            for place in self._find_links
        ]
        return [*indexes, *places]

    def read(self, url: str) -> tuple[bytes, str, str]:
        """Return what a URL has, its media type, and the URL that it really came from.

        Raises OSError, HTTPException or ValueError.
        """
        fields = {"Accept": ACCEPT, "User-Agent": "pyfastgz"}
        request = Request(without_credentials(url), headers=fields)
        opener = self._opener_for(request.full_url)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with opener.open(request, timeout=self._timeout) as answer:
                    content = answer.read(MAX_NBYTES)
                    return content, answer.headers.get_content_type(), answer.url
            except (URLError, TimeoutError, HTTPException) as error:  # noqa: PERF203
                # What a server says of a request it says again; what breaks may not.
                is_final = getattr(error, "code", 500) < 500
                if is_final or attempt == ATTEMPTS:
                    raise
        raise AssertionError

    def _opener_for(self, url: str) -> OpenerDirector:
        parts = urlsplit(url)
        is_trusted = {parts.hostname, parts.netloc} & self._trusted
        return self._careless_opener if is_trusted else self._opener

    def links(self, page: str) -> Iterator[str]:
        """Yield the absolute URLs of the files that a page names."""
        folder = Path(url2pathname(urlsplit(page).path)) if page.startswith("file:") else None
        if folder is not None and folder.is_dir():
            if not (folder / "index.html").exists():
                yield from (path.as_uri() for path in sorted(folder.iterdir()))
                return
            page = f"{page.rstrip('/')}/index.html"
        content, media_type, url = self.read(page)
        if media_type.endswith("json"):
            links = [file["url"] for file in json.loads(content)["files"]]
        else:
            parser = Links()
            parser.feed(content.decode("utf-8", "replace"))
            url = urljoin(url, parser.base)
            links = parser.found
        for link in links:
            # The fragment is the hash of a file; urllib would send it to proxies.
            yield urldefrag(urljoin(url, link)).url


def fetch(name: str, sha256: str) -> bytes:
    """Return the content of a project's file, from the first place that has the right one.

    Raises Unavailable.
    """
    index = Index()
    project = re.sub(r"[-_.]+", "-", name.rpartition("-")[0]).lower()
    remarks = []
    for page in index.pages(project):
        shown = without_credentials(page)
        try:
            same_name = [
                link
                for link in index.links(page)
                if unquote(urlsplit(link).path).rpartition("/")[2] == name
            ]
            for link in same_name:
                content, _, _ = index.read(link)
                if sha256_of(content) == sha256:
                    return content
                remarks.append(f"{shown}: the {name} there has another SHA-256")
            if not same_name:
                remarks.append(f"{shown}: no {name}")
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            remarks.append(f"{shown}: {error}")
    raise Unavailable("\n".join([f"{name} with the pinned SHA-256 was not found.", *remarks]))
