"""Opens a PDF, and finds its pages where the file's own table of them is damaged or cut off."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from converters.cleaning import clean_line
from localsearch.types import ConversionError

if TYPE_CHECKING:
    from pypdf import PdfReader

# Where a PDF must begin, as all readers see it.
_HEADER_BYTES = 1 << 10
_MAX_REBUILT_BYTES = 256 << 20
# A table that's said to stand where none can: the library then looks for the objects themselves.
_NO_TABLE = b"\nstartxref\n0\n%%EOF\n"
_CATALOG = re.compile(rb"/Type\s{0,9}/Catalog\b")
_MAX_CATALOGS = 100
_OBJECT_NUMBER = re.compile(rb"(\d{1,10})\s+(\d{1,5})$")
_NUMBER_BYTES = 20
_PASSWORD_REMEDY = "Save a copy without the password to have its text searchable."  # noqa: S105
REBUILT = "it's damaged: its pages were looked for, and some of them may be missing"


class _DamagedPdfError(ConversionError):
    """The library finds no pages by the file's own table."""


def open_pdf(file: BinaryIO) -> tuple[PdfReader, bool]:
    """A reader with at least one page, and whether the file's table of objects was rebuilt.

    Raises ConversionError with the reason where it's locked, damaged beyond that, or no PDF.
    """
    if b"%PDF" not in file.read(_HEADER_BYTES):
        raise ConversionError("damaged, or not a PDF")
    _be_quiet()
    try:
        return _reader(file), False
    except _DamagedPdfError:
        file.seek(0)
        data = file.read(_MAX_REBUILT_BYTES)
        for tail in (_NO_TABLE, _trailer_for(data) + _NO_TABLE):
            with suppress(ConversionError):
                return _reader(BytesIO(data + tail)), True
        raise


def _trailer_for(data: bytes) -> bytes:
    """What the lost end of a file would say: which object leads to all others."""
    for found in reversed(list(islice(_CATALOG.finditer(data), _MAX_CATALOGS))):
        start = data.rfind(b" obj", 0, found.start())
        number = _OBJECT_NUMBER.search(data[max(0, start - _NUMBER_BYTES) : max(0, start)])
        if number is not None:
            return b"\ntrailer\n<< /Root %b %b R >>" % number.groups()
    return b""


def _be_quiet() -> None:
    logger = logging.getLogger("pypdf")
    # Its remarks on every small fault of a file would otherwise end up on the terminal.
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _reader(file: BinaryIO) -> PdfReader:
    import pypdf
    from pypdf.errors import DependencyError

    file.seek(0)
    try:
        reader = pypdf.PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ConversionError("locked by a password", _PASSWORD_REMEDY)
        if len(reader.pages) == 0:
            raise _DamagedPdfError("damaged: a PDF without pages")
    except (ConversionError, MemoryError, RecursionError):
        raise
    except NotImplementedError as error:
        # What only the owner of a certificate can open, and what publishers lock books with.
        raise ConversionError("locked by a method that can't be opened here") from error
    except DependencyError as error:
        raise ConversionError(f"locked by a method that can't be opened here: {error}") from error
    except Exception as error:
        # On damage it raises whatever comes up.
        detail = clean_line(str(error))[:200]
        raise _DamagedPdfError(f"damaged PDF: {detail}" if detail else "damaged PDF") from error
    return reader
