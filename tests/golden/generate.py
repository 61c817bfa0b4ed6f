"""Make the golden values: the official recipes in transformers, on random weights from a seed.

Run it by hand when the cases or the recipe change (needs the extra `golden`):

    python -m tests.golden.generate

The recipes are those of the model cards of Qwen3-Embedding and Qwen3-Reranker, with one rule of
ours: what a text spells never becomes a special token.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3ForCausalLM

from localsearch.engine.random_qwen3 import Qwen3Shape, draw_weights
from localsearch.engine.small_vocabulary import NORMAL, build_vocabulary
from tests.golden.cases import QUERIES, TEXTS

HERE = Path(__file__).parent
# Model card of Qwen3-Reranker-0.6B.
PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and "
    'the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n'
    "<|im_start|>user\n"
)
SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"

_NAMES = {
    "token_embd": "model.embed_tokens", "output_norm": "model.norm",
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip


def _official_name(name: str) -> str:
    parts = name.removesuffix(".weight").split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{_NAMES[parts[2]]}.weight"
    return f"{_NAMES[parts[0]]}.weight"


class Official:
    """A random Qwen3 in transformers, with a tokenizer for templates and one for plain text."""

    def __init__(self, shape: Qwen3Shape, seed: int) -> None:
        vocabulary = build_vocabulary()
        self.context = shape.context
        self.ids = {token: index for index, token in enumerate(vocabulary.tokens)}
        normal = {
            t: i
            for (t, i), k in zip(self.ids.items(), vocabulary.types, strict=True)
            if k == NORMAL
        }
        added = [token for token in vocabulary.tokens if token not in normal]
        merges = [tuple(merge.split(" ")) for merge in vocabulary.merges]
        self._plain = Qwen2Tokenizer(vocab=self.ids, merges=merges)._tokenizer
        self._plain.encode_special_tokens = True
        self._template = Qwen2Tokenizer(vocab=self.ids, merges=merges)._tokenizer
        self._template.add_special_tokens(added)
        self.model = Qwen3ForCausalLM(
            Qwen3Config(
                vocab_size=len(vocabulary.tokens), hidden_size=shape.hidden,
                intermediate_size=shape.feed_forward, num_hidden_layers=shape.layers,
                num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
                head_dim=shape.head_dimension, max_position_embeddings=shape.context,
                rms_norm_eps=1e-6, tie_word_embeddings=True,
                rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
                attn_implementation="eager", dtype="float32",
            )
        ).eval()  # fmt: skip
        weights = {
            _official_name(name): torch.from_numpy(values)
            for name, values in draw_weights(shape, len(vocabulary.tokens), seed)
        }
        left = self.model.load_state_dict(weights, strict=False)
        assert left.missing_keys == ["lm_head.weight"], left
        assert not left.unexpected_keys, left
        self.model.tie_weights()

    def plain(self, text: str) -> list[int]:
        """Ids of text in which nothing is special."""
        return list(self._plain.encode(text, add_special_tokens=False).ids)

    def template(self, text: str) -> list[int]:
        """Ids of text in which special tokens are meant."""
        return list(self._template.encode(text, add_special_tokens=False).ids)

    def _padded(self, sequences: list[list[int]]) -> dict[str, Any]:
        longest = max(map(len, sequences))
        padding = self.ids["<|endoftext|>"]
        return {
            "input_ids": torch.tensor([[padding] * (longest - len(s)) + s for s in sequences]),
            "attention_mask": torch.tensor(
                [[0] * (longest - len(s)) + [1] * len(s) for s in sequences]
            ),
        }

    def embed(self, texts: list[str]) -> np.ndarray[Any, Any]:
        """Last-token pooling of left-padded input, normalised."""
        end = self.ids["<|endoftext|>"]
        sequences = [[*self.plain(text)[: self.context - 1], end] for text in texts]
        with torch.inference_mode():
            hidden = self.model.model(**self._padded(sequences)).last_hidden_state[:, -1]
            return np.asarray(torch.nn.functional.normalize(hidden, p=2, dim=1))

    def rerank(self, task: str, pairs: list[tuple[str, str]]) -> list[float]:
        """exp(log_softmax([no, yes]))[1] of the logits at the last position."""
        prefix, suffix = self.template(PREFIX), self.template(SUFFIX)
        room = self.context - len(prefix) - len(suffix)
        sequences = []
        for query, document in pairs:
            content = f"<Instruct>: {task}\n<Query>: {query}\n<Document>: {document}"
            sequences.append(prefix + self.plain(content)[:room] + suffix)
        with torch.inference_mode():
            logits = self.model(**self._padded(sequences)).logits[:, -1]
        answers = logits[:, [self.ids["no"], self.ids["yes"]]]
        scores = torch.nn.functional.log_softmax(answers, dim=1)[:, 1].exp()
        return [float(score) for score in scores]


def main() -> None:
    """Write values.json and vectors.npz beside this file."""
    recipe = json.loads((HERE / "recipe.json").read_text(encoding="utf-8"))
    official = Official(Qwen3Shape(**recipe["shape"]), recipe["seed"])
    task = recipe["search_task"]
    queries = [f"Instruct: {task}\nQuery:{query}" for query in QUERIES.values()]
    np.savez_compressed(
        HERE / "vectors.npz",
        documents=official.embed(list(TEXTS.values())),
        queries=official.embed(queries),
    )
    scores = {
        name: dict(
            zip(TEXTS, official.rerank(task, [(query, t) for t in TEXTS.values()]), strict=True)
        )
        for name, query in QUERIES.items()
    }
    ids = {name: official.plain(text) for name, text in TEXTS.items()}
    values = {
        "made_with": {"torch": torch.__version__, "transformers": _version()},
        "ids": ids,
        "scores": scores,
    }
    with (HERE / "values.json").open("w", encoding="utf-8") as out:
        json.dump(values, out, indent=1, ensure_ascii=False)
        out.write("\n")


def _version() -> str:
    import transformers

    return str(transformers.__version__)


if __name__ == "__main__":
    main()
