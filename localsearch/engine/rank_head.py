"""Which two rows of its weights make a model's last hidden state a yes or a no?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.engine import prompts
from localsearch.engine.gguf import RANK_HEAD_TENSOR, GgufInfo, inspect_gguf
from localsearch.engine.gguf_header import TensorInfo, read_header
from localsearch.engine.native import library
from localsearch.types import ModelError

if TYPE_CHECKING:
    from localsearch.engine.runtime import Model
    from localsearch.types import FloatMatrix, FloatVector

_REMEDY = "Use a Qwen3-Reranker model in the GGUF format: `localsearch models list` names them."


class RankHead:
    """The difference of the rows "yes" and "no", so that scoring costs one dot product."""

    def __init__(self, rows: FloatMatrix) -> None:
        self._difference: FloatVector = rows[0] - rows[1]

    def probabilities(self, hidden: FloatMatrix) -> list[float]:
        """P(yes) = σ(logit_yes − logit_no) of each row of last hidden states (model card)."""
        import numpy as np

        margins = hidden.astype(np.float64) @ self._difference
        # Past ±700 exp overflows, and the probability is 0 or 1 to the last digit long before.
        return [float(p) for p in 1.0 / (1.0 + np.exp(-np.clip(margins, -700, 700)))]


def refuse_unfit(path: Path) -> GgufInfo:
    """Look at a file before it's loaded; raises ModelError if it can't judge by yes and no."""
    info = inspect_gguf(path)
    if info.architecture != "qwen3":
        raise ModelError(
            f"{path.name} is a {info.architecture!r} model, not a Qwen3 reranker", _REMEDY
        )
    name = info.name.casefold()
    if info.pooling in ("mean", "cls", "last") or ("embed" in name and "rerank" not in name):
        raise ModelError(
            f"{path.name} is a model for embedding, which can't tell yes from no", _REMEDY
        )
    return info


def load_rank_head(path: Path, model: Model) -> RankHead:
    """Read the two rows from the file: of its classification head, or of the output's words.

    Raises ModelError when the model knows no "yes" and "no" or its head scores something else.
    """
    tensors = {tensor.name: tensor for tensor in read_header(path).tensors}
    head = tensors.get(RANK_HEAD_TENSOR)
    if head is not None:
        return RankHead(_read_rows(path, head, _rows_of_head(path, model, head)))
    # Without a head of its own the output is tied to the embedding of tokens.
    words = tensors.get("output.weight") or tensors.get("token_embd.weight")
    answers = [model.token_id(word) for word in (prompts.RERANK_YES, prompts.RERANK_NO)]
    if words is None or None in answers:
        raise ModelError(f"{path.name} has no tokens for yes and no to judge by", _REMEDY)
    return RankHead(_read_rows(path, words, [token for token in answers if token is not None]))


def _rows_of_head(path: Path, model: Model, head: TensorInfo) -> list[int]:
    llama = library()
    labels = [
        (llama.llama_model_cls_label(model.handle, row) or b"").decode("utf-8", "replace")
        for row in range(llama.llama_model_n_cls_out(model.handle))
    ]
    wanted = [prompts.RERANK_YES, prompts.RERANK_NO]
    if head.shape != (model.width, 2) or (any(labels) and sorted(labels) != sorted(wanted)):
        raise ModelError(f"the head of {path.name} doesn't score yes and no", _REMEDY)
    # llama.cpp's converter writes yes first, and the labels only in newer versions.
    return [labels.index(word) for word in wanted] if any(labels) else [0, 1]


def _read_rows(path: Path, tensor: TensorInfo, rows: list[int]) -> FloatMatrix:
    import numpy as np
    from gguf import GGMLQuantizationType, quants

    row_bytes = tensor.size_bytes // tensor.shape[-1]
    raw = []
    with path.open("rb") as stream:
        for row in rows:
            stream.seek(tensor.offset + row * row_bytes)
            raw.append(np.frombuffer(stream.read(row_bytes), dtype=np.uint8))
    type_ = GGMLQuantizationType(tensor.type_id)
    try:
        values = quants.dequantize(np.stack(raw), type_)
    except NotImplementedError as error:
        raise ModelError(
            f"{path.name} holds its words as {type_.name}, which can't be read here",
            "Use another quantisation of the model, such as Q8_0 or Q4_K_M.",
        ) from error
    return values.astype(np.float32)
