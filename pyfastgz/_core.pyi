"""The compiled core. Written by tools/generate_stub.py; do not edit."""

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
    FGZ_DICTIONARY_MAX_NBYTES: Final[int]
    FGZ_SIZE_UNKNOWN: Final[int]
    FGZ_GZIP: Final[int]
    FGZ_ZLIB: Final[int]
    FGZ_RAW: Final[int]
    FGZ_ZSTD: Final[int]
    FGZ_DCZ: Final[int]
    FGZ_OK: Final[int]
    FGZ_ERROR_MEMORY: Final[int]
    FGZ_ERROR_CODING: Final[int]
    FGZ_ERROR_LEVEL: Final[int]
    FGZ_ERROR_OPTIONS: Final[int]
    FGZ_ERROR_STATE: Final[int]
    FGZ_ERROR_DICTIONARY: Final[int]
    FGZ_ERROR_OUTPUT: Final[int]
    FGZ_ERROR_SIZE: Final[int]
    FGZ_ERROR_ZSTD: Final[int]
    FGZ_ERROR_INPUT: Final[int]
    FGZ_ERROR_WINDOW: Final[int]
    FGZ_SAVES_NOTHING: Final[int]
    FGZ_MAY_SAVE: Final[int]
    FGZ_SAVES: Final[int]
    def fgz_is_error(
        self,
        result_: int,
        /,
    ) -> int: ...
    def fgz_error_code(
        self,
        result_: int,
        /,
    ) -> int: ...
    def fgz_error_message(
        self,
        result_: int,
        /,
    ) -> _CData: ...
    def fgz_level_min(
        self,
        coding_: int,
        /,
    ) -> int: ...
    def fgz_level_max(
        self,
        coding_: int,
        /,
    ) -> int: ...
    def fgz_version(
        self,
    ) -> _CData: ...
    def fgz_zstd_version(
        self,
    ) -> int: ...
    def fgz_cpu_feature_name(
        self,
        index_: int,
        /,
    ) -> _CData: ...
    def fgz_create(
        self,
        enc_ret_: _CData,
        coding_: int,
        level_: int,
        options_: _CData,
        /,
    ) -> int: ...
    def fgz_free(
        self,
        enc_: _CData,
        /,
    ) -> None: ...
    def fgz_dictionary_create(
        self,
        dictionary_ret_: _CData,
        bytes_: bytes | _CData,
        nbytes_: int,
        sha256_: bytes | _CData,
        level_: int,
        options_: _CData,
        /,
    ) -> int: ...
    def fgz_dictionary_free(
        self,
        dictionary_: _CData,
        /,
    ) -> None: ...
    def fgz_dictionary_memory_nbytes(
        self,
        dictionary_: _CData,
        /,
    ) -> int: ...
    def fgz_dictionary_saving(
        self,
        dictionary_: _CData,
        in_: bytes | _CData,
        in_nbytes_: int,
        /,
    ) -> int: ...
    def fgz_refer(
        self,
        enc_: _CData,
        dictionary_: _CData,
        /,
    ) -> int: ...
    def fgz_compress_bound(
        self,
        coding_: int,
        in_nbytes_: int,
        /,
    ) -> int: ...
    def fgz_compress(
        self,
        enc_: _CData,
        in_: bytes | _CData,
        in_nbytes_: int,
        out_: _CData,
        out_nbytes_avail_: int,
        /,
    ) -> int: ...
    def fgz_reset(
        self,
        enc_: _CData,
        total_nbytes_: int,
        /,
    ) -> int: ...
    def fgz_stream_bound(
        self,
        coding_: int,
        in_nbytes_: int,
        /,
    ) -> int: ...
    def fgz_next_bound(
        self,
        enc_: _CData,
        in_nbytes_: int,
        /,
    ) -> int: ...
    def fgz_write(
        self,
        enc_: _CData,
        in_: bytes | _CData,
        in_nbytes_: int,
        out_: _CData,
        out_nbytes_avail_: int,
        /,
    ) -> int: ...
    def fgz_flush(
        self,
        enc_: _CData,
        in_: bytes | _CData,
        in_nbytes_: int,
        out_: _CData,
        out_nbytes_avail_: int,
        /,
    ) -> int: ...
    def fgz_finish(
        self,
        enc_: _CData,
        in_: bytes | _CData,
        in_nbytes_: int,
        out_: _CData,
        out_nbytes_avail_: int,
        /,
    ) -> int: ...
    def fgz_fingerprint(
        self,
        in_: bytes | _CData,
        in_nbytes_: int,
        /,
    ) -> int: ...
    def fgz_memory_nbytes(
        self,
        enc_: _CData,
        /,
    ) -> int: ...
    def fgz_decoder_create(
        self,
        decoder_ret_: _CData,
        /,
    ) -> int: ...
    def fgz_decoder_free(
        self,
        decoder_: _CData,
        /,
    ) -> None: ...
    def fgz_decode(
        self,
        decoder_: _CData,
        in_: bytes | _CData,
        in_nbytes_: int,
        taken_nbytes_ret_: _CData,
        out_: _CData,
        out_nbytes_avail_: int,
        /,
    ) -> int: ...
    def fgz_decoder_is_between_frames(
        self,
        decoder_: _CData,
        /,
    ) -> int: ...

ffi: Final[FFI]
lib: Final[_Lib]
