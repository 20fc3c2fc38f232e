"""An application whose pages have one layout: 20 KB of it, and some sentences of their own."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator

from flask import Flask
from flask import Response
from flask import make_response
from flask import redirect
from flask import session
from werkzeug.wrappers import Response as BaseResponse

_WORDS = [f"{start}{end}" for start in "balkimrestovu" for end in ("ra", "lin", "mept", "os")]


def _sentences(seed: str, count: int) -> str:
    chooser = random.Random(seed)
    return " ".join(
        " ".join(chooser.choices(_WORDS, k=9)).capitalize() + "." for _ in range(count)
    )


def _script(number: int) -> str:
    names = random.Random(number).sample(_WORDS, 6)
    return "".join(
        f"function {name}{number}(event) {{ show('{name}', event.target, {number}); }}\n"
        for name in names
    )


_STYLE = "".join(
    f".{word} {{ margin: {number}px {number % 7}px; color: #{number * 4567 % 4096:03x}; }}\n"
    for number, word in enumerate(_WORDS)
)
_MENU = "".join(
    f'<li class="item" id="{word}"><a href="/topic/{word}">{_sentences(word, 3)}</a></li>\n'
    for word in _WORDS
)
_FOOT = "".join(f"<p>{_sentences(f'foot {number}', 4)}</p>\n" for number in range(20))


def _page(name: str, nonce: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{name} - the shop</title>
<style nonce="{nonce}">
{_STYLE}</style>
<script nonce="{nonce}">
{"".join(map(_script, range(11)))}</script>
</head>
<body>
<nav><ul>
{_MENU}</ul></nav>
<main>
<h1>{name}</h1>
<p>{_sentences(name, 9)}</p>
<form method="post">
<input type="hidden" name="csrf_token" value="{secrets.token_hex(20)}">
</form>
</main>
<footer>
{_FOOT}</footer>
</body>
</html>
"""


def create_app() -> Flask:
    """Return the application, without the extension."""
    app = Flask(__name__)
    app.secret_key = "a secret of the test"

    @app.get("/page/<name>")
    def page(name: str) -> str:
        return _page(name, secrets.token_urlsafe(16))

    @app.get("/account")
    def account() -> BaseResponse:
        return redirect("/login")

    @app.get("/login")
    def login() -> str:
        session["csrf_token"] = secrets.token_hex(20)
        return _page("login", "x")

    @app.get("/mine")
    def mine() -> Response:
        response = make_response(_page("mine", "x"))
        response.headers["Cache-Control"] = "max-age=60, private"
        return response

    @app.get("/picture")
    def picture() -> Response:
        return Response(b"\x89PNG" * 500, mimetype="image/png")

    @app.get("/events")
    def events() -> Response:
        return Response(iter(["data: 1\n\n"]), mimetype="text/event-stream")

    @app.get("/empty")
    def empty() -> str:
        return ""

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError("nothing to divide by")

    @app.get("/breaks-off")
    def breaks_off() -> Response:
        def chunks() -> Iterator[str]:
            yield "<p>the first"
            raise ZeroDivisionError("in the middle")

        return Response(chunks(), mimetype="text/html")

    @app.get("/noise/<int:number>")
    def noise(number: int) -> Response:
        return Response(random.Random(number).randbytes(6000).hex(), mimetype="text/plain")

    return app
