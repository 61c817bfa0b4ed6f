"""What's found by the beginnings of words, beside a ranking of all that have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from localsearch.keywords import Term, index_text, phrase_term, query_terms
from localsearch.store import Store, beginnings, documents, ranking
from localsearch.store.bm25 import totals
from localsearch.store.filters import passage_condition
from localsearch.types import Filters
from tests.store.making import put, put_one

if TYPE_CHECKING:
    from pathlib import Path

ANYWHERE = passage_condition(Filters(), [])
SYLLABLES = ["ti", "de", "mo", "on", "сло", "во", "海", "水", "潮", "时"]


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few passages are as many as can be ranked."""
    monkeypatch.setattr(ranking, "MOST_RANKED", 10)
    monkeypatch.setattr(beginnings, "_MANY", 5)


def beginning(text: str) -> Term:
    (term,) = query_terms(text, prefix_last=True)
    return term


def paths(store: Store, found: list[tuple[int, float]]) -> list[str]:
    passages = store.matches.passages(chunk_id for chunk_id, _ in found)
    return [passages[chunk_id].path for chunk_id, _ in found]


def put_many(store: Store, count: int) -> None:
    """Passages of words made of few syllables, in documents named by such words."""
    generator = np.random.default_rng(7)

    def words(count: int) -> str:
        drawn = generator.choice(SYLLABLES, (count, 3))
        apart = ["".join(each) for each in drawn]
        return " ".join(apart)

    with store.transaction():
        for number in range(count):
            name = f"/r/{words(1)} {number}.txt"
            put_one(store, name, *(words(int(generator.integers(5, 80))) for _ in range(3)))


@pytest.mark.parametrize("text", ["ti", "сл", "海"])
@pytest.mark.parametrize("one_per_document", [True, False])
def test_the_first_are_those_of_a_ranking_of_all(
    tmp_path: Path, text: str, one_per_document: bool
) -> None:
    with Store(tmp_path / "index.db") as store:
        put_many(store, 400)
        found, full = (
            store.matches.chunks(
                [beginning(text)],
                "AND",
                20,
                ANYWHERE,
                one_per_document=one_per_document,
                most_ranked=most,
            )
            for most in (None, 10_000)
        )
        assert len(found) == 20
        first = [chunk_id for chunk_id, _ in found[:10]]
        assert first == [chunk_id for chunk_id, _ in full[:10]]


def test_all_are_ranked_until_an_older_index_is_complete(tmp_path: Path) -> None:
    term = beginning("ti")
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/tide.txt", "the tide, the tides and all that is tidal")
        for number in range(50):
            put(store, f"/r/{number}.txt", "tin, tin and more of the kind")
        connection = store._connection

        def begun() -> list[str] | None:
            found = ranking.begun(connection, term, 5, ANYWHERE, False)
            return paths(store, found) if found else None

        expected = begun()
        assert expected
        with store.transaction():
            connection.execute("DELETE FROM beginnings_fts")
        # It may be changed before it's brought up to date.
        put(store, "/r/3.txt", "tin and tin")
        put(store, "/r/new.txt", "tin of the kind, tin, and tin once more")
        assert begun() is None
        assert paths(store, store.matches.chunks([term], "AND", 1, ANYWHERE)) == expected[:1]
        with store.transaction():
            assert store.documents.add_beginnings()
            assert not store.documents.add_beginnings()
        assert totals(connection, "beginnings_fts").rows == totals(connection).rows
        assert store.checks.problems() == ()
        found = begun()
        assert found
        assert found[0] == expected[0]
        assert "/r/3.txt" in found


def test_what_is_out_of_reach_or_gone_is_not_found(tmp_path: Path) -> None:
    with Store(tmp_path / "index.db") as store:
        for number in range(20):
            put(store, f"/r/tide {number}.txt", "tides")

        def found() -> set[str]:
            return set(paths(store, store.matches.chunks([beginning("ti")], "AND", 5, ANYWHERE)))

        assert len(found()) == 5
        gone = found()
        with store.transaction():
            store.files.set_out_of_reach(gone)
        assert len(found()) == 5
        assert not gone & found()
        gone |= found()
        with store.transaction():
            ids = [store.files.id_of(path) for path in sorted(gone)]
            store.documents.remove_files([each for each in ids if each is not None])
        assert len(found()) == 5
        assert not gone & found()
        assert store.checks.problems() == ()


def test_a_new_title_is_found_by_its_beginning(tmp_path: Path) -> None:
    with Store(tmp_path / "index.db") as store:
        for number in range(30):
            put(store, f"/r/{number}.txt", "tin and nothing else of the kind is in this one")
        file_id = put(store, "/r/moon.txt", "tin, and nothing else of the kind is in this one")
        with store.transaction():
            store.documents.retitle(file_id, "moon.txt", "tidal tides")
        found = store.matches.chunks([beginning("ti")], "AND", 5, ANYWHERE)
        assert paths(store, found)[0] == "/r/moon.txt"


def test_a_beginning_finds_titles_first_where_many_have_it(tmp_path: Path) -> None:
    term = beginning("ti")
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/tides.txt", "tide on tide, as time goes by")
        for number in range(20):
            put(store, f"/r/tin {number}.txt", "another tin, of which not much is said in here")
            put(store, f"/r/{number}.txt", "tide")

        found, full = (
            paths(store, store.matches.chunks([term], "AND", 15, ANYWHERE, most_ranked=most))
            for most in (None, 1000)
        )
        assert found == full
        assert found[0] == "/r/tides.txt"


def test_a_long_document_leaves_room_for_others(tmp_path: Path) -> None:
    term = beginning("ti")
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/tide.txt", *["the tide"] * 300)
        for number in range(30):
            put(store, f"/r/{number}.txt", "tidings of the sea, and other tidings")
        found = store.matches.chunks([term], "AND", 20, ANYWHERE, one_per_document=True)
        assert len(set(paths(store, found))) == 20


def test_a_beginning_that_few_titles_have_finds_bodies_too(tmp_path: Path) -> None:
    term = beginning("ti")
    with Store(tmp_path / "index.db") as store:
        for number in range(20):
            put(store, f"/r/{number}.txt", "tide")
        put(store, "/r/tin.txt", *["of one long text many passages"] * 30)
        for each in (True, False):
            found = store.matches.chunks([term], "AND", 50, ANYWHERE, one_per_document=each)
            assert len(set(paths(store, found))) == 21
        for number in range(8):
            put(store, f"/r/tin {number}.txt", "of many documents each a few, but not enough")
        found = store.matches.chunks([term], "AND", 20, ANYWHERE, one_per_document=True)
        assert len(found) == 20


def test_of_few_passages_all_are_ranked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "MOST_RANKED", 1000)
    with Store(tmp_path / "index.db") as store:
        put_many(store, 100)
        term = beginning("ti")
        assert ranking.begun(store._connection, term, 10, ANYWHERE, False) is None
        monkeypatch.setattr(ranking, "MOST_RANKED", 10)
        assert ranking.begun(store._connection, term, 10, ANYWHERE, False)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (beginning("ti"), "ti"),
        (beginning("海"), "海"),
        (beginning("tid"), None),
        (beginning("海水"), None),
        (beginning("C#"), "c\ue002"),
        (query_terms("ti")[0], None),
        (phrase_term("海"), "海"),
        (phrase_term("ti 海"), None),
    ],
)
def test_which_terms_are_beginnings(term: Term, expected: str | None) -> None:
    assert beginnings.beginning_of(term) == expected


def test_only_what_a_passage_holds_much_of_is_indexed() -> None:
    body = index_text("tide " * 9 + "and many other words " * 12)
    levels = {each[:-1]: each[-1] for each in beginnings.index_beginnings("moon", "", body).split()}
    assert set(levels) == {"mo", "ti", "an", "ma", "ot", "wo"}
    assert levels["mo"] < levels["ti"] < levels["an"]
    assert beginnings.index_beginnings("", "", "") == ""
    spam = beginnings.index_beginnings("tide " * 9999, "", "")
    assert spam == "ti" + beginnings._LEVELS[-1]


def test_a_long_document_hides_no_other_that_holds_it_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginnings, "_PAGE", 10)
    said = "tide " * 12 + " ".join(f"word{number}" for number in range(60))
    with Store(tmp_path / "index.db") as store:
        with store.transaction():
            for number in range(50):
                put_one(store, f"/r/best{number}.txt", said)
            put_one(store, "/r/log.txt", *(f"{said} a{number}" for number in range(80)))
        found = store.matches.chunks((beginning("ti"),), "AND", 50, ANYWHERE, one_per_document=True)
        assert len({path for path in paths(store, found) if "best" in path}) == 50


@pytest.mark.parametrize("text", ["⒈", "ŀ", "½", "㈠", "།", "½a", "l·", "\ue110a", "ti"])
def test_what_the_full_text_takes_apart_is_no_beginning(tmp_path: Path, text: str) -> None:
    with Store(tmp_path / "index.db") as store:
        with store.transaction():
            for number in range(30):
                put_one(store, f"/r/{number}.txt", f"{text} tin, {text}{text} and more of the kind")
        terms = query_terms(text, prefix_last=True)
        ranked = store.matches.chunks(terms, "AND", 50, ANYWHERE, most_ranked=1000)
        assert store.matches.chunks(terms, "AND", 50, ANYWHERE) == ranked


def test_a_file_renamed_meanwhile_leaves_no_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_BEGINNINGS_A_STEP", 10)
    with Store(tmp_path / "index.db") as store:
        with store.transaction():
            for number in range(50):
                put_one(store, f"/r/{number}.txt", "tin, tin and more of the kind")
            store._connection.execute("DELETE FROM beginnings_fts")
            assert store.documents.add_beginnings()
            early = store.files.id_of("/r/5.txt")
            assert early is not None
            store.documents.retitle(early, "5.txt", "tidal")
            while store.documents.add_beginnings():
                assert not beginnings.are_complete(store._connection)
        assert beginnings.are_complete(store._connection)
        assert store.checks.problems() == ()


def write_as_before(store: Store, *, removed: int, added: int) -> None:
    """Remove one chunk's document and add a chunk, as a version without beginnings does."""
    connection = store._connection
    with store.transaction():
        connection.execute("DELETE FROM chunks_fts WHERE rowid = ?", (removed,))
        connection.execute(
            "DELETE FROM documents WHERE id = (SELECT document_id FROM chunks WHERE id = ?)",
            (removed,),
        )
        connection.execute(
            "INSERT INTO documents (id, file_id, member, title, kind, notes)"
            " VALUES (?1, 1, ?1, 'tides', 'text', '')",
            (added,),
        )
        connection.execute(
            "INSERT INTO chunks VALUES (?1, ?1, 0, 'tide', '[]', '{}', 1, zeroblob(16))", (added,)
        )
        connection.execute("INSERT INTO unembedded VALUES (?1, ?1, zeroblob(16))", (added,))
        connection.execute(
            "INSERT INTO chunks_fts (rowid, title, heading, body) VALUES (?, 'tides', '', 'tide')",
            (added,),
        )


@pytest.mark.parametrize("added", [20, 25])
def test_what_an_older_version_wrote_meanwhile_is_completed(tmp_path: Path, added: int) -> None:
    """A service that still ran as the index was upgraded; ids of the last chunks come again."""
    with Store(tmp_path / "index.db") as store:
        for number in range(20):
            put(store, f"/r/{number}.txt", "moon, moon and more of the kind")
        write_as_before(store, removed=20, added=added)
        put(store, "/r/later.txt", "moon once more")
        assert not beginnings.are_complete(store._connection)
        assert store.checks.problems() == ()
        with store.transaction():
            assert store.documents.add_beginnings()
            assert not store.documents.add_beginnings()
        assert beginnings.are_complete(store._connection)
        assert store.checks.problems() == ()
        assert beginnings.strongest(store._connection, "ti", False)[0] == [added]


def test_beginnings_that_are_missing_where_none_should_be_are_told(tmp_path: Path) -> None:
    with Store(tmp_path / "index.db") as store:
        for number in range(3):
            put(store, f"/r/{number}.txt", "tin and more of the kind")
        store._connection.execute("DELETE FROM beginnings_fts WHERE rowid = 2")
        # A row of nothing has the count be right again.
        store._connection.execute("INSERT INTO beginnings_fts (rowid, beginnings) VALUES (9, '')")
        assert store.checks.problems() == (
            "1 beginnings of words without a chunk",
            "1 chunks whose beginnings of words are missing",
        )
