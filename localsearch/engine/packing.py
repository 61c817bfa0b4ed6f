"""Which texts share a batch: as full as they get, as few as they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def pack(lengths: Sequence[int], budget: int, max_items: int) -> list[list[int]]:
    """Indices in batches whose lengths add up to at most `budget`, at most `max_items` each.

    Best-fit decreasing: within 22 % of the fewest batches possible (Johnson, 1973), and close to
    it in practice. A text longer than the budget gets a batch of its own.
    """
    batches: list[list[int]] = []
    # Batches by the room left in them, and which rooms there are as the bits of a number: finding
    # the tightest fit then takes the same time however many batches wait.
    by_room: list[list[list[int]]] = [[] for _ in range(budget + 1)]
    rooms = 0
    for index in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        length = lengths[index]
        fitting = rooms >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            batch = by_room[room].pop()
            if not by_room[room]:
                rooms ^= 1 << room
        else:
            room, batch = budget, []
            batches.append(batch)
        batch.append(index)
        if len(batch) < max_items and room > length:
            by_room[room - length].append(batch)
            rooms |= 1 << (room - length)
    return batches
