"""Which URLs dictionaries are for: patterns made of paths, given by people, and matched."""

from __future__ import annotations

import random
import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.http.patterns import checked_match
from pyfastgz.http.patterns import match_of
from pyfastgz.http.patterns import matches

RANDOM = random.Random(9842)
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="?"), max_size=30)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        # webpack, Django, Next.js, Parcel
        ("/static/app.3f2a9c1b.js", "/static/app.*.js"),
        ("/static/js/2.3f2a9c1b.chunk.js", "/static/js/2.*.chunk.js"),
        ("/static/css/base.27e20196a850.css", "/static/css/base.*.css"),
        (
            "/_next/static/chunks/main-app-4e5f6a7b8c9d0e1f.js",
            "/_next/static/chunks/main-app-*.js",
        ),
        ("/static/app.27E20196A850.css", "/static/app.*.css"),
        # Vite and Rollup
        ("/assets/index-C2xafa1K.js", "/assets/index-*.js"),
        ("/assets/index-DZwrgTdA.js", "/assets/index-*.js"),
        ("/assets/index-B-_x3fa1.js", "/assets/index-*.js"),
        ("/assets/index-55pd--u6.js", "/assets/index-*.js"),
        # esbuild
        ("/assets/app-G7K2LMN4.js", "/assets/app-*.js"),
        ("/assets/app-GXKZLMNQ.js", "/assets/app-*.js"),
        # versions
        ("/static/bootstrap-5.3.2.min.css", "/static/bootstrap-*.min.css"),
        ("/static/jquery-3.7.1-rc.1.min.js", "/static/jquery-*.min.js"),
        ("/static/chart-4.0.0b2.js", "/static/chart-*.js"),
        ("/static/vue@3.4.21/dist/vue.global.js", "/static/vue@*/dist/vue.global.js"),
        ("/v1.2.3/app.js", "/*/app.js"),
        ("/static/report-20240115.css", "/static/report-*.css"),
        # several of them
        ("/static/app-1.2.3-3f2a9c1b.js", "/static/app-*.js"),
        ("/static/app.3f2a9c1b.chunk.27e20196.js", "/static/app.*.chunk.*.js"),
        ("/static/3f2a9c1b/app.3f2a9c1b.js", "/static/*/app.*.js"),
        ("/static/app.3f2a9c1b", "/static/app.*"),
    ],
)
def test_versions_of_a_file_have_one_pattern(path: str, pattern: str) -> None:
    assert match_of(path) == pattern
    assert matches(pattern, path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/favicon.ico",
        "/static/app.js",
        "/static/bootstrap.min.js",
        "/static/bootstrap5.css",
        "/static/defaced.css",
        "/static/facade2.css",
        "/static/2024/report-2024.css",
        "/api/v1/app.js",
        "/static/base64url.js",
        "/static/html5shiv.js",
        "/static/i18next.js",
        "/static/i18nextHttpBackend.min.js",
        "/static/polyfills-es2015.js",
        "/static/sha256sum.js",
        "/static/my-DataGrid.js",
        "/static/Dark-Red.css",
        "/static/roboto-v30-latin-700.woff2",
        "/static/theme-dark-100.css",
    ],
)
def test_words_and_numbers_are_no_hashes(path: str) -> None:
    assert match_of(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "/static/3f2a9c1b.js",
        "/static/3f2a9c1b.min.js",
        "/static/chunk-G7K2LMN4.js",
        "/static/1.2.3.js",
        "/static/3f2a9c1b",
        "/static/3f2a9c1b/",
        "/uploads/27e20196a850-3f2a9c1b.jpg",
        "app.js",
        "//cdn/app.js",
        "",
        "/" + "a" * 2000,
    ],
)
def test_there_is_no_pattern_if_too_little_is_left(path: str) -> None:
    assert match_of(path) is None


@pytest.mark.parametrize(
    ("alphabet", "length", "least"),
    [
        ("0123456789abcdef", 8, 0.97),
        ("0123456789abcdef", 12, 0.99),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 8, 0.99),
        (BASE64URL, 8, 0.93),
    ],
)
def test_nearly_all_hashes_are_known(alphabet: str, length: int, least: float) -> None:
    hashes = ["".join(RANDOM.choices(alphabet, k=length)) for _ in range(2000)]
    known = [match_of(f"/assets/index-{each}.js") == "/assets/index-*.js" for each in hashes]
    assert sum(known) / len(known) > least


def test_what_means_something_in_a_pattern_is_escaped() -> None:
    assert match_of("/static/a(1)*:x+.js") == r"/static/a\(1\)\*{\:}x\+.js"
    assert match_of("/a::3f2a9c1b.js") == r"/a{\:}{\:}3f2a9c1b.js"
    assert match_of("/a:1-3f2a9c1b.js") == r"/a{\:}1-*.js"
    assert match_of("/a:/3f2a9c1b/b") == r"/a{\:}/*/b"
    assert match_of("/a/{x}\\#?.js") == "/a/%7Bx%7D%5C%23%3F.js"


def test_what_is_no_ascii_is_as_in_a_url() -> None:
    assert match_of("/größe 1.css") == "/gr%C3%B6%C3%9Fe%201.css"
    assert match_of("/gr%C3%B6%C3%9Fe%201.css") == "/gr%C3%B6%C3%9Fe%201.css"
    assert match_of("/100%.css") == "/100%25.css"
    assert match_of("/\udcff.css") == "/%FF.css"


@given(TEXT)
def test_a_pattern_of_a_path_matches_it(text: str) -> None:
    pattern = match_of("/" + text)
    if pattern is not None:
        assert pattern.isascii()
        assert pattern.isprintable()
        assert matches(pattern, "/" + text)
        if not {".", ".."}.intersection(pattern.split("/")):
            assert checked_match(pattern) == pattern


@pytest.mark.parametrize(
    ("given_pattern", "sent"),
    [
        ("/*", "/*"),
        ("/", "/"),
        ("/shop/*/reviews", "/shop/*/reviews"),
        ("/größe/*", "/gr%C3%B6%C3%9Fe/*"),
        (r"/wiki/Main\:*", r"/wiki/Main{\:*}"),
        (r"/\:\:*\:/", r"/{\:}{\:*}{\:}/"),
    ],
)
def test_paths_with_stars_may_be_given(given_pattern: str, sent: str) -> None:
    assert checked_match(given_pattern) == sent
    assert checked_match(sent) == sent


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("", "begins with a slash"),
        ("shop/*", "begins with a slash"),
        ("https://shop.example/*", "without scheme and host"),
        ("//shop.example/*", "as a host does"),
        ("/shop?*", "query"),
        ("/shop#top", "fragment"),
        ("/shop/**", "two stars"),
        ("/shop/:id", r"write \\:"),
        ("/shop/(.*)", r"write \\\("),
        ("/shop{/x}", r"write \\\{"),
        ("/shop+", r"write \\\+"),
        ("/shop/\\", "ends in a backslash"),
        ("/shop/\\d", "needs none"),
        ("/shop/\n", "control character"),
        ("/shop/\udcff", "Unicode"),
        ("/shop/../*", "only dots"),
        ("/" + "x" * 1024, "1024"),
    ],
)
def test_other_patterns_are_refused_with_the_reason(pattern: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        checked_match(pattern)


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("/*", "/", True),
        ("/*", "/a/b?c", True),
        ("/a", "/a", True),
        ("/a", "/a?v=2", True),
        ("/a", "/a/", False),
        ("/a/*", "/a", False),
        ("/app.*.js", "/app.1.js", True),
        ("/app.*.js", "/app.js", False),
        ("/app.*.js", "/app.1.css", False),
        ("/app.*.js", "/app.1.css?x.js", False),
        ("/a*a", "/a", False),
        ("/a*b*c", "/abbcc", True),
        ("/a*b*c", "/acb", False),
        (r"/a\*", "/a*", True),
        (r"/a\*", "/ab", False),
        (r"/a{\:}b", "/a:b", True),
        (r"/a{\:*}b", "/a:xb", True),
        (r"/a{\:*}b", "/ab", False),
        ("/gr%C3%B6%C3%9Fe", "/größe", True),
    ],
)
def test_stars_match_any_characters(pattern: str, path: str, is_match: bool) -> None:
    assert matches(pattern, path) is is_match


@given(st.text("ab/*", max_size=12), st.text("ab/", max_size=16))
def test_matching_is_that_of_stars(text: str, path: str) -> None:
    pattern = re.sub(r"\*+", "*", text)
    assert matches(f"/{pattern}", f"/{path}") is bool(
        re.match(translate(f"/{pattern}"), f"/{path}")
    )


def test_many_stars_take_no_long() -> None:
    assert not matches("/" + "a*" * 400 + "b", "/" + "a" * 100_000)
