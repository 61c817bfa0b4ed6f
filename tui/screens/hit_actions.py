"""What can be done with a hit: open, show in its folder, copy, mark, explain."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.screen import Screen

from localsearch.terminal import clean, counted
from localsearch.types import CancelledError, Hit, LocalsearchError, Locator
from tui.widgets.hit_list import HitList
from tui.widgets.preview import Preview
from tui.widgets.query_input import QueryInput

if TYPE_CHECKING:
    import threading

    from tui.app import LocalsearchApp
    from tui.opening import Launch

# Nobody wants fifty windows by a slip of the finger.
_OPEN_AT_ONCE = 10


class HitActions(Screen[None]):
    """The part of the main screen that acts on hits."""

    app: LocalsearchApp

    @property
    def hit_list(self) -> HitList:
        """What was found."""
        return self.query_one(HitList)

    @property
    def acted_on(self) -> tuple[Hit, ...]:
        """The marked hits, else the passage in the preview, else the highlighted hit."""
        hits = self.hit_list
        shown = self.query_one(Preview).hit
        if hits.marked or not (self.query_one(Preview).has_focus and shown):
            return hits.chosen
        return (shown,)

    @on(QueryInput.Submitted)
    @on(HitList.Opened)
    def open_hits(self) -> None:
        """Enter, or a double click."""
        self.action_open()

    def action_open(self) -> None:
        """Open what's acted on, each where it matched."""
        hits = self.acted_on
        if len(hits) > _OPEN_AT_ONCE:
            self.app.say(f"Only the first {_OPEN_AT_ONCE} of {len(hits)} are opened", "warning")
        self.app.remember(self.query_one(QueryInput).value)
        self.open_all(hits[:_OPEN_AT_ONCE])

    @work(group="open", exit_on_error=False)
    async def open_all(self, hits: tuple[Hit, ...]) -> None:
        """Open these, one after the other."""
        from tui.opening import plan_opening, this_desk

        desk = this_desk()
        for hit in hits:
            if not os.path.lexists(hit.path):
                self.app.show_error(
                    LocalsearchError(
                        f"{clean(os.path.basename(hit.path))} is no longer there",
                        "It was moved or deleted since it was indexed; the index will follow.",
                    )
                )
                continue
            try:
                launch = plan_opening(hit, self.app.backend.settings.tui.open_with, desk)
                await self._launch(launch)
            except LocalsearchError as error:
                self.app.show_error(error)

    async def _launch(self, launch: Launch) -> None:
        from tui.launching import run_detached, run_in_terminal

        if launch.terminal:
            run_in_terminal(self.app, launch)
        else:
            await self.app.lanes.actions.call(lambda _cancel: run_detached(launch))

    @work(group="open", exit_on_error=False)
    async def action_open_folder(self) -> None:
        """Show the file in its folder."""
        from tui.opening import plan_folder, this_desk

        for hit in self.acted_on[:_OPEN_AT_ONCE]:
            try:
                await self._launch(plan_folder(hit.path, this_desk()))
            except LocalsearchError as error:
                self.app.show_error(error)

    def action_copy_path(self) -> None:
        """Copy the paths, one a line."""
        hits = self.acted_on
        paths = list(dict.fromkeys(hit.path for hit in hits))
        if paths:
            self._copy(
                "\n".join(paths), paths[0] if len(paths) == 1 else counted(len(paths), "path")
            )

    def action_copy_passage(self) -> None:
        """Copy the text of the passages."""
        texts = [hit.text or hit.snippet for hit in self.acted_on]
        if texts:
            name = "the passage" if len(texts) == 1 else counted(len(texts), "passage")
            self._copy("\n\n".join(texts), name)

    @work(group="copy", exit_on_error=False)
    async def _copy(self, text: str, name: str) -> None:
        from tui.clipboard import copy_natively

        # A file name that isn't UTF-8 can't go through OSC 52.
        self.app.copy_to_clipboard(text.encode("utf-8", "replace").decode("utf-8"))
        await self.app.lanes.actions.call(lambda _cancel: copy_natively(text))
        self.app.say(f"Copied {clean(name)}")

    def action_toggle_mark(self) -> None:
        """Mark the highlighted hit, or take its mark away."""
        self.hit_list.toggle_mark()

    @work(exclusive=True, group="copies", exit_on_error=False)
    async def action_next_copy(self) -> None:
        """Have the next file that holds the same text take the row of the highlighted hit."""
        hit = self.hit_list.highlighted
        if hit is None:
            return
        if not hit.copies:
            self.app.say("No other file that was found holds this text")
            return
        backend = self.app.backend
        path, *rest = hit.copies

        def find(_cancel: threading.Event) -> Hit:
            from localsearch.search.copies import same_words

            words = same_words(hit.text)
            same = (each for each in backend.passages_of(path) if same_words(each.text) == words)
            copy = replace(hit, path=path, copies=(*rest, hit.path), member="")
            found = next(same, None)
            if found is None:
                return replace(copy, locator=Locator(), chunk_id=None)
            return replace(copy, locator=found.locator, chunk_id=found.chunk_id)

        try:
            copy = await self.app.lanes.actions.call(find)
        except CancelledError:
            return
        except LocalsearchError as error:
            self.app.show_error(error)
            return
        self.hit_list.put_in_place(hit, copy)

    def action_explain(self) -> None:
        """Say where the place of the highlighted hit comes from."""
        hit = self.hit_list.highlighted
        if hit is not None:
            from tui.screens.why import WhyScreen

            self.app.push_screen(WhyScreen(hit))
