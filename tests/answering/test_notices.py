"""What is said beside an answer: each of these was silence before."""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING

import pytest

from localsearch.answering.answer import answer
from localsearch.lock import writer_lock
from localsearch.types import SearchRequest
from tests.stopping import update_until

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index
    from localsearch.types import Stage


def ask(index: Index, text: str, **options: object) -> Stage:
    request = SearchRequest(text, **options)  # type: ignore[arg-type]
    *_, (last, _) = answer(index, request, cancel=threading.Event())
    return last


def test_a_word_that_nobody_wrote_has_only_neighbours(filled: Index) -> None:
    said = ask(filled, "xqzvwk")
    assert said.hits
    assert "No passage holds the words of the query" in said.notice
    assert ask(filled, "hive").notice == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"no such phrase" hive', 'Nothing that\'s indexed fits "no such phrase".'),
        ("kind:pdf kind:text ext:c hive", "Nothing that's indexed fits kind:pdf or ext:c."),
        ('kind:text "the hive" size:>1G', "Nothing that's indexed fits size:>1G."),
        ("lang:de kind:code", "Something fits each of lang:de and kind:code, but nothing all"),
        ("kind:text xqzvwk", "Something fits kind:text, but not the rest of the query."),
        ("xqzvwk -hive", ""),
    ],
)
def test_what_left_nothing_is_named(filled: Index, text: str, said: str) -> None:
    stage = ask(filled, text, mode="keyword")
    assert stage.hits == ()
    assert stage.notice.startswith(said) if said else stage.notice == ""


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        ("reading", r"[45] files not read yet \(`localsearch index` goes on\)"),
        ("embedding", "0 % of the files can be found by meaning so far"),
    ],
)
def test_an_index_that_is_not_whole_is_said(
    index: Index, library: Path, phase: str, said: str
) -> None:
    index.add_roots([str(library)])
    update_until(index, phase)
    assert re.search(said, ask(index, "hive kind:pdf").notice)
    with writer_lock(index.paths.lock_file):
        assert "work on it goes on" in ask(index, "hive").notice
    index.update()
    assert ask(index, "hive").notice == ""


def test_a_query_that_asks_for_nothing_is_told_what_it_lacks(filled: Index) -> None:
    assert "is empty" in ask(filled, "  ").notice
    assert "only leaves things out" in ask(filled, "-hive").notice
    assert "There is no word in ???" in ask(filled, "???", mode="keyword").notice
    for text in ("kind:text", "kind:text -hive", '"the hive"'):
        assert ask(filled, text, mode="keyword").notice == ""


def test_a_reranker_that_was_asked_for_and_is_not_there_is_said(filled: Index) -> None:
    for options in ({"rerank": True}, {"budget_s": 1.0}):
        said = ask(filled, "hive", **options)
        assert "localsearch models pull" in said.notice
    assert "--mode keyword" in ask(filled, "hive", rerank=True, mode="keyword").notice
    assert ask(filled, "hive", rerank=False, budget_s=1.0).notice == ""


@pytest.mark.parametrize("text", ["hive", "tomatoes", "kind:text"])
def test_a_folder_that_cannot_be_found_is_said(filled: Index, library: Path, text: str) -> None:
    library.rename(library.with_name("away"))
    filled.update()
    said = ask(filled, text)
    assert said.hits == ()
    assert f"{library} can't be found now" in said.notice
    elsewhere = library.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "a.txt").write_text("The hive is here.\n")
    filled.add_roots([str(elsewhere)])
    filled.update()
    assert "can't be found" not in ask(filled, f"{text} in:elsewhere").notice
    within = (os.fsencode(elsewhere),)
    assert "can't be found" not in ask(filled, text, within=within).notice


def test_a_folder_of_which_nothing_is_known_yet_is_named(filled: Index, library: Path) -> None:
    unread = library.with_name("unread")
    unread.mkdir()
    (unread / "a.txt").write_text("walnuts\n")
    filled.add_roots([str(unread)])
    said = f"No file is known yet in {unread} (`localsearch index` looks for them)."
    assert said in ask(filled, "walnuts", mode="keyword").notice
    assert "known yet" not in ask(filled, "walnuts in:library", mode="keyword").notice
    filled.update()
    assert ask(filled, "walnuts", mode="keyword").notice == ""


def test_an_index_without_folders_says_so(filled: Index, library: Path) -> None:
    filled.remove_root(str(library))
    assert "No folder is indexed" in ask(filled, "hive", mode="keyword").notice
    assert "no folder is indexed" in filled.update().notices[0]
