from __future__ import annotations

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from pyfastgz.http import negotiation
from pyfastgz.http.negotiation import IDENTITY
from pyfastgz.http.negotiation import MAX_HEADER_LENGTH
from pyfastgz.http.negotiation import CodingsBySize
from pyfastgz.http.negotiation import choose

ALL = ("zstd", "br", "gzip", "deflate")
GBD = ("gzip", "br", "deflate")


def coding(header: str | None, codings: tuple[str, ...] = ALL) -> str | None:
    return choose(header, codings).coding


def test_r1_no_accept_encoding_is_identity() -> None:
    assert choose(None, ALL) == IDENTITY


@pytest.mark.parametrize("header", ["", " ", ",", " , ,", "\t"])
def test_r2_empty_value_is_identity(header: str) -> None:
    assert choose(header, ALL) == IDENTITY


@pytest.mark.parametrize("zero", ["0", "0.", "0.0", "0.00", "0.000", "0.0000", "00", ".0"])
def test_r3_zero_is_never_chosen(zero: str) -> None:
    assert coding(f"zstd;q={zero}") is None
    assert coding(f"zstd;q={zero}, *") == "br"
    assert coding(f"*, zstd;q={zero}") == "br"
    assert coding(f"zstd;q={zero}, gzip;q=0.1") == "gzip"


def test_r3_refusal_wins_over_repeated_consent() -> None:
    assert coding("gzip;q=0, gzip;q=1") is None
    assert coding("gzip, gzip;q=0") is None
    assert coding("gzip;q=1;q=0") is None
    assert coding("x-gzip;q=0, gzip") is None


def test_r4_wildcard_covers_only_unlisted_codings() -> None:
    assert coding("zstd;q=0, br;q=0, gzip;q=0, *") == "deflate"
    assert coding("zstd;q=0, br;q=0, gzip;q=0, deflate;q=0, *") is None
    assert coding("*;q=0, gzip") == "gzip"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("zstd;q=0.8, br;q=0.9, gzip;q=0.5", "br"),
        ("deflate, br;q=0.999, gzip;q=0.5", "deflate"),
        ("gzip;q=0.001", "gzip"),
        ("gzip;q=0.5, br;q=0.5, zstd;q=0.5", "zstd"),
        ("deflate, gzip", "gzip"),
        ("br, gzip, deflate, zstd", "zstd"),
        ("compress, sdch", None),
    ],
)
def test_r5_highest_weight_then_server_order(header: str, expected: str | None) -> None:
    assert coding(header) == expected


def test_r5_ties_follow_the_order_given() -> None:
    assert coding("zstd, br, gzip", ("gzip", "br", "zstd")) == "gzip"


@pytest.mark.parametrize(
    "header",
    [
        "gzip;q=0.5,br;q=1",
        "GZIP;Q=0.5, BR",
        "gzip ;q=0.5 ,\tbr",
        "gzip; q=0.5, br; q=1.000",
        ",, gzip;\tq=0.5,, br ,",
        "br;q=1, , gzip;q=0.50",
        "gzip;q = 0.5, br;level=9;q=1",
    ],
)
def test_r6_spelling_does_not_matter(header: str) -> None:
    assert coding(header) == "br"


@pytest.mark.parametrize(
    "weight",
    [
        "",
        "x",
        "-1",
        "-0.5",
        "nan",
        "inf",
        "infinity",
        "1e3",
        "0x1",
        '"1"',
        "1.1",
        "2",
        "१",
        "+1",
        "1_0",
    ],
)
def test_r7_malformed_weight_is_no_consent(weight: str) -> None:
    assert coding(f"gzip;q={weight}") is None
    assert coding(f"gzip;q={weight}, *", ("gzip",)) is None
    assert coding(f"*;q={weight}") is None
    assert coding(f"gzip;q={weight};q=1") is None


@pytest.mark.parametrize("header", ["identity;q=x", "*;q=x", "identity;q=", "*;q=-1"])
def test_r7_malformed_weight_does_not_refuse_identity(header: str) -> None:
    assert choose(header, ALL) == IDENTITY


def test_r7_weight_without_a_value_is_no_consent() -> None:
    assert coding("gzip;q") is None


def test_r8_x_gzip_is_gzip() -> None:
    assert coding("x-gzip") == "gzip"
    assert coding("X-GZip;q=0.3, br;q=0.2") == "gzip"
    assert coding("x-gzip;q=0.1, gzip;q=0.9, br;q=0.5") == "gzip"


@pytest.mark.parametrize(
    "header",
    [
        "identity;q=1, br;q=0.5",
        "identity;q=0.6, gzip;q=0.5",
        "identity;q=0.8, *;q=0.5",
        "identity, *;q=0",
        "identity",
    ],
)
def test_r9_identity_with_the_higher_weight_wins(header: str) -> None:
    assert choose(header, ALL) == IDENTITY


@pytest.mark.parametrize("header", ["gzip, identity", "identity;q=0.5, gzip;q=0.5"])
def test_r9_a_coding_wins_a_tie_with_identity(header: str) -> None:
    assert coding(header) == "gzip"


def test_r9_identity_named_outright_wins_a_tie_with_the_wildcard() -> None:
    assert coding("identity, *") is None
    assert coding("identity;q=0.5, *;q=0.9") == "zstd"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("identity;q=0, gzip", ("gzip", True)),
        ("gzip, *;q=0", ("gzip", True)),
        ("identity;q=0, *", ("zstd", True)),
        ("identity;q=0", (None, True)),
        ("*;q=0", (None, True)),
        ("compress, *;q=0", (None, True)),
        ("gzip, *;q=0, identity;q=0.1", ("gzip", False)),
        ("gzip", ("gzip", False)),
        ("*", ("zstd", False)),
        ("identity;q=0;q=1, gzip", ("gzip", True)),
    ],
)
def test_r10_refused_identity_is_told_apart(
    header: str, expected: tuple[str | None, bool]
) -> None:
    assert choose(header, ALL) == expected


def test_r11_wildcard_never_means_a_dictionary_coding() -> None:
    assert coding("*", ("dcb", "dcz", "gzip")) == "gzip"
    assert coding("*", ("dcb", "dcz")) is None
    assert coding("dcz, *", ("dcb", "dcz", "gzip")) == "dcz"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("br;q=0.001, *", "br"),
        ("br;q=0.5, *;q=0.8", "br"),
        ("*", "gzip"),
        ("future-algo, *", "gzip"),
        ("identity;q=1, br;q=0.5, *;q=0", None),
        ("identity;q=1, *;q=0", None),
        ("*;q=0", None),
    ],
)
def test_c4_named_codings_and_the_wildcard(header: str, expected: str | None) -> None:
    assert coding(header, GBD) == expected


def test_no_codings_enabled() -> None:
    assert coding("gzip, *", ()) is None


def test_r50_oversized_values_are_not_looked_at() -> None:
    padding = "x" * MAX_HEADER_LENGTH
    assert choose(f"gzip, {padding}", ALL) == IDENTITY
    assert choose(f"*, {padding}, gzip;q=0, identity;q=0", ALL) == IDENTITY


def test_r50_oversized_values_are_not_remembered() -> None:
    before = negotiation._choose.cache_info().currsize
    choose("gzip" + "," * MAX_HEADER_LENGTH, ALL)
    assert negotiation._choose.cache_info().currsize == before


def test_r50_what_is_remembered_is_bounded() -> None:
    maxsize = negotiation._choose.cache_info().maxsize
    assert maxsize is not None
    for number in range(maxsize + 50):
        choose(f"gzip, x{number}", ALL)
    assert negotiation._choose.cache_info().currsize == maxsize


names = st.sampled_from([*ALL, "x-gzip", "identity", "*", "dcz", "", "BR", "compress"])
weights = st.sampled_from(
    ["", ";q=0", ";q=0.0", ";q=1", ";q=0.5", ";Q=0.001", ";q=", ";q=x", "; q = 1", ";a=b", ";"]
)
soup = st.lists(
    st.one_of(st.tuples(names, weights).map("".join), st.text(max_size=12)), max_size=10
).map(",".join)


@given(soup)
@example("gzip;q=0;;;,,*;q=")
def test_any_header_gives_an_enabled_coding_or_none(header: str) -> None:
    chosen, refused = choose(header, GBD)
    assert chosen in {*GBD, None}
    assert isinstance(refused, bool)


@given(soup, st.sampled_from(GBD), st.sampled_from([";q=0", ";q=0.000", ";q=x", ";q=-1"]))
def test_a_refused_coding_is_never_chosen_whatever_else_is_said(
    header: str, name: str, refusal: str
) -> None:
    assert coding(f"{header},{name}{refusal}", GBD) != name
    assert coding(f"{name}{refusal},{header}", GBD) != name


@given(soup)
def test_nothing_is_chosen_that_the_header_does_not_mention(header: str) -> None:
    chosen = coding(header, GBD)
    assert chosen is None or chosen in header.lower() or "*" in header


@given(st.permutations(["zstd;q=0.2", "br;q=0.7", "gzip;q=0.7", "identity;q=0.3", "*;q=0.9"]))
def test_order_of_members_does_not_matter(members: list[str]) -> None:
    assert coding(", ".join(members)) == "br"


def test_codings_by_size() -> None:
    codings = CodingsBySize(("gzip", "zstd"), ["zstd", "gzip"], 1000)
    assert tuple(codings) == ("gzip", "zstd")
    assert codings.order(999) == ("gzip", "zstd")
    assert codings.order(1000) == ("zstd", "gzip")
    assert codings.order(None) == ("zstd", "gzip")
