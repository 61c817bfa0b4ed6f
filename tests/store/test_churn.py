"""Do the tables agree with each other, whatever comes, changes, moves and goes?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from localsearch.store import Store
from localsearch.types import FileRef
from tests.store.making import DIMENSION, embed_all, find, put, remove, run_campaign

if TYPE_CHECKING:
    from pathlib import Path


class Churn(RuleBasedStateMachine):
    """Random files come, change, move and go; the tables must agree after every step."""

    folder: Path
    count = 0

    def __init__(self) -> None:
        super().__init__()
        Churn.count += 1
        self.store = Store(self.folder / f"churn{Churn.count}.db")
        with self.store.transaction():
            self.store.vectors.serve("f1", "tiny", DIMENSION)
        self.held: dict[str, tuple[str, ...]] = {}

    names = st.sampled_from([f"/r/{name}.txt" for name in "abcde"])
    texts = st.lists(st.sampled_from(["red", "green", "blue", "red green"]), max_size=3)

    @rule(path=names, words=texts)
    def write(self, path: str, words: list[str]) -> None:
        put(self.store, path, *words)
        self.held[path] = tuple(words)

    @rule(path=names)
    def remove(self, path: str) -> None:
        if remove(self.store, path):
            del self.held[path]

    @rule(old=names, new=names)
    def move(self, old: str, new: str) -> None:
        if old in self.held and new not in self.held:
            with self.store.transaction():
                self.store.files.move(old, FileRef(new, 10, 1, 1, 1))
            self.held[new] = self.held.pop(old)

    @rule()
    def embed(self) -> None:
        embed_all(self.store)

    @rule(fingerprint=st.sampled_from(["f1", "f2"]))
    def change_model(self, fingerprint: str) -> None:
        with self.store.transaction():
            self.store.vectors.serve(fingerprint, fingerprint, DIMENSION)

    @invariant()
    def tables_agree(self) -> None:
        assert self.store.checks.problems() == ()
        assert set(self.store.files.known()) == set(self.held)
        for word in ("red", "green", "blue"):
            expected = {p for p, texts in self.held.items() if any(word in t for t in texts)}
            assert set(find(self.store, word)) == expected

    def teardown(self) -> None:
        self.store.close()


def test_tables_agree_through_any_churn(tmp_path: Path) -> None:
    Churn.folder = tmp_path
    run_campaign(Churn, examples=25, steps=20)
