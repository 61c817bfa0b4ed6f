"""Which candidates share a batch, when the best are wanted first?"""

from __future__ import annotations

from dataclasses import dataclass

# A batch begins with the best candidate left; those next in line may fill what room it leaves.
_LOOK_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that waits: where it stood in its list, and the tokens to decode for it."""

    index: int
    tokens: list[int]


def take_batch(waiting: list[Candidate], budget: int, most: int) -> list[Candidate]:
    """Take the first that waits, and of the next ones what fits beside it in `budget` tokens.

    At most `most` at once. No passage straddles two batches of the budget's size unless it's
    longer than one, as llama.cpp's scores shift by up to 1e-2 when one does.
    """
    batch = [waiting[0]]
    room = budget - len(waiting[0].tokens)
    for candidate in waiting[1 : 1 + _LOOK_AHEAD]:
        if len(candidate.tokens) <= room and len(batch) < most:
            batch.append(candidate)
            room -= len(candidate.tokens)
    taken = {candidate.index for candidate in batch}
    waiting[:] = [candidate for candidate in waiting if candidate.index not in taken]
    return batch
