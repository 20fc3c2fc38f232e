"""The compiler's flags on each platform: MSVC knows none of GNU C's, Apple's linker not all.

And the libzstd that is built with.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from csrc import ffi_build
from csrc.ffi_build import find_zstd
from csrc.ffi_build import platform_flags


def test_windows_gets_only_what_msvc_knows() -> None:
    flags = platform_flags("win32")
    assert "/O2" in flags.compiler
    assert all(flag.startswith("/") for flag in flags.compiler + flags.linker)


def test_apples_linker_is_asked_for_nothing() -> None:
    assert "-fvisibility=hidden" in platform_flags("darwin").compiler
    assert platform_flags("darwin").linker == []


def test_linux_hides_and_hardens() -> None:
    flags = platform_flags("linux")
    assert {"-O3", "-fvisibility=hidden", "-fstack-protector-strong"} <= set(flags.compiler)
    assert {"-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"} == set(flags.linker)


@pytest.mark.parametrize(
    ("choice", "install", "fetch"),
    [("", True, True), ("system", True, False), ("fetched", False, True)],
)
def test_without_libzstd_the_advice_is_what_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, choice: str, install: bool, fetch: bool
) -> None:
    monkeypatch.setenv("PYFASTGZ_ZSTD", choice)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(ffi_build, "FETCHED", tmp_path / "zstd")
    with pytest.raises(SystemExit) as caught:
        find_zstd()
    assert ("install its development package" in str(caught.value)) is install
    assert ("run `python tools/fetch_zstd.py`" in str(caught.value)) is fetch
