"""servestatic's compressor as it is from Python 3.14 on, with older ones too.

It looks for ``compression.zstd`` of the standard library, of which ``backports.zstd`` is the
same code. Run as ``python -m bench.static.servestatic_command FOLDER``.
"""

from __future__ import annotations

import sys
from types import ModuleType

if sys.version_info < (3, 14):
    from backports import zstd

    sys.modules["compression"] = ModuleType("compression")
    sys.modules["compression.zstd"] = zstd

from servestatic.compress import main  # type: ignore[import-untyped]

if __name__ == "__main__":
    sys.exit(main())
