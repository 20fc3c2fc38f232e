"""What the wheel is, installed by pip into an environment in which there is nothing else.

What it depends on comes from pip's package index.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SMOKE = Path(__file__).resolve().parents[2] / "tools" / "wheels"
ADVICE = 'pip install "pyfastgz[flask]"'
BODY = b"<li>one of many lines</li>\n" * 400

# And then once more, when the package has been imported.
IMPORT_COMPRESS = """
for _ in range(2):
    try:
        from pyfastgz import Compress
    except ImportError as error:
        print(type(error).__name__, error.name, error, sep="; ")
"""
ASK_FOR_COMPRESS = """
import pyfastgz
print(hasattr(pyfastgz, "Compress"), getattr(pyfastgz, "Compress", None))
try:
    pyfastgz.Compress
except AttributeError as error:
    print(error.name, error, sep="; ")
"""
# All names of the package, as help() and inspect look at them.
LOOK_AT_ALL = """
import inspect
import pyfastgz
print("Compress" in dict(inspect.getmembers(pyfastgz)))
"""
LIST = """
from importlib.metadata import distributions
print(*(each.metadata["Name"].lower() for each in distributions()))
"""
USE_THE_DOORS = """
import sys
before = set(sys.modules)
import pyfastgz.asgi
import pyfastgz.wsgi
import json
print(json.dumps(sorted(sys.modules.keys() - before)))
"""


@pytest.fixture(scope="module", name="wheel")
def make_wheel(build_wheel: Callable[[str], Path]) -> Path:
    return build_wheel("fetched")


@pytest.fixture(scope="module", name="python")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment in which the wheel was installed, without extras."""
    return environment(tmp_path_factory.mktemp("environment"), str(wheel))


def environment(folder: Path, *requirements: str) -> Path:
    """Make an environment with what is required, and return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip("--python", str(python), "install", *requirements)
    return python


def pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True)


def run(
    python: Path, *arguments: str | Path, folder: Path, old: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run an interpreter in a folder.

    :param old: another one, with packages that are found before all others.
    """
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env={} if old is None else {"PYTHONPATH": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_of_flask_is_installed(python: Path, tmp_path: Path) -> None:
    names = set(run(python, "-c", LIST, folder=tmp_path).stdout.split())
    # Which cffi needs.
    names.discard("pycparser")
    assert names == {"pyfastgz", "blinker", "cffi", "click"}


def test_it_does_what_needs_no_flask(python: Path, tmp_path: Path) -> None:
    """It codes, compresses responses in WSGI and ASGI, and makes siblings of files."""
    ran = run(python, SMOKE / "smoke.py", python.parents[1], folder=tmp_path)
    assert ran.returncode == 0, ran.stderr


def test_doors_import_what_they_need(python: Path, tmp_path: Path) -> None:
    """Nothing of commands or of the Flask extension, and of others only blinker and cffi's."""
    modules = json.loads(run(python, "-c", USE_THE_DOORS, folder=tmp_path).stdout)
    others = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert others == {"pyfastgz", "blinker", "_cffi_backend"}
    needless = ("pyfastgz.cli", "pyfastgz.flask.extension", "importlib.metadata")
    assert [name for name in modules if name.startswith(needless)] == []


def test_compress_says_what_to_install(python: Path, tmp_path: Path) -> None:
    what = f"pyfastgz.Compress needs Flask 2.2 or later, and there is none: {ADVICE}"
    said = run(python, "-c", IMPORT_COMPRESS, folder=tmp_path).stdout
    assert said == 2 * f"ModuleNotFoundError; flask; {what}\n"
    said = run(python, "-c", ASK_FOR_COMPRESS, folder=tmp_path).stdout
    assert said == f"False None\nCompress; {what}\n"
    said = run(python, "-c", "from pyfastgz import *", folder=tmp_path).stderr
    assert said.endswith(f"ModuleNotFoundError: {what}\n")


def test_all_names_can_be_looked_at(python: Path, tmp_path: Path) -> None:
    looked = run(python, "-c", LOOK_AT_ALL, folder=tmp_path)
    assert (looked.returncode, looked.stdout) == (0, "False\n"), looked.stderr


@pytest.mark.parametrize(
    ("arguments", "who"),
    [
        ("info /page", "info of an application"),
        ("static", "static without FOLDER"),
        ("dictionary pages --url /one --url /two", "dictionary"),
        ("--app shop static files", "an application (--app or FLASK_APP)"),
        ("--app shop info", "an application (--app or FLASK_APP)"),
    ],
)
def test_a_command_for_an_application_says_what_to_install(
    python: Path, tmp_path: Path, arguments: str, who: str
) -> None:
    (tmp_path / "files").mkdir()
    ran = run(python, "-m", "pyfastgz", *arguments.split(), folder=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == (
        f"Error: {who} needs Flask 2.2 or later, and there is none: {ADVICE}"
    )


@pytest.mark.parametrize("command", ["", "info", "static", "dictionary"])
def test_every_command_has_its_help(python: Path, tmp_path: Path, command: str) -> None:
    ran = run(python, "-m", "pyfastgz", *command.split(), "--help", folder=tmp_path)
    assert ran.returncode == 0
    assert ran.stdout.startswith("Usage: python -m pyfastgz")


def test_info_shows_versions_and_codings(python: Path, tmp_path: Path) -> None:
    ran = run(python, "-m", "pyfastgz", "info", folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    for shown in ("core", "libzstd", "instruction sets", "installed", "gzip"):
        assert shown in ran.stdout


def test_files_are_made_and_checked(python: Path, tmp_path: Path) -> None:
    page = tmp_path / "files" / "page.html"
    page.parent.mkdir()
    page.write_bytes(BODY)
    command = ("-m", "pyfastgz", "static", "files", "--dictionaries", "kept")
    assert run(python, *command, "--check", folder=tmp_path).returncode == 1
    ran = run(python, *command, folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert gzip.decompress(page.with_name("page.html.gz").read_bytes()) == BODY
    assert run(python, *command, "--check", folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("packages", "what"),
    [
        (["Flask==2.1.3"], "Flask 2.2 or later, and there is 2.1.3"),
        (["Flask==2.2", "Werkzeug==2.1.2"], "Werkzeug 2.2 or later, and there is 2.1.2"),
    ],
)
def test_what_is_too_old_is_named(
    python: Path, tmp_path: Path, packages: list[str], what: str
) -> None:
    """And does no harm to what needs none."""
    old = tmp_path / "old"
    pip("install", "--no-deps", "--target", str(old), *packages)
    said = run(python, "-c", IMPORT_COMPRESS, folder=tmp_path, old=old).stdout
    name = what.partition(" ")[0].lower()
    assert said == 2 * f"ImportError; {name}; pyfastgz.Compress needs {what}: {ADVICE}\n"
    said = run(python, "-c", ASK_FOR_COMPRESS, folder=tmp_path, old=old).stdout
    assert said == f"False None\nCompress; pyfastgz.Compress needs {what}: {ADVICE}\n"
    ran = run(python, "-m", "pyfastgz", "static", folder=tmp_path, old=old)
    assert f"needs {what}" in ran.stderr
    (tmp_path / "files").mkdir()
    ran = run(python, "-m", "pyfastgz", "static", "files", folder=tmp_path, old=old)
    assert ran.returncode == 0, ran.stderr
    assert run(python, "-c", USE_THE_DOORS, folder=tmp_path, old=old).returncode == 0


def test_with_the_extra_there_is_compress(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "environment", f"{wheel}[flask]")
    ran = run(python, SMOKE / "smoke_flask.py", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    looked = run(python, "-c", LOOK_AT_ALL, folder=tmp_path)
    assert (looked.returncode, looked.stdout) == (0, "True\n"), looked.stderr
    ran = run(python, "-c", "import pyfastgz.Compress", folder=tmp_path)
    assert ran.stderr.endswith("pyfastgz.Compress is a class, not a module\n")
