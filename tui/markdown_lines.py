"""Markdown as styled lines, each of which knows the lines of the source that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from tui.syntax import highlight_code

if TYPE_CHECKING:
    from markdown_it.token import Token

_HEADING_STYLES = {"h1": "bold $primary", "h2": "bold $text-primary"}
_OTHER_HEADING = "bold"
_BULLETS = ("•", "◦", "▪")
_INLINE_STYLES = {
    "strong": "bold",
    "em": "italic",
    "s": "strike",
    "link": "underline $text-primary",
}


@dataclass(frozen=True, slots=True)
class MarkdownLine:
    """A line to wrap; `first` and `last` are source lines from 0, the last one left out.

    `lead` stands before its first row on screen, `hang` before those that it wraps to.
    """

    content: Content
    first: int
    last: int
    lead: str = ""
    hang: str = ""


@dataclass(slots=True)
class _Renderer:
    lines: list[MarkdownLine] = field(default_factory=list)
    indents: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)
    marker: str = ""
    at: tuple[int, int] = (0, 0)

    def add(self, content: Content) -> None:
        hang = "".join(self.indents)
        lead = hang
        if self.marker:
            lead = "".join(self.indents[:-1]) + self.marker
            self.marker = ""
        self.lines.append(MarkdownLine(content, *self.at, lead=lead, hang=hang))

    def gap(self) -> None:
        if self.lines and (len(self.lines[-1].content) or self.lines[-1].lead):
            end = self.lines[-1].last
            self.lines.append(MarkdownLine(Content(""), end, end))


def render_markdown(text: str) -> list[MarkdownLine]:
    """The lines of a Markdown text, rendered; never raises, whatever the text."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    renderer = _Renderer()
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.map is not None:
            renderer.at = (token.map[0], token.map[1])
        if token.type == "table_open":
            end = next(at for at in range(place, len(tokens)) if tokens[at].type == "table_close")
            _render_table(renderer, tokens[place:end])
            place = end
        else:
            _render_block(renderer, token, tokens[place - 1].tag if place else "")
        place += 1
    return renderer.lines


def _render_block(renderer: _Renderer, token: Token, parent_tag: str) -> None:
    match token.type:
        case "inline":
            style = ""
            if parent_tag.startswith("h"):
                style = _HEADING_STYLES.get(parent_tag, _OTHER_HEADING)
            for line in _inline(token.children or [], style):
                renderer.add(line)
        case "heading_open":
            renderer.gap()
        case "heading_close" | "paragraph_close":
            if not renderer.lists:
                renderer.gap()
        case "fence" | "code_block":
            for line in highlight_code(token.content.rstrip("\n"), token.info.split(" ")[0]):
                renderer.add(Content("  ") + line)
            renderer.gap()
        case "hr":
            renderer.add(Content.styled("─" * 24, "$faint"))
            renderer.gap()
        case "html_block":
            for raw in token.content.rstrip("\n").split("\n"):
                renderer.add(Content.styled(raw, "$faint"))
            renderer.gap()
        case _:
            _change_level(renderer, token)


def _change_level(renderer: _Renderer, token: Token) -> None:
    match token.type:
        case "bullet_list_open":
            renderer.lists.append(None)
        case "ordered_list_open":
            renderer.lists.append(int(token.attrGet("start") or 1))
        case "bullet_list_close" | "ordered_list_close":
            renderer.lists.pop()
            if not renderer.lists:
                renderer.gap()
        case "list_item_open":
            number = renderer.lists[-1]
            if number is None:
                renderer.marker = _BULLETS[(len(renderer.lists) - 1) % len(_BULLETS)] + " "
            else:
                renderer.marker = f"{number}. "
                renderer.lists[-1] = number + 1
            renderer.indents.append(" " * len(renderer.marker))
        case "list_item_close":
            renderer.marker = ""
            renderer.indents.pop()
        case "blockquote_open":
            renderer.indents.append("▎ ")
        case "blockquote_close":
            renderer.indents.pop()
            renderer.gap()


def _inline(children: Sequence[Token], base: str) -> list[Content]:
    """The lines of a run of inline tokens: more than one where the author forced a break."""
    lines: list[list[tuple[str, str]]] = [[]]
    open_styles: list[str] = [base] if base else []
    for child in children:
        style = " ".join(open_styles)
        match child.type:
            case "text" | "html_inline":
                lines[-1].append((child.content, style))
            case "code_inline":
                lines[-1].append((child.content, f"{style} $text-success"))
            case "softbreak":
                lines[-1].append((" ", style))
            case "hardbreak":
                lines.append([])
            case "image":
                lines[-1].append((f"[{child.content or 'image'}]", f"{style} $dim"))
            case _:
                name = child.type.rpartition("_")[0]
                if child.nesting > 0:
                    open_styles.append(_INLINE_STYLES.get(name, ""))
                elif child.nesting < 0 and len(open_styles) > (1 if base else 0):
                    open_styles.pop()
    return [Content.assemble(*parts) for parts in lines]


def _render_table(renderer: _Renderer, tokens: Sequence[Token]) -> None:
    rows: list[tuple[tuple[int, int], list[Content]]] = []
    for token in tokens:
        if token.type == "tr_open" and token.map is not None:
            rows.append(((token.map[0], token.map[1]), []))
        elif token.type == "inline" and rows:
            cells = _inline(token.children or [], "bold" if len(rows) == 1 else "")
            rows[-1][1].append(Content(" ").join(cells))
    columns = max((len(cells) for _, cells in rows), default=0)
    widths = [
        max((cells[at].cell_length for _, cells in rows if at < len(cells)), default=0)
        for at in range(columns)
    ]
    for number, (at, cells) in enumerate(rows):
        renderer.at = at
        padded = [
            cell + " " * (widths[column] - cell_len(cell.plain))
            for column, cell in enumerate(cells)
        ]
        renderer.add(Content.styled(" │ ", "$faint").join(padded))
        if number == 0:
            rule = "─┼─".join("─" * width for width in widths)
            renderer.add(Content.styled(rule, "$faint"))
    renderer.gap()
