"""A client of TLS that tells the lengths of records, which are no secret on the way."""

from __future__ import annotations

import datetime
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.connection import H2Connection
from h2.events import StreamEnded

from tools.kit.client import TIMEOUT_SECONDS

_T = TypeVar("_T")

APPLICATION_DATA = 23
"""The type of the records that have all that is encrypted (RFC 8446 section 5.1)."""


def make_certificate(folder: Path) -> Path:
    """Write a certificate for this machine and its key into one file, and return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class TlsClient:
    """A connection to a server on this machine.

    :param certificate: of the server.
    :param protocol: as ALPN names it.
    """

    def __init__(self, port: int, certificate: Path, protocol: str = "http/1.1") -> None:
        context = ssl.create_default_context(cafile=str(certificate))
        context.set_alpn_protocols([protocol])
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname="127.0.0.1")
        self._unparsed = b""
        self._http_2: H2Connection | None = None
        self.records: list[int] = []
        """The lengths of the records that came, of those that are encrypted."""
        try:
            self._shake_hands(protocol)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> TlsClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def get(self, target: str, fields: Mapping[str, str]) -> list[int]:
        """Send a request, and return the lengths of the records that its answer comes in."""
        self.records.clear()
        if self._http_2 is None:
            self._get_1(target, fields)
        else:
            self._get_2(target, fields)
        return list(self.records)

    def _shake_hands(self, protocol: str) -> None:
        self._when_there(self._tls.do_handshake)
        # A server may leave out what it takes for granted.
        assert self._tls.selected_alpn_protocol() in {protocol, None}
        if protocol == "h2":
            self._http_2 = H2Connection()
            self._http_2.initiate_connection()
            self._write(self._http_2.data_to_send())

    def _get_1(self, target: str, fields: Mapping[str, str]) -> None:
        lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self._write("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._read()
        head = received.partition(b"\r\n\r\n")[0]
        (length,) = re.findall(rb"(?im)^content-length: (\d+)\r?$", head)
        missing = len(head) + 4 + int(length) - len(received)
        while missing > 0:
            missing -= len(self._read())

    def _get_2(self, target: str, fields: Mapping[str, str]) -> None:
        connection = self._http_2
        assert connection is not None
        lines = [
            (":method", "GET"),
            (":path", target),
            (":scheme", "https"),
            (":authority", "127.0.0.1"),
            *((name.lower(), value) for name, value in fields.items()),
        ]
        connection.send_headers(connection.get_next_available_stream_id(), lines, True)
        self._write(connection.data_to_send())
        while True:
            events = connection.receive_data(self._read())
            self._write(connection.data_to_send())
            if any(isinstance(event, StreamEnded) for event in events):
                return

    def _write(self, data: bytes) -> None:
        if data:
            self._tls.write(data)
        self._socket.sendall(self._out.read())

    def _read(self) -> bytes:
        data = self._when_there(lambda: self._tls.read(1 << 16))
        assert data, "the server closed the connection"
        return data

    def _when_there(self, do: Callable[[], _T]) -> _T:
        """Do what may need more than has come."""
        while True:
            with suppress(ssl.SSLWantReadError):
                return do()
            self._pull()

    def _pull(self) -> None:
        """Take what comes from the network, and note which records there are."""
        self._socket.sendall(self._out.read())
        data = self._socket.recv(1 << 16)
        assert data, "the server closed the connection"
        self._in.write(data)
        self._unparsed += data
        while len(self._unparsed) >= 5:
            end = 5 + int.from_bytes(self._unparsed[3:5], "big")
            if len(self._unparsed) < end:
                break
            if self._unparsed[0] == APPLICATION_DATA:
                self.records.append(end - 5)
            self._unparsed = self._unparsed[end:]


def shake_hands(certificate: Path, port: int) -> None:
    """Connect to a server, as it wants to be asked."""
    with TlsClient(port, certificate):
        pass
