"""The index is visible, and what can be done about it is done."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest
from textual.widgets import Input

from localsearch.models.speed import note_speed
from localsearch.service.service import Service
from localsearch.service.state import write_state
from localsearch.types import CancelledError, IndexReport, Progress, ServiceState, StoreLockedError
from tests.tui.conftest import NO_MODEL, StagedIndex
from tests.tui.driving import opened
from tui.screens.confirm import ConfirmScreen
from tui.screens.folder_picker import FolderPicker
from tui.screens.index import IndexScreen


async def test_coverage_folders_and_failures_are_shown(index: StagedIndex, user_home: Path) -> None:
    (user_home / "library" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    index.update()
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        await driver.press("f2")
        await driver.until(lambda: isinstance(driver.app.screen, IndexScreen))
        assert "Words" in driver.text
        assert "100 %" in driver.text
        assert "~/library" in driver.text
        await driver.press("2")
        await driver.until(lambda: "broken.pdf" in driver.text)


@pytest.mark.parametrize("width", [80, 100])
async def test_help_and_quit_stay_in_the_footer(
    index: StagedIndex, user_home: Path, width: int
) -> None:
    (user_home / "library" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    index.update()
    async with opened(index, size=(width, 24)) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        await driver.press("f2")
        for key, name in (("1", "Remove"), ("2", "Retry"), ("3", "Measure")):
            await driver.press(key)
            await driver.until(lambda name=name: name in driver.text.splitlines()[-1])  # type: ignore[misc]
            assert "Help" in driver.text.splitlines()[-1]
            assert "Quit" in driver.text.splitlines()[-1]


async def test_a_folder_is_added_by_typing_its_path(index: StagedIndex, user_home: Path) -> None:
    more = user_home / "more"
    more.mkdir()
    (more / "kite.txt").write_text("The kite needs a longer tail.")
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        await driver.press("f2", "a")
        await driver.until(lambda: isinstance(driver.app.screen, FolderPicker))
        driver.app.screen.query_one(Input).value = str(more)
        await driver.press("enter")
        await driver.until(lambda: "~/more" in driver.text)
        await driver.until(lambda: not driver.app.keeper.state.running)
        await driver.press("escape")
        await driver.search("kite")
        assert driver.names == ["kite.txt"]


@pytest.mark.parametrize("typed", ["{home}/more", "~/more", "more"])
async def test_what_is_typed_takes_the_place_of_what_stands_there(
    index: StagedIndex, user_home: Path, typed: str
) -> None:
    more = user_home / "more"
    more.mkdir()
    async with opened(index) as driver:
        await driver.press("f2", "a")
        await driver.until(lambda: isinstance(driver.app.screen, FolderPicker))
        await driver.press(*typed.format(home=user_home), "enter")
        await driver.until(lambda: "~/more" in driver.text)


async def test_a_folder_that_is_not_there_is_refused(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.press("f2", "a")
        await driver.until(lambda: isinstance(driver.app.screen, FolderPicker))
        driver.app.screen.query_one(Input).value = "/no/such/folder"
        await driver.press("enter")
        await driver.until(lambda: "no such folder" in driver.text)


async def test_a_folder_is_forgotten_after_asking(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        await driver.press("f2", "d")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmScreen))
        await driver.press("escape")
        assert len(index.status().roots) == 1
        await driver.press("d")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmScreen))
        await driver.press("y")
        await driver.until(lambda: not index.status().roots)
        await driver.until(lambda: "No folders yet" in driver.text)


async def test_indexing_is_shown_paused_and_resumed(index: StagedIndex) -> None:
    runs: list[threading.Event] = []

    def update(
        within: Sequence[str] = (),
        *,
        full: bool = False,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> IndexReport:
        assert not full
        assert progress is not None
        assert cancel is not None
        runs.append(cancel)
        progress(
            Progress(
                "embedding", 7, 7, 30, 100, 9_000, 30_000, 1234.0, 95.0, "/home/ada/notes/tea.md"
            )
        )
        cancel.wait(30)
        raise CancelledError

    index.update = update  # type: ignore[method-assign]
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        driver.app.update_index()
        await driver.until(lambda: "learning meanings 30 %, 2 min left" in driver.text)
        await driver.press("f2")
        await driver.until(lambda: "1,234 tokens/s" in driver.text and "tea.md" in driver.text)
        await driver.press("p")
        await driver.until(lambda: "Paused" in driver.text and runs[0].is_set())
        await driver.press("p")
        await driver.until(lambda: len(runs) == 2 and "1,234 tokens/s" in driver.text)


async def test_a_long_word_about_the_last_work_is_told_to_its_end(index: StagedIndex) -> None:
    said = "the model changed from one to another; all passages have new vectors"

    def update(*_: object, **__: object) -> IndexReport:
        return IndexReport(renewed=297, notices=(said, "of the first hits 80% stay: the very end"))

    index.update = update  # type: ignore[method-assign]
    async with opened(index, size=(80, 24)) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        driver.app.update_index()
        await driver.press("f2")
        await driver.until(lambda: "297 read anew" in driver.text)
        assert "the very end" in " ".join(driver.text.split())


async def test_another_process_at_work_is_no_error(index: StagedIndex) -> None:
    def update(*_: object, **__: object) -> IndexReport:
        raise StoreLockedError("another process is indexing", "Wait.")

    index.update = update  # type: ignore[method-assign]
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        driver.app.update_index()
        await driver.press("f2")
        await driver.until(lambda: "Another localsearch is keeping the index" in driver.text)


@pytest.mark.skipif("not hasattr(__import__('socket'), 'AF_UNIX')", reason="needs Unix sockets")
async def test_a_service_that_does_not_answer_is_told_of(index: StagedIndex) -> None:
    began_s = psutil.Process().create_time()
    silent = ServiceState(os.getpid(), began_s, time.time() - 600, "idle")
    write_state(index.paths.service_file, silent)
    async with opened(index) as driver:
        await driver.until(lambda: "`localsearch watch` doesn't answer (F2)" in driver.text)
        await driver.press("f2")
        await driver.until(lambda: "it has said nothing for 10 min" in driver.text)


async def test_the_service_is_paused_and_resumed(index: StagedIndex) -> None:
    # A short path: the system takes about a hundred bytes for a socket's.
    with tempfile.TemporaryDirectory(prefix="ls") as folder:
        paths = dataclasses.replace(index.paths, runtime_dir=Path(folder, "run"))
        index.paths = paths
        stop = threading.Event()
        with Service(paths, NO_MODEL) as service:
            thread = threading.Thread(target=service.run, args=(stop,))
            thread.start()
            try:
                async with opened(index) as driver:
                    await driver.press("f2")
                    await driver.until(lambda: "`localsearch watch` keeps it" in driver.text)
                    await driver.press("p")
                    await driver.until(lambda: service.is_paused and "Paused" in driver.text)
                    await driver.press("p")
                    await driver.until(lambda: not service.is_paused)
                    await driver.until(lambda: service.state().phase == "idle")
                    passes = service.state().passes
                    await driver.press("u")
                    await driver.until(lambda: service.state().passes > passes)
                    await driver.until(lambda: "`localsearch watch` keeps it" in driver.text)
            finally:
                stop.set()
                thread.join()


async def test_models_are_listed_for_this_machine(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.press("f2", "3")
        await driver.until(lambda: "Qwen3-Embedding-0.6B" in driver.text)
        assert "Enter downloads it" in driver.text


async def test_nothing_is_downloaded_unasked(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.press("f2", "3")
        await driver.until(lambda: "Qwen3-Embedding-0.6B" in driver.text)
        await driver.press("down", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmScreen))
        assert "network" in driver.text
        await driver.press("escape")
        await driver.until(lambda: isinstance(driver.app.screen, IndexScreen))
        assert not index.paths.models_dir.exists() or not any(index.paths.models_dir.iterdir())


async def test_the_speed_of_a_model_on_this_machine_is_shown(index: StagedIndex) -> None:
    note_speed(index.paths.state_file, "Qwen3-Embedding-0.6B", 8_000, 16.0)
    note_speed(index.paths.state_file, "Qwen3-Reranker-0.6B", 13, 10.0)
    async with opened(index) as driver:
        await driver.press("f2", "3")
        await driver.until(lambda: "500 tokens/s here" in driver.text)
        assert "1.3 passages/s here" in driver.text
        await driver.press("down", "m")
        await driver.until(lambda: "isn't here yet" in driver.text)
