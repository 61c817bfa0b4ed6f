"""Web pages: the main text without menus and scripts, with its title, language and headings."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from converters.cleaning import clean_line
from converters.collecting import OUT_OF_TIME
from converters.decoding import decode
from converters.formats import named
from converters.html_text import MAX_PARAGRAPHS, PARAGRAPHS_LEFT_OUT, TextBuilder
from localsearch.types import Block, ConversionContext, ConversionError, Document, Source

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# Never part of what a reader reads.
_INVISIBLE = (
    "script, style, noscript, template, iframe, object, embed, svg, canvas, audio, video, math"
    " annotation, button, select, textarea, input, dialog, [hidden], [aria-hidden=true]"
)
# What surrounds a page's text: menus, banners, "you may also like".
_AROUND = (
    "nav, aside, footer, [role=navigation], [role=banner], [role=contentinfo], [role=search],"
    " [role=complementary], [role=menu], [role=menubar], .sphinxsidebar, .related, .toctree-wrapper"
    " .caption, .headerlink, .breadcrumb, .breadcrumbs, .sidebar, .navbar, .menu, .cookie-banner,"
    " .cookie-consent, .cookie-notice, .cc-window, #cookie-banner, #cookie-consent, #cookie-notice,"
    " #onetrust-consent-sdk, .skip-link, .skip-main-content, .skiplink, .mw-editsection, .noprint,"
    " #toc, .toc"
)
_MAIN = ("main", "[role=main]", "article", "#content", "#main", ".document .body")
# A main element that holds less of the page's text than this is somebody's misuse of the tag.
_MAIN_SHARE = 0.3
# Deeper than any page that people make; the parser's time grows with the square of the depth.
_MAX_DEPTH = 2000
_TAG = re.compile(rb"<(/?)([A-Za-z][A-Za-z0-9]*)")
# The parser compares each attribute of a tag with all others.
_MAX_ATTRIBUTES = 10_000
_LONG_TAG = re.compile(rb"<[A-Za-z][^<>]{20000,}+")
_RAW_TEXT = re.compile(rb"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.I | re.S)
_NEVER_NESTED = frozenset(
    (
        b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta",
        b"param", b"source", b"track", b"wbr", b"p", b"li", b"dt", b"dd", b"tr", b"td", b"th",
        b"thead", b"tbody", b"tfoot", b"option", b"optgroup", b"colgroup", b"rp", b"rt",
    )
)  # fmt: skip
_DECLARED = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.I)
_XML_DECLARED = re.compile(rb"<\?xml[^>]+encoding\s*=\s*[\"']([A-Za-z0-9_.:-]+)", re.I)


class HtmlConverter:
    """Reads HTML and XHTML."""

    name = "html"
    version = 4
    suffixes = named("html").suffixes
    filenames = named("html").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document of the page's main text."""
        # A page's markup is many times as long as its text.
        with source.open() as file:
            data = file.read(8 * context.text_limit)
        yield html_document(data, deadline_s=context.deadline_s)


def html_document(
    data: bytes, *, declared: str | None = None, deadline_s: float = math.inf
) -> Document:
    """The document of a page; `declared` is the encoding that its carrier named.

    Its first so many paragraphs, where `deadline_s` (by `time.monotonic`) comes before its end.

    Raises ConversionError where tags are nested too deeply, NoTextError where it isn't text.
    """
    from selectolax.lexbor import LexborHTMLParser

    encoding = _declared_encoding(data) or declared
    text = decode(data, declared=encoding).text
    _check_depth(text.encode("utf-8"))
    page = LexborHTMLParser(text)
    title, language = _title(page), _language(page)
    notes: list[str] = []
    blocks = _main_blocks(page, _until(deadline_s, notes))
    if title is None:
        title = next((block.text for block in blocks if block.kind == "heading"), None)
    if len(blocks) >= MAX_PARAGRAPHS:
        notes.append(PARAGRAPHS_LEFT_OUT)
    # Templates say "en" whatever language they're filled with; the seam looks at the text then.
    return Document(
        blocks,
        kind="web",
        title=title,
        language=None if language == "en" else language,
        notes=tuple(notes),
    )


def html_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a piece of HTML, all of its text: for formats that carry HTML inside."""
    from selectolax.lexbor import LexborHTMLParser

    _check_depth(text.encode("utf-8", "replace"))
    page = LexborHTMLParser(text)
    return () if page.body is None else _render(page.body, skip=_INVISIBLE)


def _declared_encoding(data: bytes) -> str | None:
    head = data[:4096]
    found = _DECLARED.search(head) or _XML_DECLARED.match(head)
    return found[1].decode("ascii") if found else None


def _check_depth(data: bytes) -> None:
    depth = deepest = 0
    for tag in _TAG.finditer(data):
        if tag[2].lower() in _NEVER_NESTED:
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    # What a script compares looks like tags, but isn't parsed as such.
    if _has_long_tag(data) and _has_long_tag(_RAW_TEXT.sub(b"", data)):
        raise ConversionError(f"a tag in it has more than {_MAX_ATTRIBUTES:,} attributes")
    if deepest > _MAX_DEPTH:
        raise ConversionError(f"its tags are nested {deepest:,} deep")


def _has_long_tag(data: bytes) -> bool:
    return any(len(tag[0].split()) > _MAX_ATTRIBUTES for tag in _LONG_TAG.finditer(data))


def _title(page: LexborHTMLParser) -> str | None:
    # An SVG picture has titles too.
    node = page.css_first("head > title") or page.css_first("title")
    title = clean_line(node.text()) if node is not None else ""
    if not title:
        meta = page.css_first('meta[property="og:title"]')
        title = clean_line(meta.attributes.get("content") or "") if meta is not None else ""
    return title or None


def _language(page: LexborHTMLParser) -> str | None:
    node = page.css_first("html")
    attributes = node.attributes if node is not None else {}
    written = attributes.get("lang") or attributes.get("xml:lang") or ""
    primary = re.split(r"[-_]", written.strip().lower())[0]
    return primary if re.fullmatch(r"[a-z]{2,3}", primary) else None


def _until(deadline_s: float, notes: list[str]) -> Callable[[], bool]:
    """Tells whether it's too late to read on, and notes it once."""

    def is_late() -> bool:
        if time.monotonic() < deadline_s:
            return False
        if OUT_OF_TIME not in notes:
            notes.append(OUT_OF_TIME)
        return True

    return is_late


def _in_time() -> bool:
    return False


def _main_blocks(page: LexborHTMLParser, is_late: Callable[[], bool]) -> tuple[Block, ...]:
    body = page.body
    if body is None:
        return ()
    drawn = "\n".join(filter(None, (clean_line(node.text()) for node in page.css("svg text"))))
    for node in page.css(_INVISIBLE):
        node.decompose()
    blocks = _main_blocks_of(page, body, is_late)
    # A page of a comic or of a diagram: all its words stand in the drawing.
    return blocks or ((Block(drawn),) if drawn else ())


def _main_blocks_of(
    page: LexborHTMLParser, body: LexborNode, is_late: Callable[[], bool]
) -> tuple[Block, ...]:
    everything = _text_length(body)
    for selector in _MAIN:
        mains = page.css(selector)
        if len(mains) == 1 and _text_length(mains[0]) > _MAIN_SHARE * everything:
            return _render(mains[0], skip=_AROUND, is_late=is_late)
    return _render(body, skip=_AROUND, is_late=is_late)


def _text_length(node: LexborNode) -> int:
    return len(node.text())


def _render(
    root: LexborNode, *, skip: str, is_late: Callable[[], bool] = _in_time
) -> tuple[Block, ...]:
    skipped = {node.mem_id for node in root.css(skip)} - {root.mem_id}
    layout = _layout_tables(root)
    # A page that is nothing but a menu is worth its menu.
    return _walk(root, skipped, layout, is_late) or _walk(root, set(), layout, is_late)


def _layout_tables(root: LexborNode) -> set[int]:
    """Tables that only put text side by side, which are read like the text in them."""
    layout: set[int] = set()
    # Tables may be nested a thousand deep: what's around a node is looked at once.
    seen = {root.mem_id}
    for inner in root.css("td table, td h1, td h2, td h3, td pre, td p + p, td ul"):
        around = inner.parent
        while around is not None and around.mem_id not in seen:
            seen.add(around.mem_id)
            if around.tag == "table":
                layout.add(around.mem_id)
            around = around.parent
    return layout


def _walk(
    root: LexborNode, skipped: set[int], layout: set[int], is_late: Callable[[], bool]
) -> tuple[Block, ...]:
    builder = TextBuilder()

    def tag_of(node: LexborNode) -> str:
        return "div" if node.mem_id in layout else node.tag or ""

    node: LexborNode | None = root
    while node is not None and not (builder.full or (builder.begun and is_late())):
        descend = node.mem_id not in skipped
        if descend:
            if node.is_text_node:
                builder.text(node.text_content or "")
            elif node.is_element_node:
                builder.open(tag_of(node))
        child = node.child if descend and not node.is_text_node else None
        if child is not None:
            node = child
            continue
        if descend and node.is_element_node:
            builder.close(tag_of(node))
        # Up to the next sibling of the nearest ancestor that has one, closing on the way.
        while node is not None and node.mem_id != root.mem_id and node.next is None:
            node = node.parent
            if node is not None and node.is_element_node:
                builder.close(tag_of(node))
        node = None if node is None or node.mem_id == root.mem_id else node.next
    return builder.finish()
