"""How wide a PDF's pieces of text are, by what its fonts say of their letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject

# In thousandths of the letters' height: what letters have where their font says nothing.
_USUAL_WIDTH = 500.0
_DEFAULT_CID_WIDTH = 1000.0
# What tables may cost, of all fonts of a file together: their lists, and the codes of their ranges.
_MAX_CODES = 2_000_000
_LAST_CID = 0xFFFF
_Measure = Callable[[bytes], float]


class FontWidths:
    """Measures what the pages of a file show, each font's table read once."""

    def __init__(self) -> None:
        self._measures: dict[tuple[int, int], _Measure] = {}
        self._codes_left = _MAX_CODES

    def of_page(self, page: PageObject) -> PageWidths:
        """The widths by the names that the page has for its fonts."""
        return PageWidths(page, self)

    def measure(self, font: Any) -> _Measure:
        """How a font measures, which is given as a page refers to it."""
        key = (font.idnum, font.generation) if hasattr(font, "idnum") else None
        if key is not None and key in self._measures:
            return self._measures[key]
        try:
            measure = self._read(font.get_object())
        except Exception:  # noqa: BLE001 - a font without its table is taken for a usual one
            measure = _usual
        if key is not None:
            self._measures[key] = measure
        return measure

    def _read(self, described: Any) -> _Measure:
        if described["/Subtype"] != "/Type0":
            return _simple_measure(described)
        descendant = described["/DescendantFonts"][0].get_object()
        widths: dict[int, float] = {}
        for codes, width in _cid_widths(descendant.get("/W", ())):
            self._codes_left -= max(1, len(codes))
            if self._codes_left < 0:
                break
            widths.update(dict.fromkeys(codes, width))
        return _wide_measure(widths, float(descendant.get("/DW", _DEFAULT_CID_WIDTH)))


class PageWidths:
    """Measures what a page shows."""

    def __init__(self, page: PageObject, fonts: FontWidths) -> None:
        self._page = page
        self._fonts = fonts
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
            fonts: Any = self._page["/Resources"]["/Font"].get_object()  # type: ignore[index]
            return self._fonts.measure(fonts.raw_get(font))
        except Exception:  # noqa: BLE001 - whatever is there isn't a list of fonts
            return _usual


def _bytes_of(piece: Any) -> bytes:
    data = getattr(piece, "original_bytes", piece)
    return data if isinstance(data, bytes) else b""


def _usual(data: bytes) -> float:
    return len(data) * _USUAL_WIDTH


def _simple_measure(font: Any) -> _Measure:
    first = int(font["/FirstChar"])
    widths = [_USUAL_WIDTH] * 256
    for code, width in zip(range(max(0, first), 256), font["/Widths"], strict=False):
        widths[code] = float(width)
    return lambda data: sum(map(widths.__getitem__, data))


def _wide_measure(widths: dict[int, float], default: float) -> _Measure:
    def measure(data: bytes) -> float:
        codes = (data[n] << 8 | data[n + 1] for n in range(0, len(data) - 1, 2))
        return sum(widths.get(code, default) for code in codes)

    return measure


def _cid_widths(table: Any) -> Iterator[tuple[range, float]]:
    """Ranges of codes and their width; PDF has two forms: `first [w w …]`, and `first last w`."""
    items = iter(table.get_object() if hasattr(table, "get_object") else table)
    for first in items:
        second = next(items).get_object()
        if isinstance(second, list):
            for code, width in enumerate(second, start=int(first)):
                yield range(code, code + 1), float(width)
        else:
            last = min(int(second), _LAST_CID)
            yield range(int(first), last + 1), float(next(items))
