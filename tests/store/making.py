"""Fills a store by hand, and runs campaigns of random changes on it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from localsearch.keywords import query_terms
from localsearch.store.documents import embedding_key
from localsearch.store.filters import passage_condition
from localsearch.types import Chunk, Document, FileRef, Filters, Locator

if TYPE_CHECKING:
    from localsearch.store import Store
    from localsearch.types import FloatMatrix

DIMENSION = 8


def put(store: Store, path: str, *texts: str, language: str = "en", mtime_ns: int = 1) -> int:
    """Index a file of these passages, without vectors."""
    with store.transaction():
        return put_one(store, path, *texts, language=language, mtime_ns=mtime_ns)


def put_one(store: Store, path: str, *texts: str, language: str = "en", mtime_ns: int = 1) -> int:
    """The same within a transaction."""
    serving = store.vectors.serving_model()
    document = Document(blocks=(), title="", language=language)
    chunks = [Chunk(text, (), Locator(line_start=1, line_end=1), len(text)) for text in texts]
    ref = FileRef(path, 10, mtime_ns, 1, 1)
    file_id = store.files.upsert(ref, kind="text", state="pending")
    store.documents.replace(
        file_id,
        [(document, chunks)],
        model_id=serving.id if serving else None,
        file_stem=os.path.basename(path).encode("utf-8", "replace").decode(),
    )
    store.files.set_state(file_id, "indexed")
    return file_id


def find(store: Store, text: str, filters: Filters | None = None) -> list[str]:
    """Paths of the files that hold all words of `text`, best first."""
    condition = passage_condition(filters or Filters(), store.files.roots())
    found = store.matches.chunks(query_terms(text), "AND", 50, condition)
    passages = store.matches.passages(chunk_id for chunk_id, _ in found)
    return [passages[chunk_id].path for chunk_id, _ in found]


def vector_of(text: str) -> FloatMatrix:
    generator = np.random.default_rng(int.from_bytes(embedding_key(text), "little"))
    vector = generator.standard_normal((1, DIMENSION)).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def embed_all(store: Store) -> int:
    serving = store.vectors.serving_model()
    assert serving is not None
    done = 0
    while batch := store.vectors.unembedded(3):
        with store.transaction():
            for each in batch:
                store.vectors.put(serving.id, [each.key], vector_of(each.chunk.embedded_text))
                done += 1
    return done


def remove(store: Store, path: str) -> bool:
    """Remove a file; whether it was known."""
    file_id = store.files.id_of(path)
    if file_id is None:
        return False
    with store.transaction():
        store.documents.remove_files([file_id])
    return True


def run_campaign(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    """Run a state machine on real stores, which take their time."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
