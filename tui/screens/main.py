"""The screen where people live: the query, what it found, and a look at it."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from localsearch.terminal import clean
from localsearch.types import (
    MEANING_IS_OFF,
    CancelledError,
    Hit,
    LocalsearchError,
    NoIndexError,
    Stage,
)
from tui.filters import CHIPS
from tui.indexing import IndexState
from tui.keys import ALT_KEYS
from tui.screens.hit_actions import HitActions
from tui.screens.query_actions import QueryActions
from tui.searching import Request, nearest_sentences, search_stages
from tui.widgets.chips import Chips
from tui.widgets.hit_list import HitList
from tui.widgets.key_line import KeyLine
from tui.widgets.preview import Preview
from tui.widgets.query_input import QueryInput
from tui.widgets.stage_line import StageLine
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    import threading

    from localsearch.types import FileCounts, IndexReport
    from tui.preview_render import PreviewPage

# A highlight that runs through the list shows where it rests, not what it passes.
_PREVIEW_PAUSE_S = 0.04
_SENTENCE_PAUSE_S = 0.1

_NOTHING_FOUND = "Nothing found. Try fewer words, another word for the same, or take a filter away."
_NO_FOLDERS = "No folders are searched yet. Press F2, then a, to add one."
_NO_FILES = "The folders hold no files yet. F2 shows them; what is put there will be found here."
_NOTHING_YET = "Your files are being read. Type to search those that have been."
_LEARNING = "By word so far: what your files mean is still being learnt."
_STILL_INDEXING = "Nothing found so far: the index is still growing (F2 shows how far it is)."


class MainScreen(HitActions, QueryActions):
    """Search as you type, see, act."""

    CSS_PATH = "main.tcss"
    AUTO_FOCUS = "#query"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Pane"),
        Binding("ctrl+r", "recall", "Earlier"),
        Binding("ctrl+s", "save", "Save"),
        Binding("f1", "app.help", "Help"),
        Binding("f2", "app.index", "Index"),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("escape", "back", "Back", show=False),
        Binding("slash", "focus_query", "Query", show=False),
        Binding("question_mark", "app.help", "Help", show=False),
        *(
            Binding(chip.key, f"filter('{chip.name}')", chip.label, show=False, priority=True)
            for chip in CHIPS
        ),
        *ALT_KEYS,
    ]

    def __init__(self, within: str | None = None) -> None:
        super().__init__()
        self.within = (within,) if within else ()
        self.passages = False
        self._report: IndexReport | None = None
        self._held: tuple[FileCounts, int] | None = None
        self._found_nothing = False
        self._lacks_index = False

    def compose(self) -> ComposeResult:
        """The parts, from top to bottom."""
        yield QueryInput(within=self.within[0] if self.within else "")
        yield Chips()
        yield StageLine()
        yield Static("", id="notice", markup=False)
        with Horizontal(id="body"):
            yield HitList(now_s=self.app.now_s)
            yield Preview()
        yield StatusLine()
        yield KeyLine()

    def on_mount(self) -> None:
        """Follow the index."""
        self.app.index_changed.subscribe(self, self.show_index)

    def begin(self) -> None:
        """Show what changed lately, unless something is being asked already."""
        if not self.query_input.value:
            self.search()
        self.offer_earlier()

    def show_index(self, state: IndexState) -> None:
        """The index has changed: the list follows it, and what's highlighted stays."""
        line = self.query_one(StatusLine)
        line.show_status(state.status)
        line.show_progress(state.progress, paused=state.paused, running=state.running)
        problem = state.problem
        trouble = problem.cause if problem is not None else ""
        if state.silence:
            trouble = "`localsearch watch` doesn't answer"
        line.show_trouble(f"{trouble} (F2)" if trouble else "")
        if self._found_nothing:
            self.query_one(Preview).say(self._why_nothing())
        status = state.status
        held = None if status is None else (status.files, status.chunks)
        finished = state.report is not None and state.report is not self._report
        grown = held != self._held and (self._held is not None or self._found_nothing)
        if finished or grown:
            self.search_again()
        self._report, self._held = state.report, held

    # Searching

    @on(Input.Changed, "#query")
    def query_changed(self, event: Input.Changed) -> None:
        """Every letter asks anew; what the last one asked for is dropped."""
        event.stop()
        self.app.clear_notifications()
        self.workers.cancel_group(self, "sentences")
        self.hit_list.start_over()
        self.search()
        self.query_one(Chips).read(event.value)

    def search_again(self) -> None:
        """Answer the same query from an index that has changed, unless one is being answered."""
        if any(each.group == "search" and not each.is_finished for each in self.workers):
            return
        state = self.app.keeper.state
        growing = state.running or state.progress is not None
        if not growing or self.query_one(Preview).has_focus:
            # The list changes beneath someone who reads: what's highlighted isn't to move.
            self.hit_list.moved = self.hit_list.moved or bool(self.hit_list.hits)
        self.search(settled=bool(self.hit_list.hits))

    @work(exclusive=True, group="search", exit_on_error=False)
    async def search(self, *, settled: bool = False) -> None:
        """Answer the query as it stands, stage by stage, or show the `settled` list alone."""
        request = Request(self.query_input.value, self.within, self.passages)
        stage_line = self.query_one(StageLine)
        try:
            async for stage in search_stages(
                self.app.backend,
                self.app.lanes,
                request,
                settling=(lambda _budget_s: None) if settled else stage_line.start,
            ):
                if stage.final or not settled:
                    self.show_stage(stage)
        except CancelledError:
            stage_line.stop()
            self.show_notice("")
        except LocalsearchError as error:
            self.show_error(error)
        except Exception as error:  # noqa: BLE001 - no traceback ever reaches the screen
            self.show_error(self.app.describe_unexpected(error))
        else:
            stage_line.stop()

    def show_stage(self, stage: Stage) -> None:
        """Paint a ranked list."""
        self._lacks_index = False
        asked = bool(self.query_input.value.strip())
        self.hit_list.show(stage.hits, faded=stage.nothing_relevant, scored=asked)
        stage_line = self.query_one(StageLine)
        stage_line.show(stage, passages=self.passages, recent=not asked)
        if stage.notice or stage.final:
            # What was said of the query before stays meanwhile: less would flicker with each key.
            learning = self.app.keeper.state.running and not stage.coverage.semantic
            self.show_notice(_while_learning(stage.notice) if learning else stage.notice)
        found_nothing = stage.final and not stage.hits
        if found_nothing:
            self.say_instead(self._why_nothing())
        elif self._found_nothing and not stage.hits:
            # That nothing was found was said of the query before.
            self.say_instead("")
        self._found_nothing = found_nothing
        if stage.name != "keyword":
            self.mark_sentences()

    def show_notice(self, text: str) -> None:
        """Say what of the query wasn't understood, or what its answer lacks."""
        notice = self.query_one("#notice", Static)
        notice.display = bool(text)
        notice.update(Content(clean(text)))

    def _why_nothing(self) -> str:
        state = self.app.keeper.state
        folders = not self._lacks_index if state.status is None else bool(state.status.roots)
        if not folders:
            return _NO_FOLDERS
        if not self.query_input.value.strip():
            return _NOTHING_YET if state.running else _NO_FILES
        return _STILL_INDEXING if state.running else _NOTHING_FOUND

    def show_error(self, error: LocalsearchError) -> None:
        """Say the cause above the results, and the remedy in place of the preview."""
        first = isinstance(error, NoIndexError)
        self._found_nothing = self._lacks_index = first
        self.hit_list.show(())
        self.show_notice("")
        self.query_one(StageLine).say("" if first else error.cause)
        self.say_instead(self._why_nothing() if first else error.remedy or error.cause)

    def say_instead(self, text: str) -> None:
        """Say something in place of the preview, which may be about to come."""
        self.workers.cancel_group(self, "preview")
        self.query_one(Preview).say(text)

    @on(HitList.Scrolled)
    @work(exclusive=True, group="sentences", exit_on_error=False)
    async def mark_sentences(self) -> None:
        """Mark in what's seen, and was found by meaning alone, which sentence comes nearest."""
        from localsearch.search.nearest import lacks_marks

        await asyncio.sleep(_SENTENCE_PAUSE_S)
        seen = [hit for hit in self.hit_list.in_sight if lacks_marks(hit)]
        if not seen:
            return
        # While hits are judged, one at a time does not hold that up much.
        hits = seen[:1] if self.app.lanes.search.busy else seen
        text = self.query_input.value
        try:
            async for hit in nearest_sentences(self.app.backend, self.app.lanes, text, hits):
                self.hit_list.show_nearest(hit)
        except CancelledError:
            return
        except LocalsearchError:
            # The search has said already what's wrong with the model.
            return
        except Exception as error:  # noqa: BLE001 - a mark is no reason to trouble the user
            self.app.describe_unexpected(error)

    # The preview

    @on(HitList.Highlighted)
    @on(Preview.Resized)
    def preview_highlighted(self) -> None:
        """Show what's highlighted."""
        self.show_preview(self.hit_list.highlighted)

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def show_preview(self, hit: Hit | None, *, pause_s: float = _PREVIEW_PAUSE_S) -> None:
        """Read and lay out the preview of a hit, off the UI thread."""
        preview = self.query_one(Preview)
        if hit is None:
            return
        await asyncio.sleep(pause_s)
        width = preview.text_width
        backend = self.app.backend

        def prepare(_cancel: threading.Event) -> PreviewPage:
            from tui.preview_render import render_preview
            from tui.preview_source import load_preview

            return render_preview(load_preview(backend, hit), width)

        try:
            preview.show(await self.app.lanes.preview.call(prepare))
        except CancelledError:
            return
        except LocalsearchError as error:
            preview.say(f"{error.cause}\n{error.remedy}")
        except Exception as error:  # noqa: BLE001 - no traceback ever reaches the screen
            preview.say(self.app.describe_unexpected(error).cause)

    def action_next_passage(self, step: int) -> None:
        """Show the next passage of the file in the preview, or the one before."""
        page = self.query_one(Preview).page
        if page is None or len(page.source.stops) < 2:
            return
        source = page.source
        passage = source.stops[(source.stop + step) % len(source.stops)]
        hit = dataclasses.replace(
            source.hit, locator=passage.locator, text=passage.text, chunk_id=passage.chunk_id
        )
        self.show_preview(hit, pause_s=0)

    # Keys

    def action_move(self, rows: int) -> None:
        """Move the highlight from wherever the focus is."""
        self.hit_list.move(rows)

    def action_move_page(self, pages: int) -> None:
        """Move the highlight by a page from wherever the focus is."""
        self.hit_list.move_page(pages)

    def action_toggle_passages(self) -> None:
        """One row for each file, or for each passage."""
        self.passages = not self.passages
        self.hit_list.start_over()
        self.search()

    def action_focus_query(self) -> None:
        """Back to the input."""
        self.query_input.focus()

    def action_back(self) -> None:
        """Stop what still runs; else take the marks away; else back to the input; else clear it."""
        self.app.clear_notifications()
        if self.app.lanes.search.busy:
            self.app.lanes.search.cancel()
        elif self.hit_list.marked:
            self.hit_list.clear_marks()
        elif not self.query_input.has_focus:
            self.query_input.focus()
        else:
            self.query_input.write("")


def _while_learning(notice: str) -> str:
    """The notice of a search before anything was embedded: that's no fault, and nothing to mend."""
    said, off, _ = notice.partition(MEANING_IS_OFF)
    return f"{said}{_LEARNING}" if off else notice
