"""Decoding can be packed, resumed and aborted; what would end the process is refused before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsearch.engine import steps
from localsearch.engine.gguf import write_random_qwen3
from localsearch.engine.runtime import Context, Model, Output, Span
from localsearch.types import CancelledError, ModelError


def hidden(model: Model, spans: list[Span], *, ubatch_tokens: int = 512) -> np.ndarray:
    with Context(
        model,
        output="hidden",
        batch_tokens=512,
        max_sequences=8,
        ubatch_tokens=ubatch_tokens,
    ) as context:
        return context.decode(spans)


@pytest.fixture(scope="module")
def model(qwen3_file: Path) -> Model:
    return Model(qwen3_file)


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """As near as the order of sums in float16 allows."""
    assert ours.shape == theirs.shape
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    assert ((ours * theirs).sum(axis=1) / norms).min() >= 0.9999


TEXTS = [[5, 6, 7], [70, 71, 72, 73, 74, 75], [9], [300, 301, 302, 303]]


def test_packed_texts_give_what_each_gives_alone(model: Model) -> None:
    packed = hidden(model, [Span(number, tokens) for number, tokens in enumerate(TEXTS)])
    alone = np.concatenate([hidden(model, [Span(0, tokens)]) for tokens in TEXTS])
    assert_same(packed, alone)


def test_the_hidden_state_is_what_llama_cpp_itself_pools_last(tmp_path: Path) -> None:
    path = tmp_path / "pooled.gguf"
    write_random_qwen3(path, seed=4, pooling="last")
    spans = [Span(number, tokens) for number, tokens in enumerate(TEXTS)]
    with Model(path) as model:
        with Context(model, output="pooled", batch_tokens=64, max_sequences=8) as context:
            pooled = context.decode(spans)
        assert_same(hidden(model, spans), pooled)


def test_a_text_in_steps_gives_what_it_gives_at_once(model: Model) -> None:
    tokens = [number % 300 for number in range(200)]
    whole = hidden(model, [Span(0, tokens)])
    with Context(model, output="hidden", batch_tokens=64, max_sequences=1, context_tokens=256) as c:
        for start in range(0, 200, 64):
            rows = c.decode([Span(0, tokens[start : start + 64], start, output=start + 64 >= 200)])
    assert_same(rows, whole)


def test_a_shared_prefix_is_computed_once(model: Model) -> None:
    prefix, endings = [5, 6, 7, 8], [[9, 10], [11], [12, 13, 14]]
    whole = np.concatenate([hidden(model, [Span(0, prefix + ending)]) for ending in endings])
    with Context(model, output="hidden", batch_tokens=64, max_sequences=4) as context:
        assert len(context.decode([Span(0, prefix, output=False)])) == 0
        for sequence in (1, 2, 3):
            context.copy_sequence(0, sequence)
        rows = context.decode([Span(n, e, start=4) for n, e in enumerate(endings, start=1)])
        assert_same(rows, whole)
        context.remove_sequence(2, 4)
        again = context.decode([Span(2, endings[1], start=4)])
        assert_same(again, whole[1:2])


# Aborting


def test_a_decode_ends_soon_after_another_thread_says_so(slow_qwen3_file: Path) -> None:
    tokens = [number % 900 for number in range(512)]
    waited = []
    with (
        Model(slow_qwen3_file) as model,
        Context(model, output="hidden", batch_tokens=512, max_sequences=1) as context,
    ):
        began = time.perf_counter()
        expected = context.decode([Span(0, tokens)])
        full_s = time.perf_counter() - began
        for part in (0.2, 0.4, 0.6):
            context.clear()
            cancel = threading.Event()
            set_at: list[float] = []

            def stop(event: threading.Event = cancel, at: list[float] = set_at) -> None:
                at.append(time.perf_counter())
                event.set()

            timer = threading.Timer(full_s * part, stop)
            timer.start()
            try:
                with context.abort_on(cancel):
                    context.decode([Span(0, tokens)])
            except CancelledError:
                waited.append(time.perf_counter() - set_at[0])
            timer.join()
        # The machine may be busy with other tests; one of them shows what it can do.
        assert min(waited) <= 0.1
        context.clear()
        assert_same(context.decode([Span(0, tokens)]), expected)


def test_after_an_abort_the_context_holds_what_it_held(model: Model) -> None:
    prefix, ending = [5, 6, 7], [8, 9]
    whole = hidden(model, [Span(0, prefix + ending)])
    with Context(model, output="hidden", batch_tokens=64, max_sequences=1) as context:
        context.decode([Span(0, prefix, output=False)])
        context.abort()
        with pytest.raises(CancelledError):
            context.decode([Span(0, ending, start=3)])
        rows = context.decode([Span(0, ending, start=3)])
    assert_same(rows, whole)


# Standing still


def _until(holds: Callable[[], bool]) -> float:
    """Seconds until something holds."""
    began = time.perf_counter()
    while not holds():
        assert time.perf_counter() - began < 60
        threading.Event().wait(0.001)
    return time.perf_counter() - began


def test_a_decode_stands_still_soon_and_goes_on_where_it_was(slow_qwen3_file: Path) -> None:
    tokens = [number % 900 for number in range(512)]
    go_ahead = threading.Event()
    go_ahead.set()
    waited = []
    with (
        Model(slow_qwen3_file) as model,
        Context(
            model, output="hidden", batch_tokens=512, max_sequences=1, go_ahead=go_ahead
        ) as context,
    ):
        steps_of = context.steps
        assert steps_of is not None
        expected = context.decode([Span(0, tokens)])
        for _ in range(5):
            context.clear()
            go_ahead.clear()
            rows: list[np.ndarray] = []
            began = threading.Event()

            def decode(rows: list[np.ndarray] = rows, began: threading.Event = began) -> None:
                began.set()
                rows.append(context.decode([Span(0, tokens)]))

            worker = threading.Thread(target=decode)
            worker.start()
            began.wait()
            waited.append(_until(lambda: steps_of.paused))
            assert not rows
            go_ahead.set()
            worker.join()
            assert_same(rows[0], expected)
    # The machine may be busy with other tests; one of them shows what it can do.
    assert min(waited) <= 0.1


def test_a_decode_that_stands_still_can_be_aborted(model: Model) -> None:
    go_ahead = threading.Event()
    with Context(
        model, output="hidden", batch_tokens=64, max_sequences=1, go_ahead=go_ahead
    ) as context:
        raised: list[BaseException] = []

        def decode() -> None:
            try:
                context.decode([Span(0, [5, 6, 7])])
            except CancelledError as error:
                raised.append(error)

        worker = threading.Thread(target=decode)
        worker.start()
        assert context.steps is not None
        _until(lambda: context.steps is not None and context.steps.paused)
        context.abort()
        worker.join(30)
        assert len(raised) == 1


def test_a_decode_isnt_held_up_for_ever(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_LONGEST_PAUSE_S", 0.05)
    with Context(
        model, output="hidden", batch_tokens=64, max_sequences=1, go_ahead=threading.Event()
    ) as context:
        rows = context.decode([Span(0, [5, 6, 7])])
    assert_same(rows, hidden(model, [Span(0, [5, 6, 7])]))


def test_an_interruption_while_llama_cpp_calls_back_isnt_lost(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_self: Context, _tensor: int) -> None:
        raise KeyboardInterrupt

    with Context(model, output="hidden", batch_tokens=8, max_sequences=1) as context:
        with monkeypatch.context() as patch:
            patch.setattr(Context, "_keep_rows", interrupt)
            with pytest.raises(KeyboardInterrupt):
                context.decode([Span(0, [1, 2])])
        assert context.decode([Span(0, [1, 2])]).shape == (1, 256)


def test_a_model_that_sees_whole_texts_can_be_aborted_too(starter_file: Path) -> None:
    with (
        Model(starter_file) as model,
        Context(model, output="pooled", batch_tokens=64, max_sequences=2) as context,
    ):
        context.abort()
        with pytest.raises(CancelledError):
            context.decode([Span(0, [0, 5, 2])])
        assert context.decode([Span(0, [0, 5, 2])]).shape == (1, 384)


def test_what_is_cancelled_already_never_starts(model: Model) -> None:
    cancel = threading.Event()
    cancel.set()
    with (
        Context(model, output="hidden", batch_tokens=8, max_sequences=1) as context,
        pytest.raises(CancelledError),
        context.abort_on(cancel),
    ):
        raise AssertionError("unreachable")


# What llama.cpp would end the process for


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [Span(0, [])],
        [Span(0, [1] * 65)],
        [Span(0, [1] * 40), Span(1, [1] * 40)],
        [Span(2, [1])],
        [Span(-1, [1])],
        [Span(0, [1, 2], start=63)],
        [Span(0, [1], start=-1)],
        [Span(0, [1]), Span(0, [2], start=1), Span(1, [3])],
    ],
)
def test_more_than_a_context_takes_is_refused(model: Model, spans: list[Span]) -> None:
    with (
        Context(model, output="hidden", batch_tokens=64, max_sequences=2) as context,
        pytest.raises(ValueError, match=r"."),
    ):
        context.decode(spans)


def test_tokens_outside_the_vocabulary_are_a_model_error(model: Model) -> None:
    with Context(model, output="hidden", batch_tokens=8, max_sequences=1) as context:
        for token in (model.vocabulary_size, 2**30, -1):
            with pytest.raises(ModelError, match="failed while it ran"):
                context.decode([Span(0, [token])])
        assert context.decode([Span(0, [1])]).shape == (1, 256)


def test_positions_past_the_models_are_refused(starter_file: Path) -> None:
    with (
        Model(starter_file) as model,
        Context(model, output="pooled", batch_tokens=1024, max_sequences=1) as context,
        pytest.raises(ValueError, match="too many"),
    ):
        context.decode([Span(0, [5] * 513)])


@pytest.mark.parametrize("output", ["hidden", "logits", "pooled"])
@pytest.mark.parametrize(("batch", "sequences"), [(1, 1), (1, 32), (272, 32), (300, 7), (8, 33)])
def test_any_size_of_context_works(
    model: Model, starter_file: Path, output: Output, batch: int, sequences: int
) -> None:
    with Model(starter_file) if output == "pooled" else Model(model.path) as own:
        tokens = [5] * min(batch, 3)
        with Context(own, output=output, batch_tokens=batch, max_sequences=sequences) as context:
            assert len(context.decode([Span(sequences - 1, tokens)])) == 1


def test_what_is_closed_says_so(qwen3_file: Path) -> None:
    model = Model(qwen3_file)
    context = Context(model, output="hidden", batch_tokens=8, max_sequences=1)
    context.close()
    model.close()
    model.close()
    with pytest.raises(ModelError, match="closed"):
        context.decode([Span(0, [1])])
    with pytest.raises(ModelError, match="closed"):
        model.tokenize("a")


def test_a_damaged_file_is_a_model_error_with_what_llama_cpp_said(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelError, match="can't load the model"):
        Model(path)


def test_a_file_name_that_isnt_utf8_is_no_hindrance(qwen3_file: Path, tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/\xff\xfe model.gguf"))
    path.symlink_to(qwen3_file)
    with Model(path, vocabulary_only=True) as model:
        assert model.architecture == "qwen3"


def test_llama_cpp_says_nothing_on_the_terminal(qwen3_file: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from localsearch.engine.runtime import Context, Model, Span\n"
        "model = Model(Path(sys.argv[1]))\n"
        "context = Context(model, output='hidden', batch_tokens=8, max_sequences=1)\n"
        "assert context.decode([Span(0, [1, 2])]).shape == (1, 256)\n"
    )
    # It ends without closing either, as a program that is interrupted does.
    done = subprocess.run(
        [sys.executable, "-c", code, str(qwen3_file)], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@settings(deadline=None)
@given(text=st.text(max_size=300))
def test_tokens_spell_the_text(model: Model, text: str) -> None:
    import ctypes

    import llama_cpp

    room = ctypes.create_string_buffer(16_384)
    tokens = model.tokenize(text)
    spelt = b""
    for token in tokens:
        count = llama_cpp.llama_token_to_piece(model.vocabulary, token, room, 16_384, 0, True)
        spelt += room.raw[:count]
    assert spelt == text.encode("utf-8", "replace")


def test_long_texts_need_no_guess_of_their_tokens(model: Model) -> None:
    assert len(model.tokenize("睡" * 100_000)) >= 100_000
