"""The compiler's flags on each platform: MSVC knows none of GNU C's, Apple's linker not all."""

from __future__ import annotations

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
