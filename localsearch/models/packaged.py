"""Where the weights lie that a Python package on this machine carries in parts."""

from __future__ import annotations

import importlib
from pathlib import Path

from localsearch.models.catalogue import CatalogueEntry
from localsearch.types import ModelError


def find_packaged_parts(entry: CatalogueEntry) -> tuple[Path, ...]:
    """The parts of the model's file in their order, from its installed package.

    Such a package's module is called as the package is and has a `chunk_paths()`. Raises ModelError
    when the package isn't installed or isn't whole.
    """
    package = entry.python_package.partition("==")[0]
    remedy = f"Install the Python package {package} beside localsearch and try again."
    if not package:
        raise ModelError(
            f"{entry.name} doesn't come in a Python package",
            f"`localsearch models pull {entry.name}` fetches it.",
        )
    try:
        module = importlib.import_module(package.replace("-", "_"))
        parts = tuple(Path(part) for part in module.chunk_paths())
    except (ImportError, AttributeError) as error:
        raise ModelError(f"the weights of {entry.name} aren't on this machine", remedy) from error
    missing = [part.name for part in parts if not part.is_file()]
    if missing or not parts:
        raise ModelError(f"the Python package {package} isn't whole", remedy)
    return parts
