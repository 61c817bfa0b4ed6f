"""What an EPUB says about itself: title, language, and its chapters in order with their names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import unquote

from converters.cleaning import clean_line
from converters.safety import CheckedZip
from converters.xml_stream import MalformedXmlError, XmlEvent, xml_events
from localsearch.types import ConversionError

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
# Fonts are often obfuscated, which these say; books locked by a shop name other methods.
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_NO_PAGES = "no text: its pages are pictures"
_MAX_CHAPTERS = 5_000


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of the book in the ZIP; `title` is "" where the table of contents doesn't name it."""

    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Book:
    """What the package document says."""

    title: str | None
    language: str | None
    chapters: tuple[Chapter, ...]


@dataclass(slots=True)
class _Item:
    path: str
    media_type: str
    properties: str


class _PackageDocument:
    """What the package document lists, read from its events."""

    def __init__(self, folder: str) -> None:
        self.items: dict[str, _Item] = {}
        self.order: list[str] = []
        self.texts: dict[str, str] = {}
        self._folder = folder
        self._current = ""

    def take(self, event: XmlEvent) -> None:
        """Read on by one event."""
        if event.kind == "text":
            if self._current:
                self.texts[self._current] += event.text
            return
        self._current = ""
        if event.kind == "start":
            self._start(event.name.rpartition(" ")[2], event.attributes)

    def _start(self, name: str, given: dict[str, str]) -> None:
        # A book may name further titles and languages after the main one.
        if name in ("title", "language") and name not in self.texts:
            self.texts[name] = ""
            self._current = name
        elif name == "item":
            self.items[given.get("id", "")] = _Item(
                _resolved(self._folder, given.get("href", "")),
                given.get("media-type", ""),
                given.get("properties", ""),
            )
        elif name == "itemref" and len(self.order) < _MAX_CHAPTERS:
            self.order.append(given.get("idref", ""))


def open_book(package: CheckedZip) -> Book:
    """Read the package document; raises ConversionError where there's none or it's locked."""
    _refuse_locked(package)
    path = _package_path(package)
    listed = _PackageDocument(posixpath.dirname(path))
    for event in xml_events(BytesIO(package.read(path)), bare_doctype=True):
        listed.take(event)
    titles = _contents(package, list(listed.items.values()))
    # Without an order of reading, that of the list is the best guess.
    order = listed.order or list(listed.items)[:_MAX_CHAPTERS]
    items = (listed.items[key] for key in order if key in listed.items)
    # A page that's listed twice is read once.
    pages = dict.fromkeys(item.path for item in items if item.media_type in _PAGES)
    if not pages:
        raise ConversionError(_NO_PAGES if listed.items else "damaged: the book has no chapters")
    language = listed.texts.get("language", "").strip().lower().partition("-")[0]
    return Book(
        clean_line(listed.texts.get("title", "")) or None,
        language if len(language) in (2, 3) and language.isalpha() else None,
        tuple(Chapter(page, titles.get(page, "")) for page in pages),
    )


def _refuse_locked(package: CheckedZip) -> None:
    if _ENCRYPTION not in package.members:
        return
    for event in xml_events(BytesIO(package.read(_ENCRYPTION)), bare_doctype=True):
        if event.kind == "start" and event.name.endswith(" EncryptionMethod"):
            method = event.attributes.get("Algorithm", "")
            if method not in _FONT_METHODS:
                raise ConversionError("locked by copy protection (DRM)")


def _package_path(package: CheckedZip) -> str:
    if _CONTAINER not in package.members:
        for name in package.members:
            if name.lower().endswith(".opf"):
                return name
    for event in xml_events(BytesIO(package.read(_CONTAINER)), bare_doctype=True):
        if event.kind == "start" and event.name.endswith("rootfile"):
            return _resolved("", event.attributes.get("full-path", ""))
    raise ConversionError("damaged: the book names no package document")


def _contents(package: CheckedZip, items: list[_Item]) -> dict[str, str]:
    """Chapter names by path, from the table of contents of EPUB 3, else that of EPUB 2."""
    found: dict[str, str] = {}
    for item in items:
        is_nav = "nav" in item.properties.split()
        if not is_nav and item.media_type != "application/x-dtbncx+xml":
            continue
        try:
            entries = list((_nav if is_nav else _ncx)(package.read(item.path)))
        except ConversionError:
            # A book without a usable table of contents is still a book.
            continue
        folder = posixpath.dirname(item.path)
        for href, title in entries:
            path = _resolved(folder, href)
            # Sections of a chapter point into its page; the first one is the chapter itself.
            if title and (is_nav or path not in found):
                found.setdefault(path, title)
    return found


def _nav(data: bytes) -> Iterator[tuple[str, str]]:
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(data.decode("utf-8", "replace"))
    for link in page.css("nav a[href]"):
        yield link.attributes.get("href") or "", clean_line(link.text())


def _ncx(data: bytes) -> Iterator[tuple[str, str]]:
    label, in_text = "", False
    try:
        for event in xml_events(BytesIO(data), bare_doctype=True):
            name = event.name.rpartition(" ")[2]
            if event.kind == "text":
                label += event.text if in_text else ""
            elif event.kind == "start":
                if name == "navLabel":
                    label = ""
                in_text = name == "text"
                if name == "content":
                    yield event.attributes.get("src", ""), clean_line(label)
            else:
                in_text = False
    except MalformedXmlError:
        return


def _resolved(folder: str, href: str) -> str:
    path = unquote(href.partition("#")[0])
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/")
