from typing import Any

# cffi makes the module; csrc/fastgz.h declares what is in lib.
ffi: Any
lib: Any
