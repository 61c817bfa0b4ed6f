"""How wide a PDF's pieces of text are, by what its fonts say of their letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject

# In thousandths of the letters' height: what letters have where their font says nothing.
_USUAL_WIDTH = 500.0
_DEFAULT_CID_WIDTH = 1000.0
_MAX_CIDS = 70_000
_Measure = Callable[[bytes], float]


class WidthReader:
    """Measures what a page shows, each font's table read once."""

    def __init__(self, page: PageObject) -> None:
        self._page = page
        self._measures: dict[str, _Measure] = {}

    def width(self, font: str, shown: Any) -> float:
        """The width of an operand of Tj or TJ, as a share of the letters' height."""
        pieces = shown if isinstance(shown, list) else (shown,)
        moved = sum(piece for piece in pieces if isinstance(piece, (int, float)))
        data = b"".join(map(_bytes_of, pieces))
        if font not in self._measures:
            self._measures[font] = self._measure(font)
        return (self._measures[font](data) - float(moved)) / 1000

    def _measure(self, font: str) -> _Measure:
        try:
            # What a form shows by fonts of its own isn't found here.
            described: Any = self._page["/Resources"]["/Font"][font].get_object()  # type: ignore[index]
            if described["/Subtype"] == "/Type0":
                return _wide_measure(described)
            return _simple_measure(described)
        except Exception:  # noqa: BLE001 - a font without its table is taken for a usual one
            return _usual


def _bytes_of(piece: Any) -> bytes:
    data = getattr(piece, "original_bytes", piece)
    return data if isinstance(data, bytes) else b""


def _usual(data: bytes) -> float:
    return len(data) * _USUAL_WIDTH


def _simple_measure(font: Any) -> _Measure:
    first = int(font["/FirstChar"])
    widths = [_USUAL_WIDTH] * 256
    for code, width in enumerate(font["/Widths"][: 256 - first], start=first):
        widths[code] = float(width)
    return lambda data: sum(map(widths.__getitem__, data))


def _wide_measure(font: Any) -> _Measure:
    descendant = font["/DescendantFonts"][0].get_object()
    default = float(descendant.get("/DW", _DEFAULT_CID_WIDTH))
    widths = _cid_widths(descendant.get("/W", ()))

    def measure(data: bytes) -> float:
        codes = (data[n] << 8 | data[n + 1] for n in range(0, len(data) - 1, 2))
        return sum(widths.get(code, default) for code in codes)

    return measure


def _cid_widths(table: Any) -> dict[int, float]:
    """PDF's two forms: `first [w w …]`, and `first last w`."""
    widths: dict[int, float] = {}
    items = iter(table.get_object() if hasattr(table, "get_object") else table)
    for first in items:
        second = next(items).get_object()
        if isinstance(second, list):
            widths.update({int(first) + n: float(width) for n, width in enumerate(second)})
        else:
            width = float(next(items))
            last = min(int(second), int(first) + _MAX_CIDS)
            widths.update(dict.fromkeys(range(int(first), last + 1), width))
        if len(widths) > _MAX_CIDS:
            break
    return widths
