"""The footer: the keys that do something now, as many as there's room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import events
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from tui.keys import HIT_ACTIONS

_PALETTE = "app.command_palette"
# Shown where there's room, the first ones first; how to get help and how to leave always are.
_OPTIONAL = (*(f"screen.{each.action}" for each in HIT_ACTIONS), "save", _PALETTE)
# Around a key and its name.
_GAPS = 3


class KeyLine(Footer):
    """Textual's footer, which would cut off what has no room, on the right."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._composed_width = 0

    def compose(self) -> Iterator[Widget]:
        """The keys."""
        keys = [each for each in super().compose() if isinstance(each, FooterKey)]
        if keys:
            # Textual would set it apart, where there's no room for it.
            keys.append(
                FooterKey("ctrl+p", "^p", "Commands", _PALETTE).data_bind(compact=Footer.compact)
            )
        self._composed_width = self.app.size.width
        yield from _that_fit(keys, self._composed_width)

    def on_resize(self, event: events.Resize) -> None:
        """Another width has room for others."""
        if event.size.width != self._composed_width:
            self._composed_width = event.size.width
            self.call_after_refresh(self.recompose)


def _that_fit(keys: Sequence[FooterKey], width: int) -> Iterator[FooterKey]:
    room = width - sum(_width(key) for key in keys if key.action not in _OPTIONAL)
    left_out = set()
    for action in _OPTIONAL:
        needed = sum(_width(key) for key in keys if key.action == action)
        if needed <= room:
            room -= needed
        else:
            left_out.add(action)
    return (key for key in keys if key.action not in left_out)


def _width(key: FooterKey) -> int:
    return len(key.key_display) + len(key.description) + _GAPS
