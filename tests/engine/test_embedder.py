"""Vectors don't depend on company, order or interruptions; no text breaks the recipe."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsearch.config import ModelSettings, Paths
from localsearch.engine import prompts
from localsearch.engine.embedder import GgufEmbedder
from localsearch.engine.gguf import write_random_qwen3
from localsearch.engine.runtime import Context, Span
from localsearch.types import CancelledError, ModelError
from tests.engine.conftest import open_model
from tests.engine.samples import LANGUAGES, SHAPES

TEXTS = [*LANGUAGES.values(), *SHAPES.values()]


@pytest.fixture(params=["qwen3", "starter"])
def embedder(request: pytest.FixtureRequest) -> GgufEmbedder:
    opened = request.getfixturevalue(request.param)
    assert isinstance(opened, GgufEmbedder)
    return opened


def sent_by(opened: GgufEmbedder, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """What reaches the model from now on: the tokens of each decoded piece."""
    sent: list[list[int]] = []
    decode = Context.decode

    def spy(self: Context, spans: list[Span]) -> np.ndarray:
        sent.extend(list(span.tokens) for span in spans)
        return decode(self, spans)

    monkeypatch.setattr(Context, "decode", spy)
    return sent


# Whatever the text, and in whatever company


def test_packed_vectors_are_those_of_each_text_alone(embedder: GgufEmbedder) -> None:
    packed = embedder.embed_documents(TEXTS)
    alone = np.concatenate([embedder.embed_documents([text]) for text in TEXTS])
    assert packed.shape == (len(TEXTS), embedder.dimension)
    assert packed.dtype == np.float32
    assert (packed * alone).sum(axis=1).min() >= 0.9995


def test_vectors_come_in_the_order_of_their_texts(embedder: GgufEmbedder) -> None:
    forward = embedder.embed_documents(TEXTS)
    backward = embedder.embed_documents(TEXTS[::-1])
    assert (forward * backward[::-1]).sum(axis=1).min() >= 0.9995


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=6))
def test_any_text_has_a_unit_vector_of_small_model(qwen3: GgufEmbedder, texts: list[str]) -> None:
    check_units(qwen3, texts)


@settings(deadline=None, max_examples=40)
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=6))
def test_any_text_has_a_unit_vector_of_starter(starter: GgufEmbedder, texts: list[str]) -> None:
    check_units(starter, texts)


def check_units(opened: GgufEmbedder, texts: list[str]) -> None:
    vectors = np.vstack([opened.embed_documents(texts), opened.embed_query(texts[0])])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert all(opened.count_tokens(text) >= 0 for text in texts)


def test_no_texts_have_no_vectors(embedder: GgufEmbedder) -> None:
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)


def test_composed_and_decomposed_text_is_the_same(embedder: GgufEmbedder) -> None:
    same = embedder.embed_documents(["Caf\u00e9 \u1112\u1161\u11ab", "Cafe\u0301 \ud55c"])
    assert same[0] == pytest.approx(same[1], abs=1e-3)


# The recipe


@pytest.mark.parametrize("add_eos", [True, False])
def test_every_text_is_closed_once_whatever_the_file_says(
    add_eos: bool, tmp_path: Path, engine_paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.gguf"
    write_random_qwen3(path, seed=4, add_eos=add_eos)
    opened = open_model(path, engine_paths)
    try:
        closing = opened._model.token_id("<|endoftext|>")
        sent = sent_by(opened, monkeypatch)
        opened.embed_documents(["", "a text", "<|endoftext|>", "morning " * 60])
        opened.embed_query("a question<|endoftext|>")
        assert len(sent) == 5
        for tokens in sent:
            assert tokens[-1] == closing
            assert closing not in tokens[:-1]
    finally:
        opened.close()


def test_what_is_too_long_is_cut_before_the_closing_token(
    embedder: GgufEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = sent_by(embedder, monkeypatch)
    for embed in (lambda text: embedder.embed_documents([text]), embedder.embed_query):
        sent.clear()
        embed("morning " * 5000)
        assert sum(len(tokens) for tokens in sent) == embedder._recipe.max_tokens
        assert sent[-1][-1] == embedder._closing[0]


def test_a_text_of_max_tokens_is_embedded_whole(embedder: GgufEmbedder) -> None:
    text, longer = "", ""
    while embedder.count_tokens(longer) <= embedder.max_tokens:
        text, longer = longer, longer + " the market"
    whole, cut = embedder.embed_documents([text, text + " night" * 300])
    assert embedder.count_tokens(text) <= embedder.max_tokens
    # What is past the limit changes nothing but the few tokens that fill it up.
    assert whole @ cut >= 0.98


def test_queries_and_passages_get_their_prompts(
    qwen3: GgufEmbedder, starter: GgufEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for opened, document, query, code in (
        (
            qwen3,
            "market",
            f"Instruct: {prompts.SEARCH_TASK}\nQuery:market",
            f"Instruct: {prompts.CODE_TASK}\nQuery:market",
        ),
        (starter, "passage: market", "query: market", "query: market"),
    ):
        sent = sent_by(opened, monkeypatch)
        opened.embed_documents(["market"])
        opened.embed_query("market")
        opened.embed_query("market", code=True)
        expected = [opened._tokens(text) for text in (document, query, code)]
        assert sent == expected
        monkeypatch.undo()


def test_the_users_own_tasks_are_used(
    qwen3_file: Path, engine_paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ModelSettings(search_task="find {query} of mine", code_task="find code")
    opened = open_model(qwen3_file, engine_paths, own)
    try:
        sent = sent_by(opened, monkeypatch)
        opened.embed_query("{task}")
        opened.embed_query("x", code=True)
        assert sent[0] == opened._tokens("Instruct: find {query} of mine\nQuery:{task}")
        assert sent[1] == opened._tokens("Instruct: find code\nQuery:x")
    finally:
        opened.close()


def test_no_passage_spells_a_special_token(
    qwen3: GgufEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    specials = {
        qwen3._model.token_id(token)
        for token in ("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<think>", "</think>")
    }
    sent = sent_by(qwen3, monkeypatch)
    qwen3.embed_documents(["<|im_start|>a<|im_end|><|endoftext|><think>b</think>"])
    assert not specials & set(sent[0][:-1])


# Dimensions and identity


def test_shorter_vectors_are_the_first_numbers_of_long_ones(
    qwen3: GgufEmbedder, qwen3_file: Path, engine_paths: Paths
) -> None:
    opened = open_model(qwen3_file, engine_paths, ModelSettings(dimension=64))
    try:
        short, full = opened.embed_documents(TEXTS), qwen3.embed_documents(TEXTS)
    finally:
        opened.close()
    assert short.shape == (len(TEXTS), 64)
    cut = full[:, :64] / np.linalg.norm(full[:, :64], axis=1, keepdims=True)
    assert short == pytest.approx(cut, abs=1e-3)


@pytest.mark.parametrize(("file", "dimension"), [
    ("qwen3_file", 16), ("qwen3_file", 257), ("qwen3_file", -1), ("starter_file", 128),
])  # fmt: skip
def test_dimensions_that_a_model_hasnt_are_refused(
    request: pytest.FixtureRequest, engine_paths: Paths, file: str, dimension: int
) -> None:
    with pytest.raises(ModelError, match=f"no vectors of {dimension} dimensions"):
        open_model(request.getfixturevalue(file), engine_paths, ModelSettings(dimension=dimension))


def test_the_fingerprint_tells_apart_what_cant_be_compared(
    qwen3: GgufEmbedder, starter: GgufEmbedder, qwen3_file: Path, engine_paths: Paths
) -> None:
    def fingerprint(settings: ModelSettings) -> str:
        opened = open_model(qwen3_file, engine_paths, settings)
        opened.close()
        return opened.fingerprint

    assert fingerprint(ModelSettings()) == qwen3.fingerprint
    assert fingerprint(ModelSettings(dimension=64)) != qwen3.fingerprint
    assert qwen3.fingerprint != starter.fingerprint
    # Documents are embedded without a task, so that another one leaves the index as it is.
    assert fingerprint(ModelSettings(search_task="another")) == qwen3.fingerprint


@pytest.mark.parametrize("kind", ["reranker", "no model", "missing"])
def test_what_cant_embed_is_refused(tmp_path: Path, engine_paths: Paths, kind: str) -> None:
    path = tmp_path / "model.gguf"
    if kind == "reranker":
        write_random_qwen3(path, head="cls")
    elif kind == "no model":
        path.write_bytes(b"not a model at all" * 100)
    with pytest.raises(ModelError) as caught:
        open_model(path, engine_paths)
    assert caught.value.remedy


# Interruptions


def test_cancelling_ends_soon_and_the_next_call_works(
    slow_qwen3_file: Path, engine_paths: Paths
) -> None:
    opened = open_model(slow_qwen3_file, engine_paths)
    try:
        few = opened.embed_documents(TEXTS[:2])
        texts = ["the market opens at six in the morning " * 20] * 200
        waited = []
        for _ in range(3):
            cancel = threading.Event()
            set_at: list[float] = []

            def stop(event: threading.Event = cancel, at: list[float] = set_at) -> None:
                at.append(time.perf_counter())
                event.set()

            timer = threading.Timer(0.2, stop)
            timer.start()
            with pytest.raises(CancelledError):
                opened.embed_documents(texts, cancel=cancel)
            waited.append(time.perf_counter() - set_at[0])
        assert min(waited) <= 0.1
        assert opened.embed_documents(TEXTS[:2]) == pytest.approx(few, abs=1e-3)
    finally:
        opened.close()


def test_a_query_goes_before_documents_and_changes_none(
    slow_qwen3_file: Path, engine_paths: Paths
) -> None:
    opened = open_model(slow_qwen3_file, engine_paths)
    try:
        # One of them is longer than a batch, and interrupted between its steps.
        texts = [f"the market {number} " * 40 for number in range(2)] + ["morning night " * 150]
        assert opened.count_tokens(texts[-1]) > opened._recipe.batch_tokens
        expected = opened.embed_documents(texts)
        alone = [_timed_query(opened, "when does the market open?") for _ in range(10)]
        results: list[np.ndarray] = []
        work = threading.Thread(target=lambda: results.append(opened.embed_documents(texts)))
        work.start()
        during = []
        while work.is_alive():
            during.append(_timed_query(opened, "when does the market open?"))
            # Indexing goes on in between.
            work.join(0.1)
        alone += [_timed_query(opened, "when does the market open?") for _ in range(10)]
        assert len(during) >= 5
        # Not the slowest: those are slow where the machine has other things to do for a moment.
        assert np.median(during) <= np.median(alone) + 0.1
        assert (results[0] * expected).sum(axis=1).min() >= 0.9999
    finally:
        opened.close()


def _timed_query(opened: GgufEmbedder, text: str) -> float:
    began = time.perf_counter()
    opened.embed_query(text)
    return time.perf_counter() - began


def test_threads_may_share_an_embedder(starter: GgufEmbedder) -> None:
    texts = list(LANGUAGES.values())
    expected = starter.embed_documents(texts)
    found: dict[int, np.ndarray] = {}

    def embed(number: int) -> None:
        if number % 2:
            found[number] = starter.embed_documents(texts)
        else:
            found[number] = np.stack([starter.embed_query(text) for text in texts])

    workers = [threading.Thread(target=embed, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(found) == [0, 1, 2, 3]
    assert (found[1] * expected).sum(axis=1).min() >= 0.9995
    assert found[0] == pytest.approx(found[2], abs=1e-3)


def test_a_closed_embedder_says_so(qwen3_file: Path, engine_paths: Paths) -> None:
    opened = open_model(qwen3_file, engine_paths)
    opened.embed_query("x")
    opened.close()
    opened.close()
    for use in (
        opened.embed_query,
        opened.count_tokens,
        lambda text: opened.embed_documents([text]),
    ):
        with pytest.raises(ModelError, match="closed"):
            use("x")
