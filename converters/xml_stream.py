"""Reads XML as a stream of events: no tree, no entities, no DTD, bounded depth and size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal
from xml.parsers import expat

from localsearch.types import ConversionError

_PIECE_BYTES = 1 << 16
_MAX_DEPTH = 250
_MAX_ELEMENTS = 20_000_000


class MalformedXmlError(ConversionError):
    """The XML breaks its own rules at some place, where reading must end."""


@dataclass(frozen=True, slots=True)
class XmlEvent:
    """An element's start or end, or text between two of those.

    Names are "namespace-uri local-name", or the bare name where there's no namespace. `line` is
    where an element starts, 0 where that wasn't asked for.
    """

    kind: Literal["start", "end", "text"]
    name: str = ""
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    line: int = 0


def xml_events(
    file: BinaryIO,
    *,
    bare_doctype: bool = False,
    max_elements: int = _MAX_ELEMENTS,
    with_lines: bool = False,
) -> Iterator[XmlEvent]:
    """Events in document order.

    A DOCTYPE is refused: it's the one way to entities, and nothing that we read needs it;
    `bare_doctype` lets one pass that only names its DTD, which is never fetched. Raises
    ConversionError, and MalformedXmlError after the events of the part that is well-formed.
    """
    events: list[XmlEvent] = []
    parser = _checked_parser(bare_doctype, max_elements)
    count_start: Any = parser.StartElementHandler
    count_end: Any = parser.EndElementHandler

    def start(name: str, attributes: dict[str, str]) -> None:
        count_start(name, attributes)
        line = parser.CurrentLineNumber if with_lines else 0
        events.append(XmlEvent("start", name, attributes=attributes, line=line))

    def end(name: str) -> None:
        count_end(name)
        events.append(XmlEvent("end", name))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: events.append(XmlEvent("text", text=text))
    parser.buffer_text = True
    while True:
        piece = file.read(_PIECE_BYTES)
        error = _parse(parser, piece)
        yield from events
        events.clear()
        if error is not None:
            raise error
        if not piece:
            return


def check_xml(file: BinaryIO, *, max_elements: int) -> None:
    """Read XML through for a library that will parse it again.

    Raises ConversionError for a DOCTYPE, too many or too deeply nested elements, and
    MalformedXmlError where it isn't well-formed.
    """
    parser = _checked_parser(bare_doctype=False, max_elements=max_elements)
    while True:
        piece = file.read(_PIECE_BYTES)
        if (error := _parse(parser, piece)) is not None:
            raise error
        if not piece:
            return


def _parse(parser: expat.XMLParserType, piece: bytes) -> ConversionError | None:
    try:
        parser.Parse(piece, not piece)
    except expat.ExpatError as error:
        return MalformedXmlError(f"damaged: its XML is broken in line {error.lineno:,}")
    except (ValueError, LookupError):
        return MalformedXmlError("damaged: its XML is in an unknown encoding")
    except ConversionError as error:
        return error
    return None


def _checked_parser(bare_doctype: bool, max_elements: int) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = elements = 0

    def doctype(_name: str, _system: str | None, _public: str | None, internal: bool) -> None:
        if not bare_doctype:
            raise ConversionError("refused: its XML has a DOCTYPE, which files like it don't need")
        if internal:
            raise ConversionError("refused: its XML has declarations of its own (DOCTYPE)")

    def entity(*_: object) -> None:
        raise ConversionError("refused: its XML declares entities")

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > _MAX_DEPTH:
            raise ConversionError(f"its XML is nested more than {_MAX_DEPTH} deep")
        if elements > max_elements:
            raise ConversionError(f"its XML has more than {max_elements:,} elements")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = entity
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    return parser
