"""Small GGUF files: real ones as far as their metadata goes, with a few random weights."""

from __future__ import annotations

import os
from pathlib import Path

import gguf
import numpy as np

from localsearch.config import Paths


def write_gguf(
    path: Path,
    *,
    architecture: str = "qwen3",
    name: str = "",
    pooling: gguf.PoolingType | None = None,
    head: bool = False,
    weights: int = 4096,
    seed: int = 0,
) -> Path:
    """Write a GGUF of that architecture with about `weights` × 4 bytes; gives the path back."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(name or path.stem)
    writer.add_block_count(1)
    writer.add_context_length(512)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(16)
    writer.add_head_count(1)
    if pooling is not None:
        writer.add_pooling_type(pooling)
    random = np.random.default_rng(seed)
    writer.add_tensor(
        "token_embd.weight", random.standard_normal((weights // 8, 8), dtype=np.float32)
    )
    if head:
        writer.add_tensor("cls.output.weight", random.standard_normal((2, 8), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def files_in(paths: Paths) -> list[str]:
    """What the model folder holds."""
    return sorted(os.listdir(paths.models_dir)) if paths.models_dir.exists() else []
