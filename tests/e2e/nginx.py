"""Starts nginx as a proxy that caches, or does TLS, with all its files in one folder."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
from pathlib import Path

from tools.kit.server import Command

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
"""The path of the program; None where it is not installed."""

_START = """
{user}
# Two would not agree at once on what is kept: a client has its answer before it is stored.
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    proxy_temp_path {folder}/proxy;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    proxy_cache_path {folder}/cache keys_zone=pages:1m inactive=1h;
    upstream application {{
        server 127.0.0.1:{behind};
        keepalive 8;
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_cache_key $request_uri;
    proxy_cache_valid 200 1h;
    proxy_cache_revalidate on;
    # Whoever asks for what is on its way into the cache waits until it is there.
    proxy_cache_lock on;
    add_header X-Cache-Status $upstream_cache_status always;
"""

_CACHING = """
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://application/;
            proxy_cache pages;
        }}
        location /uncached/ {{
            proxy_pass http://application/;
        }}
        location /ranges/ {{
            proxy_pass http://application/;
            proxy_cache pages;
            proxy_force_ranges on;
        }}
        location /gzip/ {{
            proxy_pass http://application/;
            proxy_cache pages;
            gzip on;
            gzip_proxied any;
            gzip_min_length 1;
            gzip_types *;
            gzip_vary on;
        }}
    }}
}}
"""


_SECURE = """
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        location / {{
            proxy_pass http://application/;
        }}
    }}
}}
"""


def nginx_command(behind: int, folder: Path, certificate: Path | None = None) -> Command:
    """Return the command that starts nginx, for ``serving``.

    :param behind: the port of the application.
    :param folder: an empty one.
    :param certificate: and its key, in one file, for TLS and HTTP/2, with nothing set that
        nginx does unless told otherwise; None for the caching proxy.
    """
    configuration = _START + (_CACHING if certificate is None else _SECURE)

    def command(descriptor: int) -> list[str]:
        with socket.socket(fileno=os.dup(descriptor)) as listener:
            port = listener.getsockname()[1]
        # A worker that found no connection to accept must not wait for one: its other
        # connections would wait with it.
        os.set_blocking(descriptor, False)
        file = folder / "nginx.conf"
        # Without a user, workers give up root's rights, and cannot write to root's folders.
        user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
        file.write_text(
            configuration.format(
                user=user, folder=folder, behind=behind, port=port, certificate=certificate
            )
        )
        options = ["-p", str(folder), "-e", "stderr", "-c", str(file)]
        # This is how a new version of nginx takes over the sockets of the old one.
        return ["env", f"NGINX={descriptor};", str(NGINX), *options]

    return command
