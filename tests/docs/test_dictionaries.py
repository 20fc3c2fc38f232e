"""What docs/dictionaries.md says of the commands is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyfastgz.cli.dictionary import dictionary_command
from pyfastgz.cli.static import static_command
from pyfastgz.coding.dictionary import MAX_NBYTES

ROOT = Path(__file__).resolve().parents[2]
TEXT = " ".join((ROOT / "docs/dictionaries.md").read_text().split())
MB = 1024 * 1024


def default_of(command: Any, name: str) -> Any:
    (option,) = [each for each in command.params if each.name == name]
    return option.default


def test_the_defaults_are_those_of_the_commands() -> None:
    keep, max_bytes = (default_of(static_command, name) for name in ("keep", "max_bytes"))
    assert f"as `--keep` says, {keep} with that of now" in TEXT
    assert f"as `--max-bytes` says, {max_bytes // MB} MB" in TEXT
    assert default_of(dictionary_command, "keep") == keep
    nbytes = default_of(dictionary_command, "max_bytes")
    assert f"`--max-bytes` is {nbytes // 1024} KB by default" in TEXT
    assert f"so are those above {MAX_NBYTES // MB} MB" in TEXT


def test_every_option_that_it_names_is_there() -> None:
    options = {
        option
        for command in (static_command, dictionary_command)
        for parameter in command.params
        for option in parameter.opts
    }
    named = {word.strip("`.,;:()").split(" ")[0] for word in TEXT.split() if "--" in word}
    assert {name for name in named if name.startswith("--")} <= {*options, "--app"}
