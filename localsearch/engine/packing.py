"""Which texts share a batch: as full as they get, as few as they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def pack(lengths: Sequence[int], budget: int, max_items: int) -> list[list[int]]:
    """Indices in batches whose lengths add up to at most `budget`, at most `max_items` each.

    First-fit decreasing: within 22 % of the fewest batches possible, and close to it in practice.
    A text longer than the budget gets a batch of its own.
    """
    batches: list[list[int]] = []
    room: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        for number, left in enumerate(room):
            if lengths[index] <= left and len(batches[number]) < max_items:
                batches[number].append(index)
                room[number] -= lengths[index]
                break
        else:
            batches.append([index])
            room.append(budget - lengths[index])
    return batches
