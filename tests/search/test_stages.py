from __future__ import annotations

import threading
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from localsearch.api import Index
from localsearch.config import ModelSettings, Paths, Settings
from localsearch.engine.embedder import GgufEmbedder
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.search.candidates import keyword_candidates
from localsearch.search.stages import finds_only_code
from localsearch.types import CancelledError, SemanticUnavailableError, UsageError
from tests.conftest import write_library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localsearch.search.candidates import Candidate, QueryWords
    from localsearch.store import Store
    from localsearch.types import FloatVector, Query, Stage


def stages(index: Index, text: str, **options: object) -> list[Stage]:
    return list(index.search(index.parse(text, **options)))  # type: ignore[arg-type]


def paths(stage: Stage, folder: Path) -> list[str]:
    return [hit.path.removeprefix(str(folder) + "/") for hit in stage.hits]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_library(tmp_path_factory.mktemp("searched") / "library")


@pytest.fixture(scope="module")
def filled(
    starter_models_dir: Path, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Index]:
    """An index of the library that no test of this module changes."""
    base = tmp_path_factory.mktemp("home")
    home = Paths(base / "config", base / "data", base / "state", starter_models_dir, base / "run")
    with Index(home, Settings()) as opened:
        opened.add_roots([str(library)])
        opened.update()
        yield opened


@pytest.fixture
def judging(filled: Index, tmp_path: Path) -> Iterator[Index]:
    """The index of the library, with a reranker of random weights."""
    path = tmp_path / "random-reranker.gguf"
    write_random_qwen3(path, head="cls", name="random reranker")
    settings = Settings(models=ModelSettings(reranker=str(path)))
    with Index(filled.paths, settings) as opened:
        yield opened


def test_words_come_first_then_meaning(filled: Index, library: Path) -> None:
    found = stages(filled, "hive in the orchard")
    assert [stage.name for stage in found] == ["keyword", "hybrid"]
    assert [stage.final for stage in found] == [False, True]
    for stage in found:
        assert paths(stage, library)[0] == "garden/bees.txt"
    assert found[1].timings_ms.embed > 0


def test_what_went_between_two_stages_lends_its_place_to_nobody(
    starter_models_dir: Path, tmp_path: Path
) -> None:
    """The new file's passage gets the id that the old one's had."""
    folder = tmp_path / "notes"
    folder.mkdir()
    old, new = folder / "old.txt", folder / "new.txt"
    old.write_text("The lighthouse keeper counts the ships.\n")
    c, d, s, r = (tmp_path / name for name in "cdsr")
    home = Paths(c, d, s, starter_models_dir, r)
    with Index(home, Settings()) as reading, Index(home, Settings()) as writing:
        writing.add_roots([str(folder)])
        writing.update()
        following = reading.search(reading.parse("lighthouse"))
        assert paths(next(following), folder) == ["old.txt"]
        old.unlink()
        new.write_text("A lighthouse stands on the cliff, and gulls sit upon it.\n")
        writing.update()
        *_, last = following
        assert paths(last, folder) == ["new.txt"]


def test_words_are_looked_up_again_only_where_what_they_found_has_changed(
    starter_models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "old.txt").write_text("The lighthouse keeper counts the ships.\n")
    (folder / "photo.jpg").write_bytes(b"")
    look_ups: list[str] = []

    def counted(store: Store, query: Query, words: QueryWords) -> list[Candidate]:
        look_ups.append(query.text)
        return keyword_candidates(store, query, words)

    monkeypatch.setattr("localsearch.search.stages.keyword_candidates", counted)
    c, d, s, r = (tmp_path / name for name in "cdsr")
    home = Paths(c, d, s, starter_models_dir, r)
    with Index(home, Settings()) as reading, Index(home, Settings()) as writing:
        writing.add_roots([str(folder)])
        writing.update()

        def write_between(text: str, name: str) -> Stage:
            following = reading.search(reading.parse(text))
            next(following)
            (folder / name).write_text("Of snow, and of an avalanche.\n")
            writing.update()
            *_, last = following
            return last

        assert write_between("lighthouse", "other.txt").notice == ""
        assert write_between("photo", "one more.txt").notice == ""
        assert look_ups == ["lighthouse", "photo"]
        last = write_between("glacier", "glacier.txt")
        assert paths(last, folder)[0] == "glacier.txt"
        assert last.notice == ""


def test_meaning_crosses_languages(filled: Index, library: Path) -> None:
    found = stages(filled, "the flat gets cold at night")[-1]
    assert paths(found, library)[0] == "letters/heizung.txt"


def test_what_only_words_find_gets_its_true_cosine(filled: Index, library: Path) -> None:
    hit = next(h for h in stages(filled, "recordFailure")[-1].hits if h.path.endswith("retry.py"))
    assert hit.why.keyword_rank == 1
    assert hit.why.vector_score is not None
    assert hit.why.coverage is not None
    assert hit.why.coverage_baseline is not None
    excess = max(0, hit.why.coverage - hit.why.coverage_baseline)
    weights = dict(hit.why.weights)
    others = weights["keyword"] + weights.get("fragment", 0.0)
    by_word = weights["coverage"] * excess + others
    assert hit.score == pytest.approx(hit.why.vector_score + by_word)


def test_a_question_without_spaces_is_found_by_some_of_its_words(
    filled: Index, library: Path
) -> None:
    (found,) = stages(filled, "睡眠对学习有什么帮助呢", mode="keyword")
    assert paths(found, library) == ["notes/睡眠.txt"]


def test_one_hit_a_file_unless_passages_are_wanted(filled: Index, library: Path) -> None:
    by_file = paths(stages(filled, "tomatoes")[-1], library)
    assert len(by_file) == len(set(by_file))
    by_passage = paths(stages(filled, "tomatoes", passages=True)[-1], library)
    assert by_passage.count("garden/tomatoes.md") == 2


def test_filters_phrases_and_exclusions_hold_for_meaning_too(filled: Index, library: Path) -> None:
    for text, expected in (
        ("plants kind:code", {"code/retry.py"}),
        ("garden path:garden", {"garden/tomatoes.md", "garden/bees.txt"}),
        ('weather "roof of foil"', {"garden/tomatoes.md"}),
        ("animals ext:txt lang:zh", {"notes/睡眠.txt"}),
    ):
        assert set(paths(stages(filled, text)[-1], library)) == expected, text
    assert "garden/bees.txt" not in paths(stages(filled, "animals -hive")[-1], library)


def test_filters_alone_list_files(filled: Index, library: Path) -> None:
    (found,) = stages(filled, "kind:code")
    assert found.final
    assert paths(found, library) == ["code/retry.py"]


def test_a_cancelled_search_ends(filled: Index) -> None:
    cancel = threading.Event()
    running = filled.search(filled.parse("garden"), cancel=cancel)
    assert next(running).name == "keyword"
    cancel.set()
    with pytest.raises(CancelledError):
        next(running)


def test_meaning_alone_needs_its_model(filled: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsearch.engine.starter.find_starter_weights", lambda: None)
    empty = replace(filled.paths, models_dir=filled.paths.data_dir / "empty")
    with Index(empty, Settings()) as other:
        with pytest.raises(SemanticUnavailableError) as raised:
            stages(other, "garden", mode="semantic")
        assert raised.value.remedy
        first, last = stages(other, "hive")
        assert last.final
        assert "by meaning is off" in last.notice
        assert last.hits == first.hits


def test_a_reranker_judges_in_steps_and_shows_its_score(judging: Index, library: Path) -> None:
    found = stages(judging, "hive in the orchard", budget_s=60.0)
    reranked = [stage for stage in found if stage.name == "reranked"]
    assert reranked
    assert reranked[-1].final
    assert reranked[-1].reranked == 5
    counts = [stage.reranked for stage in reranked]
    assert counts == sorted(counts)
    hits = reranked[-1].hits
    for hit in hits:
        assert hit.score_kind == "rerank"
        assert hit.score == hit.why.rerank_score
        assert 0 <= hit.score <= 1
        assert hit.relevant is (hit.score >= 0.5)
    assert reranked[-1].nothing_relevant is (max(hit.score for hit in hits) < 0.5)
    judged = stages(judging, "hive in the orchard", budget_s=60.0)
    assert {hit.path: hit.score for hit in judged[-1].hits} == {hit.path: hit.score for hit in hits}


def test_known_scores_cost_no_time(judging: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stages(judging, "garden", budget_s=60.0)[-1]
    reranker = judging._open_reranker()
    assert reranker is not None

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("everything was judged before")

    monkeypatch.setattr(reranker, "score", refuse)
    again = stages(judging, "garden", budget_s=0.001)[-1]
    assert [hit.path for hit in again.hits] == [hit.path for hit in first.hits]


def test_reranking_can_be_left_out(judging: Index) -> None:
    for options in ({"rerank": False}, {"budget_s": 0.0}):
        found = stages(judging, "garden", **options)
        assert [stage.name for stage in found] == ["keyword", "hybrid"]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "wort " * 2000,
        '"" - : AND OR NOT NEAR(a b) "',
        "'; DROP TABLE files; --",
        "\x00\x1b[31m \u202e \ud800",
        "🦀🎉 👨‍👩‍👧‍👦",
        "ᚠᚢᚦᚨᚱᚲ",
        "   ",
        "*",
        '"unbalanced',
        "chunks_fts:title ^x {a b}:c",
    ],
    ids=range(11),
)
def test_no_query_breaks_a_search(filled: Index, text: str) -> None:
    for mode in ("hybrid", "keyword", "semantic"):
        found = stages(filled, text, mode=mode, prefix_last=True)
        assert found[-1].final


def test_a_bad_pattern_of_paths_is_told_of_and_the_rest_answered(
    filled: Index, library: Path
) -> None:
    for text in ("hive path:[z-a]", "hive path:foo\\"):
        *_, last = stages(filled, text, mode="keyword")
        assert paths(last, library)[0] == "garden/bees.txt"
        assert "is no pattern of paths" in last.notice


def test_within_a_link_is_within_the_folder_it_leads_to(
    filled: Index, library: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(library)
    for folder in (link, link / "garden"):
        filled.require_indexed([str(folder)])
        *_, last = stages(filled, "hive", mode="keyword", within=[str(folder)])
        assert paths(last, library) == ["garden/bees.txt"]


def test_an_unknown_folder_name_filters_nothing_out(filled: Index, library: Path) -> None:
    *_, last = stages(filled, "hive in:libary", mode="keyword")
    assert paths(last, library)[0] == "garden/bees.txt"
    assert "Did you mean in:library?" in last.notice
    *_, last = stages(filled, "hive in:Garden", mode="keyword")
    assert "Did you mean path:garden?" in last.notice
    *_, last = stages(filled, "hive in:Library", mode="keyword")
    assert paths(last, library) == ["garden/bees.txt"]
    assert last.notice == ""


@pytest.fixture
def reports(index: Index, tmp_path: Path) -> Index:
    """Sixty files that say "quarterly report", and one of that name that doesn't."""
    folder = tmp_path / "reports"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.txt").write_text(
            f"The quarterly report, number {number}: figures of the quarterly report.\n"
        )
    (folder / "quarterly-report-final.txt").write_text("Flowers and bees, nothing else.\n")
    (folder / "quarterly-report.bin").write_bytes(b"\0\1\2")
    index.add_roots([str(folder)])
    index.update()
    return index


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("quarterly report", "quarterly-report-final.txt"),
        ("quarterly report", "quarterly-report.bin"),
        ("quarterly-report-final.txt", "quarterly-report-final.txt"),
    ],
)
def test_who_types_the_name_of_a_file_finds_it_first(
    reports: Index, tmp_path: Path, mode: str, text: str, name: str
) -> None:
    *_, last = stages(reports, text, mode=mode)
    assert name in paths(last, tmp_path / "reports")[:3]
    (hit,) = (hit for hit in last.hits if hit.path.endswith(name))
    assert hit.why.name_match


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
def test_no_passage_and_no_name_with_an_excluded_word_is_shown(
    index: Index, tmp_path: Path, mode: str
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "harbour.txt").write_text("The ferry leaves at noon.\n")
    (folder / "harbour-guide.md").write_text(
        "# Times\n\n" + "The ferry leaves at noon. " * 100 + "\n\n"
        "# Cranes\n\n" + "Cranes lift the boats of the harbour. " * 100 + "\n"
    )
    (folder / "harbour-ferry.txt").write_text("Boats of the harbour.\n")
    (folder / "harbour ferry.bin").write_bytes(b"\0")
    index.add_roots([str(folder)])
    index.update()
    for text in ("harbour -ferry", "after:2000 -ferry"):
        *_, last = stages(index, text, mode=mode)
        if mode != "semantic" or not text.startswith("after"):
            assert paths(last, folder) == ["harbour-guide.md"]
            assert "ferry" not in last.hits[0].text.lower()


@pytest.fixture
def many(home: Paths, tmp_path: Path) -> Iterator[Index]:
    """A long book that says "tide" on every page, and many letters that say it once."""
    folder = tmp_path / "many"
    folder.mkdir()
    page = "The tide comes in and the tide goes out. " * 30
    (folder / "book.txt").write_text("\n\n".join(f"Page {n}. {page}" for n in range(80)))
    for number in range(70):
        (folder / f"letter{number}.txt").write_text(f"Letter {number}: we saw the tide.")
    with Index(home, Settings(models=ModelSettings(embedder="/no/such/model.gguf"))) as opened:
        opened.add_roots([str(folder)])
        opened.update()
        yield opened


def test_a_long_file_hides_no_other(many: Index) -> None:
    (found,) = stages(many, "tide", mode="keyword", limit=20)
    assert len({hit.path for hit in found.hits}) == 20
    (passages,) = stages(many, "tide page", mode="keyword", limit=20, passages=True)
    assert len({hit.path for hit in passages.hits}) == 1


@pytest.mark.parametrize("text", ["tide", "ext:txt"])
def test_as_many_are_found_as_were_asked_for(many: Index, text: str) -> None:
    (found,) = stages(many, text, mode="keyword", limit=1000)
    assert len(found.hits) == 71


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"path:{n}*" for n in range(1200)),
        "ext:" + ",".join(f"e{n}" for n in range(40_000)),
    ],
)
def test_what_is_too_much_for_sqlite_is_said(filled: Index, text: str) -> None:
    with pytest.raises(UsageError, match="too much"):
        stages(filled, text, mode="keyword")


@pytest.mark.parametrize("name", ["한국어.bin", "йога.bin", "がっこう.bin", "Übung.bin"])
@pytest.mark.parametrize("spelling", ["NFC", "NFD"])
def test_names_are_found_however_their_letters_are_put_together(
    home: Paths, tmp_path: Path, name: str, spelling: Literal["NFC", "NFD"]
) -> None:
    folder = tmp_path / "named"
    folder.mkdir()
    (folder / unicodedata.normalize(spelling, name)).write_bytes(b"\0")
    stem = name.removesuffix(".bin")
    with Index(home, Settings(models=ModelSettings(embedder="/no/such/model.gguf"))) as opened:
        opened.add_roots([str(folder)])
        opened.update()
        for asked in ("NFC", "NFD"):
            for text in (stem, f"path:{stem}*"):
                (found,) = stages(
                    opened,
                    unicodedata.normalize(asked, text),
                    mode="keyword",
                )
                assert len(found.hits) == 1, (asked, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("retry kind:code", True),
        ("retry ext:py,rs", True),
        ("retry", False),
        ("retry kind:code,text", False),
        ("retry ext:py,md", False),
        ("retry -kind:code", False),
        ("retry kind:text ext:py", False),
    ],
)
def test_only_where_code_alone_can_be_found_its_task_is_used(
    filled: Index, monkeypatch: pytest.MonkeyPatch, text: str, expected: bool
) -> None:
    assert finds_only_code(filled.parse(text).filters) is expected
    asked: list[bool] = []
    real = GgufEmbedder.embed_query

    def listen(
        self: GgufEmbedder, text: str, *, cancel: threading.Event | None = None, code: bool = False
    ) -> FloatVector:
        asked.append(code)
        return real(self, text, cancel=cancel, code=code)

    monkeypatch.setattr(GgufEmbedder, "embed_query", listen)
    stages(filled, text, mode="semantic")
    assert asked == [expected]


@pytest.mark.parametrize("part", ["x", "锅炉", "a_", "aB1"])
def test_one_endless_word_is_answered_as_quickly_as_others(filled: Index, part: str) -> None:
    *_, last = stages(filled, part * 15_000)
    assert last.final
    assert last.timings_ms.fuse < 3000, "a minute, if it looked at each letter for every other"
