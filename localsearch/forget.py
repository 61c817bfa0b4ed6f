"""How is what was indexed of a path erased for good, and kept from coming back?

The files themselves are never touched. A rule in `forgotten`, beside the user's own ignore file,
keeps them out of the index from now on; it's written first, so that they can't come back half-way.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.indexing.indexed_paths import is_in_any, meets_any
from localsearch.keywords import index_text
from localsearch.model_change.change import discard
from localsearch.rebuild import note_roots
from localsearch.scanning.gitignore import path_rule
from localsearch.types import Forgotten, NoIndexError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from localsearch.config import Paths
    from localsearch.store import Store

_HEADER = (
    "# What `localsearch forget` erased, and what's never indexed again. One path a line, as in a\n"
    "# .gitignore that lay in the topmost folder of all. Delete a line to have it indexed again.\n"
)
_UNFINISHED = "forgetting"


def forget(paths: Paths, store: Store, given: Sequence[str]) -> Forgotten:
    """Erase what was indexed of these paths, which are absolute; roots among them are removed.

    The caller holds the writer's lock. Raises NoIndexError where nothing of a path can be in the
    index, UsageError for what is nowhere, StoreLockedError where others hold on to old pages.
    """
    all_roots = [root for root, _, _ in store.files.roots()]
    roots = [root for root in all_roots if is_in_any(root, given)]
    unfinished = _unfinished(store)
    for path in given:
        if _hash(path) in unfinished or store.files.ids_below([path]):
            continue
        if not meets_any(path, all_roots):
            raise NoIndexError(f"{path} is in no indexed folder", "Nothing was forgotten.")
        if not os.path.lexists(path):
            # Else a slip of the pen would stand among the rules for ever.
            raise UsageError(
                f"there is no {path}, in the index or on the disk",
                "Check the spelling; nothing was forgotten.",
            )
    # A folder that's removed comes back only where the user adds it, or one that it's in.
    kept = [root for root in all_roots if root not in roots]
    _write_rules(paths, [path for path in given if is_in_any(path, kept)])
    _forget_in_copy(paths, given)
    ids = store.files.ids_below(given)
    terms = {term for text in store.documents.texts_of(ids) for term in _terms(text)}
    if unfinished:
        # What that one removed can't be told any more; but words that are nowhere now can.
        terms.update(term for text in _past_queries(paths) for term in _terms(text))
    with store.transaction():
        for root in roots:
            store.files.remove_root(root)
        store.documents.remove_files(ids)
        store.verified.set_reached("")
        _note_unfinished(store, {*unfinished, *map(_hash, given)})
    note_roots(paths, store)
    store.erase_deleted()
    queries = _forget_queries(paths, store.gone_terms(terms))
    _forget_names(paths, given)
    with store.transaction():
        _note_unfinished(store, ())
    return Forgotten(len(ids), queries, tuple(_remains(paths)))


def _forget_in_copy(paths: Paths, given: Sequence[str]) -> None:
    """Erase it where the vectors of another model are being built, too, or give those up."""
    from localsearch.store import Store

    if not paths.next_index_file.exists():
        return
    try:
        with Store(paths.next_index_file) as beside:
            with beside.transaction():
                beside.documents.remove_files(beside.files.ids_below(given))
                beside.verified.set_reached("")
            beside.erase_deleted()
    except StoreError:
        discard(paths)


def _write_rules(paths: Paths, given: Iterable[str]) -> None:
    private_dir(paths.forgotten_file.parent)
    try:
        # What the user wrote into it stays as it is, in whatever encoding.
        text = paths.forgotten_file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        text = _HEADER
    known = text.splitlines()
    new = [rule for path in given if (rule := path_rule(path)) not in known]
    if not new:
        return
    draft = paths.forgotten_file.with_name("forgotten.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.write("\n".join([text.rstrip("\n"), *new, ""]))
    draft.replace(paths.forgotten_file)


def _unfinished(store: Store) -> set[str]:
    """Hashes of the paths whose forgetting was stopped half-way, so that words may be left."""
    return set(store.notes.get(_UNFINISHED).split())


def _note_unfinished(store: Store, hashes: Iterable[str]) -> None:
    store.notes.put(_UNFINISHED, " ".join(sorted(hashes)))


def _hash(path: str) -> str:
    return hashlib.blake2b(os.fsencode(path), digest_size=16).hexdigest()


def _past_queries(paths: Paths) -> list[str]:
    from localsearch.store.state import State

    if not paths.state_file.exists():
        return []
    with State(paths.state_file) as state:
        return list(state.all_history())


def _terms(text: str) -> list[str]:
    return index_text(text).split()


def _forget_queries(paths: Paths, gone: set[str]) -> int:
    """Erase past queries that hold a word which nothing in the index does any more; their number.

    The scores of passages go, too: of which they are, their hashes don't tell.
    """
    from localsearch.store.state import State

    if not paths.state_file.exists():
        return 0
    with State(paths.state_file) as state:
        queries = [text for text in state.all_history() if not gone.isdisjoint(_terms(text))]
        state.erase(queries)
    return len(queries)


def _forget_names(paths: Paths, given: Sequence[str]) -> None:
    """Erase the lines of the log that name one of the paths."""
    # Not those that only begin or end as one of them does.
    word = rb"[\w\x80-\xff]"
    anyone = b"|".join(re.escape(os.fsencode(path)) for path in given)
    named = re.compile(rb"(?<!%b)(?:%b)(?!%b)" % (word, anyone, word))
    for log in paths.log_file.parent.glob(f"{paths.log_file.name}*"):
        with contextlib.suppress(OSError), log.open("r+b") as file:
            lines = file.readlines()
            kept = [line for line in lines if not named.search(line)]
            if len(kept) < len(lines):
                file.seek(0)
                file.writelines(kept)
                file.truncate()


def _remains(paths: Paths) -> Iterable[str]:
    for database in (paths.index_file, paths.state_file):
        yield from sorted(map(str, database.parent.glob(f"{database.name}.damaged-*")))
