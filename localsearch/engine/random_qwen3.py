"""How is a Qwen3-shaped model made from a seed? For tests and benchmarks, where no weights are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from localsearch.engine.native import library
from localsearch.engine.small_vocabulary import (
    QWEN3_VOCABULARY_SIZE,
    Vocabulary,
    build_vocabulary,
)
from localsearch.types import ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from gguf import GGMLQuantizationType, GGUFWriter

    Floats = npt.NDArray[np.float32]

Head = Literal["none", "cls"]
Quantisation = Literal["F32", "F16", "Q8_0", "Q4_0", "Q4_K_M"]
Pooling = Literal["unset", "none", "mean", "last", "rank"]


@dataclass(frozen=True, slots=True)
class Qwen3Shape:
    """The sizes of a Qwen3 model; `vocabulary` 0 means as small as our tokenizer allows.

    Rotary base 1e6, epsilon 1e-6 and tied embeddings are what all small Qwen3 models have.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dimension: int
    feed_forward: int
    context: int
    vocabulary: int = 0


# Sizes that K-quants' blocks of 256 fit, and that take a millisecond to run.
SMALL_QWEN3 = Qwen3Shape(
    layers=2, hidden=256, heads=4, kv_heads=2, head_dimension=64, feed_forward=256, context=1024
)
# config.json of Qwen/Qwen3-Embedding-0.6B.
QWEN3_0_6B = Qwen3Shape(
    layers=28, hidden=1024, heads=16, kv_heads=8, head_dimension=128, feed_forward=3072,
    context=32_768, vocabulary=QWEN3_VOCABULARY_SIZE,
)  # fmt: skip


def write_random_qwen3(
    path: Path,
    shape: Qwen3Shape = SMALL_QWEN3,
    *,
    seed: int = 0,
    quantisation: Quantisation = "F32",
    head: Head = "none",
    pooling: Pooling = "unset",
    add_eos: bool = True,
    name: str = "random Qwen3",
) -> None:
    """Write a GGUF of Qwen3's architecture with weights drawn from `seed`.

    `head="cls"` adds a reranker's head (the rows "yes" and "no" of the tied output) as llama.cpp's
    converter does; its pooling is "rank" unless said otherwise. `add_eos` tells tokenizers to close
    texts with <|endoftext|>. The same seed gives the same weights in every quantisation.
    """
    import gguf
    from gguf import GGUFWriter

    if quantisation == "Q4_K_M":
        _write_k_quant(path, shape, seed, head, pooling, add_eos, name)
        return
    vocabulary = build_vocabulary(shape.vocabulary)
    writer = GGUFWriter(path, "qwen3")
    _add_metadata(writer, shape, vocabulary, name, add_eos)
    file_type = {"F32": "ALL_F32"}.get(quantisation, f"MOSTLY_{quantisation}")
    writer.add_file_type(gguf.LlamaFileType[file_type])
    if head == "cls":
        writer.add_classifier_output_labels(["yes", "no"])
        pooling = "rank" if pooling == "unset" else pooling
    if pooling != "unset":
        writer.add_pooling_type(gguf.PoolingType[pooling.upper()])
    planned = list(_plan(shape, vocabulary, head, gguf.GGMLQuantizationType[quantisation]))
    for tensor_name, size, type_ in planned:
        # Only the announcement; the numbers follow one tensor at a time, whatever the model's size.
        writer.add_tensor_info(
            tensor_name, _stored_shape(size, type_), _dtype(type_), _bytes(size, type_), type_
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    weights = _weights_and_head(shape, vocabulary, head, seed)
    for (_, _, type_), (_, values) in zip(planned, weights, strict=True):
        writer.write_tensor_data(gguf.quants.quantize(values, type_))
    writer.close()


def tensor_shapes(shape: Qwen3Shape, vocabulary_size: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The weights in the order in which they're numbered: GGUF name, (rows, columns) or (size,)."""
    query, key = shape.heads * shape.head_dimension, shape.kv_heads * shape.head_dimension
    yield "token_embd.weight", (vocabulary_size, shape.hidden)
    for layer in range(shape.layers):
        yield f"blk.{layer}.attn_norm.weight", (shape.hidden,)
        yield f"blk.{layer}.attn_q.weight", (query, shape.hidden)
        yield f"blk.{layer}.attn_k.weight", (key, shape.hidden)
        yield f"blk.{layer}.attn_v.weight", (key, shape.hidden)
        yield f"blk.{layer}.attn_output.weight", (shape.hidden, query)
        yield f"blk.{layer}.attn_q_norm.weight", (shape.head_dimension,)
        yield f"blk.{layer}.attn_k_norm.weight", (shape.head_dimension,)
        yield f"blk.{layer}.ffn_norm.weight", (shape.hidden,)
        yield f"blk.{layer}.ffn_gate.weight", (shape.feed_forward, shape.hidden)
        yield f"blk.{layer}.ffn_up.weight", (shape.feed_forward, shape.hidden)
        yield f"blk.{layer}.ffn_down.weight", (shape.hidden, shape.feed_forward)
    yield "output_norm.weight", (shape.hidden,)


def draw_weights(
    shape: Qwen3Shape, vocabulary_size: int, seed: int
) -> Iterator[tuple[str, Floats]]:
    """The weights as float32, one by one in the order of `tensor_shapes`.

    Tensor i takes PCG64([seed, i])'s raw 64-bit words, whose stream numpy guarantees, as pairs of
    uint32 (low half first) mapped to [-1, 1). Matrices have variance 2 / columns, for scores that
    spread; norms are 1 ± 0.25.
    """
    import numpy as np

    for index, (name, size) in enumerate(tensor_shapes(shape, vocabulary_size)):
        count = int(np.prod(size))
        words = np.random.PCG64([seed, index]).random_raw((count + 1) // 2)
        # 24 bits are what a float32 holds exactly.
        uniform = (words.astype("<u8").view("<u4")[:count] >> 8).astype(np.float32)
        uniform *= np.float32(2.0**-23)
        uniform -= np.float32(1.0)
        if len(size) == 1:
            yield name, np.float32(1.0) + np.float32(0.25) * uniform
        else:
            uniform *= np.float32((6.0 / size[1]) ** 0.5)
            yield name, uniform.reshape(size)


def _weights_and_head(
    shape: Qwen3Shape, vocabulary: Vocabulary, head: Head, seed: int
) -> Iterator[tuple[str, Floats]]:
    answers: Floats | None = None
    for name, values in draw_weights(shape, len(vocabulary.tokens), seed):
        if name == "token_embd.weight" and head == "cls":
            answers = values[[vocabulary.id_of("yes"), vocabulary.id_of("no")]]
        yield name, values
    if answers is not None:
        yield "cls.output.weight", answers


def _plan(
    shape: Qwen3Shape, vocabulary: Vocabulary, head: Head, type_: GGMLQuantizationType
) -> Iterator[tuple[str, tuple[int, ...], GGMLQuantizationType]]:
    from gguf import GGMLQuantizationType as Types

    for name, size in tensor_shapes(shape, len(vocabulary.tokens)):
        yield name, size, Types.F32 if len(size) == 1 else type_
    if head == "cls":
        yield "cls.output.weight", (2, shape.hidden), Types.F32 if type_ == Types.F32 else Types.F16


def _bytes(size: tuple[int, ...], type_: GGMLQuantizationType) -> int:
    from gguf.constants import GGML_QUANT_SIZES

    block, block_bytes = GGML_QUANT_SIZES[type_]
    count = 1
    for dimension in size:
        count *= dimension
    return count // block * block_bytes


def _stored_shape(size: tuple[int, ...], type_: GGMLQuantizationType) -> tuple[int, ...]:
    # The writer wants what numpy would see: of a quantised tensor its bytes.
    from gguf.quants import quant_shape_to_byte_shape

    quantised = type_.name not in ("F32", "F16")
    return tuple(quant_shape_to_byte_shape(size, type_)) if quantised else size


def _dtype(type_: GGMLQuantizationType) -> np.dtype[np.generic]:
    import numpy as np

    return np.dtype({"F32": np.float32, "F16": np.float16}.get(type_.name, np.uint8))


def _add_metadata(
    writer: GGUFWriter, shape: Qwen3Shape, vocabulary: Vocabulary, name: str, add_eos: bool
) -> None:
    writer.add_name(name)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dimension)
    writer.add_value_length(shape.head_dimension)
    writer.add_rope_freq_base(1_000_000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(list(vocabulary.tokens))
    writer.add_token_types(list(vocabulary.types))
    writer.add_token_merges(list(vocabulary.merges))
    closing = vocabulary.id_of("<|endoftext|>")
    writer.add_bos_token_id(closing)
    writer.add_eos_token_id(closing)
    writer.add_pad_token_id(closing)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(add_eos)


def _write_k_quant(
    path: Path,
    shape: Qwen3Shape,
    seed: int,
    head: Head,
    pooling: Pooling,
    add_eos: bool,
    name: str,
) -> None:
    llama_cpp = library()
    wide = path.with_name(f".{path.name}.f16")
    try:
        write_random_qwen3(
            wide, shape, seed=seed, quantisation="F16", head=head, pooling=pooling,
            add_eos=add_eos, name=name,
        )  # fmt: skip
        options = llama_cpp.llama_model_quantize_default_params()
        options.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M
        if llama_cpp.llama_model_quantize(bytes(wide), bytes(path), options) != 0:
            raise ModelError(f"{path} couldn't be quantised", "Look for room on the disk.")
    finally:
        wide.unlink(missing_ok=True)
