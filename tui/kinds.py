"""How each kind of file looks: a mark that every monospace font has, and a colour of the theme."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KindLook:
    """A one-cell mark and the style it's shown in."""

    mark: str
    style: str


# Marks are from blocks that plain fonts hold: Latin, box drawing, geometric shapes.
_LOOKS = {
    "text": KindLook("≡", "$dim"),
    "code": KindLook("λ", "$text-success"),
    "pdf": KindLook("■", "$text-error"),
    "doc": KindLook("¶", "$text-primary"),
    "sheet": KindLook("▦", "$text-success"),
    "slides": KindLook("□", "$text-warning"),
    "web": KindLook("◊", "$text-primary"),
    "mail": KindLook("@", "$text-warning"),
    "book": KindLook("▌", "$text-secondary"),
    "notebook": KindLook("»", "$text-success"),
    "data": KindLook("#", "$dim"),
    "subtitles": KindLook("“", "$text-secondary"),
    "archive": KindLook("◫", "$dim"),
    "image": KindLook("▣", "$text-secondary"),
    "audio": KindLook("♪", "$text-secondary"),
    "video": KindLook("►", "$text-secondary"),
    "other": KindLook("·", "$dim"),
}
KINDS = tuple(_LOOKS)


def look_of(kind: str) -> KindLook:
    """How a kind looks; one that we don't know looks like `other`."""
    return _LOOKS.get(kind, _LOOKS["other"])
