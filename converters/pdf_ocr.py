"""Text of scanned pages by the tesseract command, where it's on the machine."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypdf import PdfReader

_PAGE_TIMEOUT_S = 60.0
_FILE_TIMEOUT_S = 600.0
# Each language that tesseract tries costs its time again.
_MAX_LANGUAGES = 4
# Smaller pictures are logos and rules, not the scan of a page.
_MIN_IMAGE_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class Recognition:
    """Texts by page number, and why pages are missing where some are."""

    texts: dict[int, str] = field(default_factory=dict)
    problem: str = ""


def recognise_pages(reader: PdfReader, numbers: Sequence[int]) -> Recognition:
    """Recognise the text of the largest picture of each page; pages count from 1."""
    command = shutil.which("tesseract")
    if command is None:
        return Recognition(problem="OCR needs the tesseract command, which isn't installed")
    try:
        import PIL.Image  # noqa: F401 - pypdf decodes pictures with it
    except ImportError:
        return Recognition(problem="OCR needs the extra [ocr], which isn't installed")
    texts: dict[int, str] = {}
    deadline = time.monotonic() + _FILE_TIMEOUT_S
    for number in numbers:
        if time.monotonic() > deadline:
            return Recognition(texts, "OCR took too long for the rest of its pages")
        image = _largest_image(reader, number)
        text = _recognise(command, image) if image is not None else ""
        if text:
            texts[number] = text
    return Recognition(texts, "OCR found no text on them")


def _largest_image(reader: PdfReader, number: int) -> bytes | None:
    try:
        images = [image.data for image in reader.pages[number - 1].images]
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - a picture that can't be decoded is a page without text
        return None
    largest = max(images, key=len, default=b"")
    return largest if len(largest) >= _MIN_IMAGE_BYTES else None


def _recognise(command: str, image: bytes) -> str:
    try:
        done = subprocess.run(
            [command, "stdin", "stdout", "-l", _languages(command)],
            input=image,
            capture_output=True,
            timeout=_PAGE_TIMEOUT_S,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        return ""
    return done.stdout.decode("utf-8", "replace").replace("\f", "").strip()


@cache
def _languages(command: str) -> str:
    """The languages that tesseract was installed with, as its option takes them."""
    try:
        done = subprocess.run(
            [command, "--list-langs"], capture_output=True, timeout=_PAGE_TIMEOUT_S, check=True
        )
    except (subprocess.SubprocessError, OSError):
        return "eng"
    names = done.stdout.decode("utf-8", "replace").split("\n")[1:]
    known = [name.strip() for name in names if name.strip() and name.strip() != "osd"]
    return "+".join(known[:_MAX_LANGUAGES]) or "eng"
