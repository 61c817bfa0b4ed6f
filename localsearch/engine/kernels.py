"""Do a model's weights run faster repacked for the processor's own kernels, or as they are?

ggml can keep a copy of the weights in the order that AMX, AVX-512 or NEON kernels want ("extra
buffer types"). That isn't always the faster way, and on some builds it crashes (see probe.py).
"""

from __future__ import annotations

import json
import os
import platform
import re
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.engine.probe import probe_native

if TYPE_CHECKING:
    import threading

    from localsearch.config import Paths

_K_QUANT = re.compile(r"Q\d_K")
_X86 = frozenset({"x86_64", "amd64"})


def repacks(
    paths: Paths,
    quantisation: str,
    asked: bool | None = None,
    *,
    cancel: threading.Event | None = None,
) -> bool:
    """Whether to load such a file with its weights repacked: where that's safe and the faster way.

    Which is faster was measured by `models bench`, or else follows from the quantisation. What's
    `asked` for goes before both. Raises CancelledError where `cancel` is set while that's tried.
    """
    if asked is not None:
        return asked
    if not probe_native(paths, cancel=cancel).extra_buffers_ok:
        return False
    return _measured(paths).get(quantisation, is_faster_repacked(quantisation))


def is_faster_repacked(quantisation: str, machine: str = "") -> bool:
    """What's to be expected of a quantisation that wasn't measured here.

    ggml's tiled kernel for K-quants beats its repacked ones on x86: Q4_K_M by 1.08 with AMX, 1.45
    with AVX-512, 1.5 on a Zen 4. Q8_0 and Q4_0 are faster repacked (2.3 and 2.0), or alike.
    """
    on_x86 = (machine or platform.machine()).lower() in _X86
    return not (on_x86 and _K_QUANT.match(quantisation))


def remember_faster(paths: Paths, quantisation: str, *, repacked: bool) -> None:
    """Load files of that quantisation this way from now on, for as long as the build stays."""
    measured = {**_measured(paths), quantisation: repacked}
    found = {"build": probe_native(paths).build, "repacked": measured}
    private_dir(paths.kernels_file.parent)
    draft = paths.kernels_file.with_name(f"{paths.kernels_file.name}.{os.getpid()}")
    draft.write_text(json.dumps(found), encoding="utf-8")
    draft.replace(paths.kernels_file)


def _measured(paths: Paths) -> dict[str, bool]:
    try:
        found = json.loads(paths.kernels_file.read_text(encoding="utf-8"))
        if found["build"] != probe_native(paths).build:
            return {}
        return {str(name): bool(value) for name, value in found["repacked"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
