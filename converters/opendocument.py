"""OpenDocument files (.odt, .ods, .odp, zipped or flat), read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

from converters.collecting import BlockCollector
from converters.formats import named
from converters.opendocument_reader import ContentReader, read_properties
from converters.safety import Limits, checked_zip, plain_errors
from converters.xml_stream import MalformedXmlError, xml_events
from localsearch.types import ConversionContext, ConversionError, Document, Kind, Source

_LIMITS = Limits(member_bytes=256 << 20, total_bytes=384 << 20)


class OdtConverter:
    """Reads text documents of LibreOffice and its relatives."""

    name = "odt"
    version = 4
    suffixes = named("odt").suffixes
    filenames = named("odt").filenames
    kind: Kind = "doc"

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document, with headings, pages where the file has them, tables and notes."""
        with plain_errors("an OpenDocument file"):
            document = self._read(source, BlockCollector.within(context))
        yield document

    def _read(self, source: Source, out: BlockCollector) -> Document:
        with _parts(source) as (meta, content):
            title, language = read_properties(meta)
            reader = ContentReader(out)
            try:
                for event in xml_events(content):
                    reader.take(event)
                    if out.full:
                        break
            except MalformedXmlError as error:
                if not out.blocks:
                    raise
                out.notes.append(f"the rest can't be read: {error.cause}")
            reader.finish()
        return Document(
            tuple(reader.blocks()),
            kind=self.kind,
            title=title or reader.title,
            language=language,
            notes=tuple(out.notes),
        )


class OdsConverter(OdtConverter):
    """Reads spreadsheets of LibreOffice and its relatives."""

    name = "ods"
    version = 5
    suffixes = named("ods").suffixes
    filenames = named("ods").filenames
    kind: Kind = "sheet"


class OdpConverter(OdtConverter):
    """Reads presentations of LibreOffice and its relatives."""

    name = "odp"
    version = 4
    suffixes = named("odp").suffixes
    filenames = named("odp").filenames
    kind: Kind = "slides"


@contextmanager
def _parts(source: Source) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The properties and the content; a flat file is both."""
    with source.open() as file:
        is_zip = file.read(2) == b"PK"
    if not is_zip:
        with source.open() as meta, source.open() as content:
            yield meta, content
        return
    with checked_zip(source, _LIMITS) as package:
        if "META-INF/manifest.xml" in package.members:
            manifest = BytesIO(package.read("META-INF/manifest.xml"))
            for event in xml_events(manifest, bare_doctype=True):
                if event.name.endswith(" encryption-data"):
                    raise ConversionError("locked by a password")
        properties = package.read("meta.xml") if "meta.xml" in package.members else b""
        yield BytesIO(properties), BytesIO(package.read("content.xml"))
