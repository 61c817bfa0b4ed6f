"""Generated models are Qwen3's architecture, the same for a seed, in every quantisation."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from localsearch.engine.gguf import Head, Quantisation, inspect_gguf, write_random_qwen3
from localsearch.engine.random_qwen3 import SMALL_QWEN3, draw_weights
from localsearch.engine.small_vocabulary import (
    QWEN3_VOCABULARY_SIZE,
    build_vocabulary,
    printable_bytes,
)


@pytest.mark.parametrize("quantisation", get_args(Quantisation))
@pytest.mark.parametrize("head", get_args(Head))
def test_llama_cpp_loads_it_in_every_quantisation(
    tmp_path: Path, quantisation: Quantisation, head: Head
) -> None:
    import llama_cpp

    path = tmp_path / "model.gguf"
    write_random_qwen3(path, seed=5, quantisation=quantisation, head=head)
    info = inspect_gguf(path)
    assert info.quantisation == quantisation
    assert (info.has_rank_head, info.pooling) == ((True, "rank") if head == "cls" else (False, ""))
    model = llama_cpp.llama_model_load_from_file(
        bytes(path), llama_cpp.llama_model_default_params()
    )
    assert model
    assert llama_cpp.llama_model_n_embd(model) == SMALL_QWEN3.hidden
    llama_cpp.llama_model_free(model)


def test_a_seed_fixes_every_weight() -> None:
    once, again = (dict(draw_weights(SMALL_QWEN3, 300, seed=7)) for _ in range(2))
    other = dict(draw_weights(SMALL_QWEN3, 300, seed=8))
    assert all(np.array_equal(once[name], again[name]) for name in once)
    assert not any(np.array_equal(once[name], other[name]) for name in once)


def test_weights_are_the_documented_mapping_of_raw_random_words() -> None:
    name, first = next(draw_weights(SMALL_QWEN3, 300, seed=7))
    (word,) = np.random.PCG64([7, 0]).random_raw(1)
    low, high = int(word) & 0xFFFFFFFF, int(word) >> 32
    spread = (6 / SMALL_QWEN3.hidden) ** 0.5
    expected = [((half >> 8) / 2**23 - 1) * spread for half in (low, high)]
    assert name == "token_embd.weight"
    assert first[0, :2] == pytest.approx(expected, rel=1e-6)


def test_the_vocabulary_spells_every_byte_and_has_qwens_special_tokens() -> None:
    vocabulary = build_vocabulary()
    assert set(printable_bytes().values()) <= set(vocabulary.tokens)
    assert len(set(vocabulary.tokens)) == len(vocabulary.tokens) == len(vocabulary.types)
    for special in ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"):
        assert vocabulary.id_of(special) >= 0
    for merge in vocabulary.merges:
        left, right = merge.split(" ")
        assert {left, right, left + right} <= set(vocabulary.tokens)


def test_at_qwens_own_size_the_known_tokens_have_their_own_ids() -> None:
    vocabulary = build_vocabulary(QWEN3_VOCABULARY_SIZE)
    assert len(vocabulary.tokens) == 151_669
    assert vocabulary.id_of("<|endoftext|>") == 151_643
    assert vocabulary.id_of("<|im_end|>") == 151_645
    assert vocabulary.id_of("</think>") == 151_668
    assert (vocabulary.id_of("yes"), vocabulary.id_of("no")) == (9693, 2152)


def test_a_vocabulary_too_small_for_its_tokens_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        build_vocabulary(100)
