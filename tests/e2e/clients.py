"""Clients that others wrote, behind one interface; they decode by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Generator
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from typing import Protocol
from typing import TypeVar

import aiohttp
import httpx
import requests
import urllib3

from tools.kit.client import TIMEOUT_SECONDS

_T = TypeVar("_T")

Pieces = Generator[bytes, None, None]
"""A body as it arrives, decoded; closing it ends the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What a client made of a response."""

    status: int
    fields: Mapping[str, str]
    """By name in any case."""
    body: bytes
    """Decoded."""


class Client(Protocol):
    """A client of one server, given as ``"http://host:port"``."""

    offered: str
    """The codings that it can decode, as it says in Accept-Encoding."""

    @property
    def failure(self) -> type[Exception]:
        """What it raises when a body ends too early."""

    def fetch(self, path: str, fields: Mapping[str, str], method: str = "GET") -> Got:
        """Send a request and read the whole answer."""

    def pieces(self, path: str, fields: Mapping[str, str]) -> Pieces:
        """Send a request and yield the body as it arrives."""

    def close(self) -> None:
        """Close all connections."""


class Requests:
    failure = requests.exceptions.ChunkedEncodingError

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._session = requests.Session()
        # Proxies of the machine would be asked otherwise.
        self._session.trust_env = False
        self.offered = str(self._session.headers["Accept-Encoding"])

    def fetch(self, path: str, fields: Mapping[str, str], method: str = "GET") -> Got:
        response = self._session.request(
            method, self._origin + path, headers=fields, timeout=TIMEOUT_SECONDS
        )
        return Got(status=response.status_code, fields=response.headers, body=response.content)

    def pieces(self, path: str, fields: Mapping[str, str]) -> Pieces:
        with self._session.get(
            self._origin + path, headers=fields, timeout=TIMEOUT_SECONDS, stream=True
        ) as response:
            yield from response.iter_content(None)

    def close(self) -> None:
        self._session.close()


class Urllib3:
    failure = urllib3.exceptions.ProtocolError

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._pool = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False)
        # It says so only if asked to.
        self._offer = urllib3.util.make_headers(accept_encoding=True)
        self.offered = self._offer["accept-encoding"]

    def _request(
        self, method: str, path: str, fields: Mapping[str, str], *, stream: bool
    ) -> urllib3.BaseHTTPResponse:
        headers = urllib3.HTTPHeaderDict(self._offer)
        headers.update(fields)
        return self._pool.request(
            method, self._origin + path, headers=headers, preload_content=not stream
        )

    def fetch(self, path: str, fields: Mapping[str, str], method: str = "GET") -> Got:
        response = self._request(method, path, fields, stream=False)
        return Got(status=response.status, fields=response.headers, body=response.data)

    def pieces(self, path: str, fields: Mapping[str, str]) -> Pieces:
        with closing(self._request("GET", path, fields, stream=True)) as response:
            # With chunks, it leaves them coded unless told.
            yield from response.stream(None, decode_content=True)

    def close(self) -> None:
        self._pool.clear()


class Httpx:
    failure = httpx.RemoteProtocolError

    def __init__(self, origin: str) -> None:
        self._client = httpx.Client(base_url=origin, timeout=TIMEOUT_SECONDS, trust_env=False)
        self.offered = self._client.headers["Accept-Encoding"]

    def fetch(self, path: str, fields: Mapping[str, str], method: str = "GET") -> Got:
        response = self._client.request(method, path, headers=fields)
        return Got(status=response.status_code, fields=response.headers, body=response.content)

    def pieces(self, path: str, fields: Mapping[str, str]) -> Pieces:
        with self._client.stream("GET", path, headers=fields) as response:
            yield from response.iter_bytes()

    def close(self) -> None:
        self._client.close()


class _Asynchronous:
    """Runs an event loop while somebody waits for a result."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return self._loop.run_until_complete(coroutine)

    def fetch(self, path: str, fields: Mapping[str, str], method: str = "GET") -> Got:
        return self._run(self._fetch(path, fields, method))

    def pieces(self, path: str, fields: Mapping[str, str]) -> Pieces:
        pieces = self._pieces(path, fields)
        try:
            while piece := self._run(anext(pieces, b"")):
                yield piece
        finally:
            self._run(pieces.aclose())

    async def _fetch(self, path: str, fields: Mapping[str, str], method: str) -> Got:
        raise NotImplementedError

    def _pieces(self, path: str, fields: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError

    async def _close(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._run(self._close())
        self._loop.close()


class AsyncHttpx(_Asynchronous):
    failure = httpx.RemoteProtocolError

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._client = httpx.AsyncClient(
            base_url=origin, timeout=TIMEOUT_SECONDS, trust_env=False
        )
        self.offered = self._client.headers["Accept-Encoding"]

    async def _fetch(self, path: str, fields: Mapping[str, str], method: str) -> Got:
        response = await self._client.request(method, path, headers=fields)
        return Got(status=response.status_code, fields=response.headers, body=response.content)

    async def _pieces(
        self, path: str, fields: Mapping[str, str]
    ) -> AsyncGenerator[bytes, None]:
        async with self._client.stream("GET", path, headers=fields) as response:
            async for piece in response.aiter_bytes():
                yield piece

    async def _close(self) -> None:
        await self._client.aclose()


class Aiohttp(_Asynchronous):
    failure = aiohttp.ClientPayloadError

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._session = self._run(self._open(origin))
        self.offered = self._run(self._default_accept_encoding())

    async def _open(self, origin: str) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(sock_read=TIMEOUT_SECONDS)
        return aiohttp.ClientSession(origin, timeout=timeout)

    async def _default_accept_encoding(self) -> str:
        async with self._session.get("/health") as response:
            return response.request_info.headers["Accept-Encoding"]

    async def _fetch(self, path: str, fields: Mapping[str, str], method: str) -> Got:
        async with self._session.request(method, path, headers=fields) as response:
            body = await response.read()
            return Got(status=response.status, fields=response.headers, body=body)

    async def _pieces(
        self, path: str, fields: Mapping[str, str]
    ) -> AsyncGenerator[bytes, None]:
        async with self._session.get(path, headers=fields) as response:
            async for piece in response.content.iter_any():
                yield piece

    async def _close(self) -> None:
        await self._session.close()


CLIENTS: dict[str, Callable[[str], Client]] = {
    "requests": Requests,
    "urllib3": Urllib3,
    "httpx": Httpx,
    "httpx-async": AsyncHttpx,
    "aiohttp": Aiohttp,
}
"""All of them by name, called with the server."""
