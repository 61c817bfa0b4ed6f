from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import apsw
import pytest

from converters.registry import convert_file
from localsearch.api import Index
from localsearch.config import ModelSettings, Paths, Settings, load_settings
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.model_change.change import ModelChange
from localsearch.models import use_model
from localsearch.service.background_change import BackgroundChange
from localsearch.store import Store
from localsearch.types import (
    CancelledError,
    IndexReport,
    ModelError,
    Progress,
    Stage,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def changed(filled: Index, tmp_path: Path) -> Iterator[Index]:
    """The library's index, made with the starter, where another model is chosen now."""
    model = tmp_path / "other.gguf"
    write_random_qwen3(model, pooling="last", name="other")
    settings = replace(Settings(), models=ModelSettings(embedder=str(model)))
    with Index(filled.paths, settings) as opened:
        yield opened


def by_meaning(index: Index) -> Stage:
    """The answer to a question in another language than its answer's, by meaning alone."""
    *_, stage = index.search(index.parse("the flat gets cold at night", mode="semantic"))
    return stage


def serving_name(index: Index) -> str:
    model = index.status().model
    assert model is not None
    return model.name


def update_until(index: Index, chunks_done: int) -> None:
    """Update, and stop when so many passages have a vector of the new model."""
    cancel = threading.Event()

    def watch(progress: Progress) -> None:
        if progress.changing_to and progress.chunks_done >= chunks_done:
            cancel.set()

    with pytest.raises(CancelledError):
        index.update(progress=watch, cancel=cancel)


def test_the_old_vectors_serve_until_the_new_are_whole(changed: Index) -> None:
    answers: list[Stage] = []
    progress_names: set[str] = set()

    def search_meanwhile(progress: Progress) -> None:
        progress_names.add(progress.changing_to)
        if progress.phase == "embedding":
            answers.append(by_meaning(changed))

    old_name = serving_name(changed)
    for query in ("bees", "heating", "sleep"):
        changed.remember(query)
    report = changed.update(progress=search_meanwhile)
    assert "other" in progress_names
    assert answers
    for answer in answers:
        assert answer.hits[0].path.endswith("heizung.txt")
        assert answer.coverage.semantic == 1.0
    assert serving_name(changed) == "other"
    assert report.embedded_chunks == changed.status().chunks
    assert f"the model changed from {old_name} to other" in " ".join(report.notices)
    said = " ".join(report.notices)
    assert f"to 4 headings as questions, {old_name} finds 4 of their files" in said
    assert "to your last 3 queries" in said
    assert not changed.paths.next_index_file.exists()
    assert by_meaning(changed).coverage.semantic == 1.0
    with Store(changed.paths.index_file) as store:
        assert store.checks.problems() == ()


def test_a_change_that_was_stopped_goes_on_where_it_was(changed: Index, library: Path) -> None:
    old_name = serving_name(changed)
    update_until(changed, 0)
    change = changed.status().model_change
    assert change is not None
    assert change.name == "other"
    assert serving_name(changed) == old_name
    assert by_meaning(changed).hits[0].path.endswith("heizung.txt")
    (library / "new.txt").write_text("A new file that came while the model changed.")
    (library / "garden/bees.txt").unlink()
    report = changed.update()
    assert serving_name(changed) == "other"
    assert report.removed == 1
    assert changed.status().files.indexed == 5
    assert changed.status().coverage.semantic == 1.0
    with Store(changed.paths.index_file) as store:
        assert store.checks.problems() == ()


def test_choosing_the_old_model_again_gives_the_change_up(changed: Index, filled: Index) -> None:
    update_until(changed, 0)
    assert changed.paths.next_index_file.exists()
    report = filled.update()
    assert report.embedded_chunks == 0
    assert not changed.paths.next_index_file.exists()


def test_a_model_that_was_chosen_by_its_path_serves_until_the_next_is_whole(
    changed: Index,
) -> None:
    changed.update()
    assert serving_name(changed) == "other"
    answers: list[Stage] = []
    with Index(changed.paths, Settings()) as automatic:
        status = automatic.status()
        assert status.model is not None
        assert status.model.usable
        assert by_meaning(automatic).hits
        automatic.update(
            progress=lambda each: (
                answers.append(by_meaning(automatic)) if each.phase == "embedding" else None
            )
        )
        assert answers
        assert all(answer.hits for answer in answers)
        assert serving_name(automatic) != "other"
        assert by_meaning(automatic).hits[0].path.endswith("heizung.txt")


def test_two_models_whose_files_have_one_name_are_told_apart(
    changed: Index, tmp_path: Path
) -> None:
    changed.update()
    other = tmp_path / "elsewhere/other.gguf"
    other.parent.mkdir()
    write_random_qwen3(other, pooling="last", name="other", seed=7)
    with Index(changed.paths, Settings(models=ModelSettings(embedder=str(other)))) as again:
        assert by_meaning(again).hits
        report = again.update()
        assert report.embedded_chunks == again.status().chunks
        assert by_meaning(again).hits


def test_a_model_of_ones_own_is_gone_back_to_by_name(home: Paths, tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    write_random_qwen3(mine, pooling="last", name="mine")
    use_model(home, Settings(), str(mine))
    assert use_model(home, Settings(), "auto") is None
    again = use_model(home, Settings(), "mine")
    assert again is not None
    assert again.path == mine
    assert load_settings(home.settings_file).models.embedder == str(mine)


def test_a_folder_removed_meanwhile_does_not_come_back(
    changed: Index, library: Path, tmp_path: Path
) -> None:
    other = tmp_path / "more"
    other.mkdir()
    (other / "kept.txt").write_text("A word of another folder: zeppelin.")
    changed.add_roots([str(other)])
    update_until(changed, 0)
    changed.remove_root(str(library))
    changed.update()
    assert [root.path for root in changed.status().roots] == [str(other)]
    assert changed.status().files.total == 1


def test_a_damaged_copy_is_made_anew(changed: Index) -> None:
    update_until(changed, 0)
    changed.paths.next_index_file.write_bytes(b"not a database at all" * 5000)
    assert changed.status().model_change is None
    changed.update()
    assert serving_name(changed) == "other"
    assert changed.status().coverage.semantic == 1.0


def test_chunks_are_cut_anew_for_another_model(index: Index, library: Path, tmp_path: Path) -> None:
    (library / "long.txt").write_text(" ".join(f"Sentence number {n}." for n in range(300)))
    index.add_roots([str(library)])
    index.update()
    before = index.status().chunks
    model = tmp_path / "other.gguf"
    write_random_qwen3(model, pooling="last", name="other")
    with Index(index.paths, Settings(models=ModelSettings(embedder=str(model)))) as changed:
        changed.update()
        assert changed.status().chunks != before
        again: IndexReport = changed.update()
    assert (again.changed, again.embedded_chunks) == (0, 0)


def test_a_missing_model_has_nothing_cut_anew(changed: Index, tmp_path: Path) -> None:
    changed.update()
    (tmp_path / "other.gguf").unlink()
    with Index(changed.paths, changed.settings) as opened:
        report = opened.update()
        assert report.changed == 0
        assert opened.status().coverage.semantic == 1.0


def test_too_small_a_disk_is_said_before_anything_is_built(
    changed: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage(changed.paths.data_dir)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(StoreFullError, match="changing the model needs"):
        changed.update()
    monkeypatch.undo()
    assert by_meaning(changed).hits


def test_damage_to_the_copy_is_never_taken_for_damage_to_the_index(changed: Index) -> None:
    old_name = serving_name(changed)
    update_until(changed, 0)
    copy = changed.paths.next_index_file
    connection = apsw.Connection(str(copy))
    # Damage that shows itself only when the passage is read.
    connection.execute("UPDATE chunks SET heading_path = 'no JSON'")
    connection.close()
    with pytest.raises(StoreError, match="is damaged, and given up"):
        changed.update()
    assert not copy.exists()
    assert not list(copy.parent.glob("*.damaged-*"))
    assert serving_name(changed) == old_name
    assert by_meaning(changed).hits
    changed.update()
    assert serving_name(changed) == "other"


def test_a_folder_added_meanwhile_stays(changed: Index, tmp_path: Path) -> None:
    other = tmp_path / "more"
    other.mkdir()
    (other / "late.txt").write_text("A word of another folder: zeppelin.")

    def add(progress: Progress) -> None:
        if progress.changing_to and str(other) not in changed.root_paths():
            changed.add_roots([str(other)])

    changed.update(progress=add)
    assert serving_name(changed) == "other"
    assert str(other) in [root.path for root in changed.status().roots]
    *_, stage = changed.search(changed.parse("zeppelin", mode="keyword"))
    assert [hit.path for hit in stage.hits] == [str(other / "late.txt")]


def test_what_a_full_check_found_altered_stays_found(
    changed: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise CancelledError

    # All has been read for the copy by now.
    with monkeypatch.context() as patched, pytest.raises(CancelledError):
        patched.setattr("localsearch.model_change.comparison.compare", stop)
        changed.update()
    path = library / "garden/bees.txt"
    before = path.stat()
    path.write_text(path.read_text().replace("hive", "nest"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    changed.update(full=True)
    assert serving_name(changed) == "other"
    *_, stage = changed.search(changed.parse("nest", mode="keyword"))
    assert [hit.path for hit in stage.hits] == [str(path)]


def test_a_file_that_came_while_the_model_changed_is_counted(
    changed: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come(*_: object, **__: object) -> None:
        (library / "late.txt").write_text("A late word: zeppelin.")
        raise ModelError("and a comparison that fails stops nothing")

    monkeypatch.setattr("localsearch.model_change.comparison.compare", come)
    report = changed.update()
    assert serving_name(changed) == "other"
    assert (report.added, report.unchanged) == (1, 5)


def test_no_folder_is_lost_that_comes_at_the_last_moment(tmp_path: Path) -> None:
    with Store(tmp_path / "new.db") as new, Store(tmp_path / "old.db") as old:

        def once_locked() -> None:
            with (
                pytest.raises(StoreLockedError),
                Store(tmp_path / "old.db") as late,
            ):
                late._connection.set_busy_timeout(0)
                with late.transaction():
                    late.files.add_root("/late")
            with new.transaction():
                new.files.add_root("/came")

        new.copy_to(old, once_locked=once_locked)
        assert [path for path, _, _ in old.files.roots()] == ["/came"]


def test_damage_that_was_copied_is_damage_of_the_index(changed: Index) -> None:
    connection = apsw.Connection(str(changed.paths.index_file))
    connection.execute("DELETE FROM chunks_fts WHERE rowid = (SELECT max(id) FROM chunks)")
    connection.close()
    with pytest.raises(StoreDamagedError), Store(changed.paths.index_file) as store:
        embedder = changed.open_embedder()
        with ModelChange(store, changed.paths, changed.settings, embedder) as change:
            with change.beside.transaction():
                change.beside._connection.execute("UPDATE chunks SET heading_path = 'no JSON'")
            change.take_place()


def in_background(index: Index, store: Store, notes: list[str]) -> BackgroundChange:
    return BackgroundChange(
        index,
        store,
        cancel=threading.Event(),
        on_progress=lambda _: None,
        on_note=notes.append,
        on_problem=notes.append,
        on_report=lambda _: None,
    )


def test_in_the_background_too_the_old_model_gives_the_change_up(
    changed: Index, filled: Index
) -> None:
    update_until(changed, 0)
    with Store(filled.paths.index_file) as store:
        change = in_background(filled, store, [])
        chosen = filled.open_embedder()
        assert change.embedder_until_then(chosen) is chosen
        assert not change.is_due
    assert not filled.paths.next_index_file.exists()


def test_in_the_background_a_small_disk_holds_up_nothing_else(
    changed: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage(changed.paths.data_dir)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    notes: list[str] = []
    with Store(changed.paths.index_file) as store:
        change = in_background(changed, store, notes)
        change.embedder_until_then(changed.open_embedder())
        due_before = change.is_due
        done = change.step(convert_file, lambda: False, lambda: False)
        assert (due_before, done, change.is_due) == (True, False, False)
    assert "changing the model needs" in notes[-1]
