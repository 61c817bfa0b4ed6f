"""Source code in colours."""

from __future__ import annotations

from textual.content import Content


def language_of(path: str) -> str:
    """The highlighter's name of a file's language; `text` when it has none."""
    from pygments.lexers import find_lexer_class_for_filename

    try:
        found = find_lexer_class_for_filename(path)
    except (LookupError, ValueError):
        return "text"
    return found.aliases[0] if found is not None and found.aliases else "text"


def highlight_code(code: str, language: str) -> list[Content]:
    """The lines of some source code, as many as it has, coloured."""
    lines = code.split("\n")
    if not language or language == "text":
        return [Content(line) for line in lines]
    from textual.highlight import highlight

    coloured = highlight(code, language=language).split("\n", allow_blank=True)
    # A highlighter may add or drop a line at the end; the text decides.
    coloured = coloured[: len(lines)] + [Content(line) for line in lines[len(coloured) :]]
    same = all(mine.plain == line for mine, line in zip(coloured, lines, strict=True))
    return coloured if same else [Content(line) for line in lines]
