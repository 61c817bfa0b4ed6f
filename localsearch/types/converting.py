"""What a converter is, and what it's given to read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localsearch.types.documents import Document


class Source(Protocol):
    """Something that a converter can read: a file, or a member of an archive or a message."""

    @property
    def name(self) -> str:
        """File name without folders; its suffix is a hint at the format."""

    @property
    def size(self) -> int:
        """Bytes."""

    def open(self) -> BinaryIO:
        """Open for reading from the start, seekable."""


@dataclass(frozen=True, slots=True)
class ConversionContext:
    """What a converter may use besides its source.

    `convert_nested` reads a source inside the source (an attachment, an archive member) with
    whatever converter fits; it raises ConversionError where none does, or too deep.
    `text_limit` is the number of characters after which a converter should stop and note it, and
    `deadline_s` the time (by `time.monotonic`), so that a long file isn't lost to its time limit.
    """

    convert_nested: Callable[[Source], Iterator[Document]]
    text_limit: int = 20_000_000
    ocr: bool = False
    deadline_s: float = math.inf


@runtime_checkable
class Converter(Protocol):
    """One family of formats: says what it reads, and reads it.

    `version` goes up when the output changes, so that only its files are read again.
    `suffixes` are lower case with their dot; `filenames` are whole lower-case names.
    """

    name: str
    version: int
    suffixes: frozenset[str]
    filenames: frozenset[str]

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """Yield the documents of `source`; raise ConversionError with the reason when it can't."""
