"""What goes into one decode, in the layout that llama.cpp reads it from."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from localsearch.engine.native import library


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens of one sequence, from position `start` on; with `output`, the last one is read."""

    sequence: int
    tokens: Sequence[int]
    start: int = 0
    output: bool = True


class Batch:
    """Room for `capacity` tokens; filled with whole arrays, as one value at a time takes too long.

    `struct` is what `llama_decode` takes; it points into this object's memory.
    """

    def __init__(self, capacity: int) -> None:
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity, np.int32)
        self._sequences = np.zeros(capacity, np.int32)
        self._outputs = np.zeros(capacity, np.int8)
        # Each token can belong to many sequences; ours belong to one, so the lists have one entry.
        self._sequence_counts = np.ones(capacity, np.int32)
        self._sequence_lists = self._sequences.ctypes.data + 4 * np.arange(capacity, dtype=np.uintp)
        self.struct: Any = library().llama_batch()
        for name, values in (
            ("token", self._tokens),
            ("pos", self._positions),
            ("n_seq_id", self._sequence_counts),
            ("seq_id", self._sequence_lists),
            ("logits", self._outputs),
        ):
            field_type = dict(self.struct._fields_)[name]
            setattr(self.struct, name, ctypes.cast(values.ctypes.data, field_type))

    def fill(self, spans: Sequence[Span], *, all_outputs: bool) -> None:
        """Take the place of what it held; `all_outputs` has every token marked as read."""
        at = 0
        for span in spans:
            end = at + len(span.tokens)
            self._tokens[at:end] = span.tokens
            self._positions[at:end] = np.arange(span.start, span.start + end - at)
            self._sequences[at:end] = span.sequence
            self._outputs[at:end] = all_outputs
            self._outputs[end - 1] = all_outputs or span.output
            at = end
        self.struct.n_tokens = at
