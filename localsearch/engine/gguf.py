"""What kind of model is a file? And, for tests and benchmarks, models made from a seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from localsearch.engine.gguf_header import MAGIC, GgufHeader, MalformedHeaderError, read_header
from localsearch.engine.random_qwen3 import (
    QWEN3_0_6B,
    SMALL_QWEN3,
    Head,
    Quantisation,
    Qwen3Shape,
    write_random_qwen3,
)
from localsearch.types import ModelError

__all__ = [
    "QWEN3_0_6B", "SMALL_QWEN3", "GgufInfo", "Head", "Quantisation", "Qwen3Shape", "inspect_gguf",
    "sample_weights", "write_random_qwen3",
]  # fmt: skip

# The head that turns the last hidden state into the scores of a reranker, as llama.cpp names it.
RANK_HEAD_TENSOR = "cls.output.weight"
_SAMPLES, _SAMPLE_BYTES = 256, 4096
# `enum llama_pooling_type` in llama.h.
_POOLINGS = {0: "none", 1: "mean", 2: "cls", 3: "last", 4: "rank"}


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """What a GGUF file says of its model; 0 and "" stand for what it doesn't say.

    `quantisation` is a file type's name such as Q8_0 or Q4_K_M; `pooling` is none, mean, cls, last
    or rank; `has_rank_head` tells that it carries a reranker's classification head.
    """

    architecture: str
    name: str
    embedding_length: int
    context_length: int
    block_count: int
    quantisation: str
    vocabulary_size: int
    pooling: str
    has_rank_head: bool
    tokenizer_model: str
    parameter_count: int
    file_bytes: int


def inspect_gguf(path: Path) -> GgufInfo:
    """Say what model a file holds, from its header alone.

    Raises ModelError when the file can't be read or isn't a whole GGUF.
    """
    try:
        header = read_header(path)
    except MalformedHeaderError as error:
        raise _not_a_gguf(path, error) from error
    except OSError as error:
        raise ModelError(
            f"{path} can't be read: {error.strerror or error}",
            "Check that the file is there and may be read by you.",
        ) from error
    architecture = _text(header, "general.architecture")
    if not architecture or not header.tensors:
        raise ModelError(
            f"{path} is a GGUF file without a model in it",
            "It may hold a tokenizer only, or be one part of a split model; fetch the whole model.",
        )
    return _describe(header, architecture)


def sample_weights(path: Path) -> str:
    """A hash that tells models apart at once: of the file's size and of samples all over it.

    Not proof against forgery, as the SHA-256 of the whole is, which takes a second per gigabyte.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as stream:
        for number in range(_SAMPLES):
            stream.seek(size * number // _SAMPLES)
            digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _describe(header: GgufHeader, architecture: str) -> GgufInfo:
    shapes = {tensor.name: tensor.shape for tensor in header.tensors}
    rows = shapes.get("token_embd.weight", ())
    return GgufInfo(
        architecture=architecture,
        name=_text(header, "general.name"),
        embedding_length=_number(header, f"{architecture}.embedding_length"),
        context_length=_number(header, f"{architecture}.context_length"),
        block_count=_number(header, f"{architecture}.block_count"),
        quantisation=_quantisation(header),
        vocabulary_size=header.array_lengths.get("tokenizer.ggml.tokens", 0)
        or (rows[-1] if len(rows) == 2 else 0),
        pooling=_POOLINGS.get(_number(header, f"{architecture}.pooling_type", missing=-1), ""),
        has_rank_head=RANK_HEAD_TENSOR in shapes,
        tokenizer_model=_text(header, "tokenizer.ggml.model"),
        parameter_count=sum(tensor.elements for tensor in header.tensors),
        file_bytes=header.file_bytes,
    )


def _quantisation(header: GgufHeader) -> str:
    from gguf.constants import GGMLQuantizationType, LlamaFileType

    try:
        file_type = LlamaFileType(_number(header, "general.file_type", missing=-1))
        return file_type.name.removeprefix("MOSTLY_").removeprefix("ALL_")
    except ValueError:
        # Not said, or newer than we know: the type of most of the numbers names it well enough.
        sizes: Counter[int] = Counter()
        for tensor in header.tensors:
            sizes[tensor.type_id] += tensor.elements
        return GGMLQuantizationType(sizes.most_common(1)[0][0]).name


def _text(header: GgufHeader, key: str) -> str:
    value = header.metadata.get(key, "")
    return value if isinstance(value, str) else ""


def _number(header: GgufHeader, key: str, *, missing: int = 0) -> int:
    value = header.metadata.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else missing


def _not_a_gguf(path: Path, error: MalformedHeaderError) -> ModelError:
    with path.open("rb") as stream:
        start = stream.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return ModelError(
            f"{path} is a web page, not a model",
            "A proxy or a login page answered instead of the model's server: "
            "open the address in a browser, sign in, and fetch the file again.",
        )
    if start.startswith(b"version https://git-lfs"):
        return ModelError(
            f"{path} only points to a model (a Git LFS pointer)",
            "Run `git lfs pull` in the repository that it comes from, or fetch the file itself.",
        )
    whole = start.startswith(MAGIC.lower())
    return ModelError(
        f"{path} is a damaged GGUF file: {error}" if whole else f"{path} isn't a GGUF: {error}",
        "Fetch it again and compare its size with the one its page gives."
        if whole
        else "localsearch runs models in the GGUF format; the name of such a file ends in .gguf.",
    )
