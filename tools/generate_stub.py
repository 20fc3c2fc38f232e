"""Writes ``pyfastgz/_core.pyi``, the types of the compiled module, from ``csrc/fastgz.h``.

``--check`` writes nothing, and fails if the file is not what would be written.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from pycparser import CParser
from pycparser import c_ast

_ROOT = Path(__file__).resolve().parents[1]
_HEADER = _ROOT / "csrc" / "fastgz.h"
_STUB = _ROOT / "pyfastgz" / "_core.pyi"

# The types that the header gets from others; what they are does not show in the stub.
_PRELUDE = (
    "typedef unsigned long size_t;"
    " typedef unsigned int uint32_t; typedef unsigned long long uint64_t;\n"
)

_HEAD = '''"""The compiled core. Written by tools/generate_stub.py; do not edit."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import TypeAlias
from typing import TypeVar
from typing import final

from _cffi_backend import FFI

_CData: TypeAlias = FFI.CData
_Line = TypeVar("_Line")
_Plan = TypeVar("_Plan")
_Shape = TypeVar("_Shape")

def compress_bytes(
    address: int, data: object, max_nbytes: int, dictionary: int = ..., /
) -> bytes | None: ...
def compress_idle(idle: list[Any], data: object, /) -> bytes | None: ...
def answer_plainly(
    settle: Callable[[_Plan, bytes], Any],
    plain: _Plan,
    body: bytes,
    lines: list[_Line],
    length_at: int | None,
    name: str | bytes,
    /,
) -> tuple[Any, list[_Line]]: ...
def start_of(
    message: Mapping[str, Any], shapes: Mapping[tuple[bytes, ...], _Shape], /
) -> tuple[dict[str, Any], list[tuple[bytes, bytes]], _Shape, str] | None: ...
def stream_bytes(address: int, verb: int, data: bytes, /) -> bytes: ...
def fingerprint_of(body: bytes, /) -> int: ...
def saving_of(dictionary: int, body: bytes, /) -> int: ...

@final
class _Lib:
'''


def make_stub(header: str) -> str:
    """Return the stub for a header that has marks round what cffi reads."""
    declarations = header.partition("/* cffi: begin */")[2].partition("/* cffi: end */")[0]
    constants = re.findall(r"^#define (\w+) ", declarations, re.MULTILINE)
    code = re.sub(r"/\*.*?\*/|^#.*?$", "", declarations, flags=re.DOTALL | re.MULTILINE)
    methods = []
    for declaration in CParser().parse(_PRELUDE + code).ext:
        if isinstance(declaration, c_ast.Typedef):
            if isinstance(declaration.type.type, c_ast.Enum):
                constants += [item.name for item in declaration.type.type.values.enumerators]
        else:
            methods.append(_method(declaration))
    lines = [f"    {name}: Final[int]\n" for name in constants]
    return f"{_HEAD}{''.join(lines + methods)}\nffi: Final[FFI]\nlib: Final[_Lib]\n"


def _method(declaration: c_ast.Decl) -> str:
    function = declaration.type
    parameters = [
        # All are positional only, and some names are Python's.
        f"{parameter.name}_: {_python_type(parameter.type, is_input=True)}"
        for parameter in function.args.params
        if parameter.name is not None
    ]
    if parameters:
        parameters.append("/")
    result = _python_type(function.type, is_input=False)
    listed = ",\n        ".join(["self", *parameters])
    return f"    def {declaration.name}(\n        {listed},\n    ) -> {result}: ...\n"


def _python_type(node: c_ast.Node, *, is_input: bool) -> str:
    """Return what cffi makes of a type, or takes for it."""
    if isinstance(node, c_ast.PtrDecl):
        pointed = node.type
        takes_bytes = isinstance(pointed, c_ast.TypeDecl) and "const" in pointed.quals
        takes_bytes = takes_bytes and pointed.type.names == ["void"]
        return "bytes | _CData" if is_input and takes_bytes else "_CData"
    return "None" if node.type.names == ["void"] else "int"


def main() -> None:
    """Write the stub, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    stub = make_stub(_HEADER.read_text("utf-8"))
    if not parser.parse_args().check:
        _STUB.write_text(stub, "utf-8")
    elif _STUB.read_text("utf-8") != stub:
        raise SystemExit(f"{_STUB.relative_to(_ROOT)} is stale: run tools/generate_stub.py")


if __name__ == "__main__":
    main()
