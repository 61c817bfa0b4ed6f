"""How does each family of models want its input, and where is its vector read?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localsearch.engine import prompts
from localsearch.types import ModelError

if TYPE_CHECKING:
    from localsearch.engine.runtime import Model, Output

# Raised with any change of what a fingerprint or a model's window follows from here.
RECIPES_VERSION = 1

# Longer passages than this are cut: no chunk of ours is, and memory grows with it.
_QWEN3_MAX_TOKENS = 8192
# All that BERT's position embeddings reach.
_E5_MAX_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a family's model card says, and the batches that suit it.

    `query` has a place for the {task} where the family takes one. `max_tokens` counts prompts and
    special tokens too. `batch_tokens` is the size of a full batch, `query_tokens` what a query
    gets at once; longer texts are run by themselves.
    """

    pooling: str
    output: Output
    query: str
    document: str
    max_tokens: int
    batch_tokens: int
    query_tokens: int
    max_sequences: int
    smallest_dimension: int | None
    closing_token: str | None


def recipe_for(model: Model) -> Recipe:
    """The recipe for a model's architecture; raises ModelError for one that we don't know."""
    if model.architecture == "bert":
        return Recipe(
            pooling="mean",
            output="pooled",
            query=prompts.E5_QUERY,
            document=prompts.E5_PASSAGE,
            max_tokens=min(_E5_MAX_TOKENS, model.trained_context),
            # A chunk of 256 tokens with its prompt. llama.cpp keeps a megabyte for each token of
            # a batch, as the vocabulary is large; more tokens make it no faster.
            batch_tokens=272,
            query_tokens=128,
            max_sequences=32,
            smallest_dimension=None,
            closing_token=None,
        )
    if model.architecture == "qwen3":
        return Recipe(
            pooling="last",
            output="hidden",
            query=prompts.QWEN3_QUERY,
            document="",
            max_tokens=min(_QWEN3_MAX_TOKENS, model.trained_context),
            # 256 is as fast, 2048 a sixth slower.
            batch_tokens=512,
            query_tokens=256,
            max_sequences=32,
            # Matryoshka training of Qwen3-Embedding begins here (model card).
            smallest_dimension=32,
            closing_token="<|endoftext|>",  # noqa: S106 (a token of text, not a secret)
        )
    raise ModelError(
        f"{model.path.name} is a {model.architecture or 'nameless'} model, which can't embed here",
        "Use a Qwen3-Embedding model or the starter: localsearch models list",
    )
