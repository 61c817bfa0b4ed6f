"""llama.cpp's library, loaded once and quiet: what it says is kept for error messages."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections import deque
from pathlib import Path
from types import ModuleType
from typing import Any

from localsearch.types import ModelError

_SAID: deque[str] = deque(maxlen=40)


@functools.cache
def library() -> ModuleType:
    """The module llama_cpp with its backend started; raises ModelError where it can't be loaded."""
    # Threads of a model wait for each other after every operation. Spinning meanwhile, as GNU's
    # OpenMP does, takes the core from the very thread that is waited for when other programs run:
    # on two busy cores that made a query 20 times slower than sleeping does. Read as it's loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            f"llama.cpp can't be loaded: {error}",
            "Install it again, built from source: "
            "pip install --force-reinstall --no-binary :all: llama-cpp-python",
        ) from error
    llama_cpp.llama_log_set(_log, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    module: ModuleType = llama_cpp
    return module


def last_words(count: int = 3) -> str:
    """The last lines that llama.cpp said, for an error message."""
    return " ".join(list(_SAID)[-count:]).strip()


def _keep(_level: int, text: bytes | None, _data: object) -> None:
    line = (text or b"").decode("utf-8", "replace").strip()
    if line and line != ".":
        _SAID.append(line)


# Kept alive for as long as the library may call it.
_log = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(_keep)


@functools.cache
def ggml() -> ctypes.CDLL:
    """The library beneath llama.cpp, with the few functions that llama_cpp doesn't bind."""
    folder = Path(library().__file__ or "").parent / "lib"
    for name in ("libggml-base.so", "libggml-base.dylib", "ggml-base.dll"):
        if (folder / name).exists():
            loaded = ctypes.CDLL(str(folder / name))
            break
    else:
        raise ModelError(
            "this build of llama-cpp-python lacks ggml's base library",
            "Install it again: pip install --force-reinstall llama-cpp-python",
        )
    loaded.ggml_get_name.argtypes = [ctypes.c_void_p]
    loaded.ggml_get_name.restype = ctypes.c_char_p
    loaded.ggml_nelements.argtypes = [ctypes.c_void_p]
    loaded.ggml_nelements.restype = ctypes.c_int64
    loaded.ggml_backend_tensor_get.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
    ]
    loaded.ggml_backend_tensor_get.restype = None
    return loaded


@functools.cache
def abort_check() -> Any:
    """A C function that tells whether the byte at its argument is set, for llama.cpp's aborts.

    It is called between any two operations of a model. strlen of a string of one byte or none
    answers that without Python and its lock, which another thread may be holding.
    """
    if sys.platform == "win32":
        return ctypes.cdll.msvcrt.strlen
    return ctypes.CDLL(None).strlen
