"""What does a vector look like in two bits a number, and how near is a query to that?

A vector is coded by its offset from the mean of all: embeddings share a large part, of which signs
would say nothing. The first bit of each number is the offset's sign, the second tells large from
small. Queries keep more bits a number: what they lose shows in every distance. The product of the
two is counted bit by bit. What's counted is of offsets, each of another length than its code has;
two factors and a sum that are kept with each code make an estimate of the vectors' product of it,
that strays to neither side (Gao and Long, RaBitQ, SIGMOD 2024, do so for one bit a number).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from localsearch.types import FloatMatrix, FloatVector

    Words = npt.NDArray[np.uint64]
    Counts = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float32]

# So many bits of each of a query's numbers are compared with first bits alone, and with both bits.
_QUICK_BITS, _BITS = 3, 4
# Beside a number many times the usual one, few bits would say nothing of the others.
_MOST_OF_USUAL = 3
# A first look reads all first bits of vectors of up to so many words of 64; of longer ones so many,
# which are enough for it to need no more than the query's signs, at a third of the work.
_SHORT_WORDS, _SIGN_WORDS = 8, 12
# What's computed between two looks at memory should stay in a core's own cache, and take long
# enough for other threads to have their turn: half as many numbers, and two are as slow as one.
_SLICE_NUMBERS = 131_072
# So many words' bits are counted in one byte, before they go where there's room for all.
_WORDS_IN_BYTE = 3
# Of four levels, from 0 to 3, the one between.
_MIDDLE = 1.5
_LEAST = 1e-12
_SCALES = 3


@dataclass(frozen=True, slots=True)
class Quantiser:
    """How the vectors of one index are coded: their mean, and where a large offset begins."""

    mean: FloatVector
    step: float

    def codes(self, vectors: FloatMatrix) -> list[bytes]:
        """The code of each vector: first bits, then second bits, each in whole 64-bit words.

        Its factors and its base come last, float32 (see `CodedRows`).
        """
        import numpy as np

        offsets = vectors - self.mean
        sizes = np.abs(offsets)
        large = sizes >= self.step
        firsts = offsets >= 0
        # Of the four levels the second lowest and the highest have the second bit.
        packed = np.packbits(np.stack((firsts, firsts == large), axis=1), axis=2)
        packed = np.pad(packed, ((0, 0), (0, 0), (0, -packed.shape[2] % 8)))
        squares = np.einsum("rn,rn->r", offsets, offsets)
        # A level is half a step from the middle, or one and a half.
        coded = 0.5 * sizes.sum(axis=1) + np.einsum("rn,rn->r", sizes, large)
        quick = _quick_part(sizes).sum(axis=1)
        factors = [squares / np.maximum(each, _LEAST) for each in (quick, coded)]
        scales = np.stack((*factors, vectors @ self.mean), axis=1).astype(np.float32)
        pairs = zip(packed, scales, strict=True)
        return [row.tobytes() + scale.tobytes() for row, scale in pairs]

    def offset(self, query: FloatVector) -> FloatVector:
        """What of a query is compared with codes.

        It shares the passages' large part, too, beside which few bits say nothing of the rest.
        """
        return query - self.mean

    def to_bytes(self) -> bytes:
        """The mean and the step, float32."""
        import numpy as np

        return np.append(self.mean, self.step).astype(np.float32).tobytes()


def quantiser_from(data: bytes) -> Quantiser:
    """What `to_bytes` gave."""
    import numpy as np

    numbers = np.frombuffer(data, np.float32)
    return Quantiser(numbers[:-1], float(numbers[-1]))


def fit(sample: FloatMatrix) -> Quantiser:
    """The quantiser of vectors of which `sample` is typical, (vectors, dimension)."""
    import numpy as np

    mean = sample.mean(axis=0)
    step = float(np.median(np.abs(sample - mean)))
    return Quantiser(mean.astype(np.float32), max(step, 1e-9))


def _quick_words(words: int) -> int:
    return words if words <= _SHORT_WORDS else min(words, _SIGN_WORDS)


def _quick_part(vectors: FloatMatrix) -> FloatMatrix:
    """The numbers whose first bits a first look reads."""
    return vectors[..., : 64 * _quick_words(-(-vectors.shape[-1] // 64))]


@dataclass(frozen=True, slots=True)
class CodedRows:
    """Codes taken apart, those of some rows.

    `quick`, (words, rows), is what a first look reads, as it reads all rows; `rest`, (rows, words),
    are the other first bits and the second ones, as few rows are picked out. What's counted of a
    row, times its factor and with its base added, estimates its product with the query.
    """

    quick: Words
    rest: Words
    quick_factors: Floats
    factors: Floats
    bases: Floats

    def only(self, positions: npt.NDArray[np.int64]) -> CodedRows:
        """Some of these."""
        return CodedRows(
            self.quick.take(positions, axis=1),
            self.rest.take(positions, axis=0),
            *(each.take(positions) for each in (self.quick_factors, self.factors, self.bases)),
        )

    def joined(self, others: CodedRows) -> CodedRows:
        """These, and then the others."""
        import numpy as np

        return CodedRows(
            np.concatenate((self.quick, others.quick), axis=1),
            *(
                np.concatenate((getattr(self, name), getattr(others, name)))
                for name in ("rest", "quick_factors", "factors", "bases")
            ),
        )


def taken_apart(codes: Sequence[bytes]) -> CodedRows:
    """The codes, at least one."""
    import numpy as np

    words = (len(codes[0]) - 4 * _SCALES) // 8
    parts = np.dtype([("words", np.uint64, words), ("scales", np.float32, _SCALES)])
    rows = np.frombuffer(b"".join(codes), parts)
    quick = _quick_words(words // 2)
    return CodedRows(
        np.ascontiguousarray(rows["words"][:, :quick].T),
        np.ascontiguousarray(rows["words"][:, quick:]),
        *np.ascontiguousarray(rows["scales"].T),
    )


@dataclass(frozen=True, slots=True)
class CodedQuery:
    """A query's numbers as whole ones, bit by bit: `planes` (bits, words), lowest bit first.

    `step` is what one of them is worth, `total` their sum.
    """

    planes: Words
    step: float
    total: int

    def quick_estimates(self, words: Words, factors: Floats, bases: Floats) -> Floats:
        """How near each row is by its first bits, `words` (words, rows); higher is nearer."""
        import numpy as np

        # A bit says one above zero, or one below it.
        found = self.counts(words).astype(np.float32)
        found *= 2 * self.step
        found -= self.total * self.step
        return _scaled(found, factors, bases)

    def estimates(self, firsts: Words, seconds: Words, factors: Floats, bases: Floats) -> Floats:
        """How near each row is by both bits; higher is nearer."""
        import numpy as np

        found = (2 * self.counts(firsts) + self.counts(seconds)).astype(np.float32)
        found -= _MIDDLE * self.total
        found *= self.step
        return _scaled(found, factors, bases)

    def counts(self, words: Words) -> Counts:
        """The sum of the query's numbers where a row's bits are set; `words` is (words, rows)."""
        import numpy as np

        count, bits = words.shape[1], len(self.planes)
        # Two's complement: the highest bit counts against the others.
        weights = [1 << bit for bit in range(bits - 1)] + [-(1 << (bits - 1))]
        counts = np.zeros(count, np.int32)
        scratch = _Scratch.of(bits, min(count, _SLICE_NUMBERS // bits))
        rows = scratch.common.shape[1]
        for start in range(0, count, max(1, rows)):
            part = words[:, start : start + rows]
            common = _counted(np.bitwise_and, part, self.planes, scratch)
            sums = counts[start : start + rows]
            for weight, each in zip(weights, common, strict=True):
                sums += weight * each.astype(np.int32)
        return counts


@dataclass(frozen=True, slots=True)
class _Scratch:
    """Room for what's computed of a slice: had anew each time, it would cost as much as that."""

    compared: Words
    counted: npt.NDArray[np.uint8]
    few: npt.NDArray[np.uint8]
    common: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, bits: int, rows: int) -> _Scratch:
        import numpy as np

        shape = bits, rows
        return cls(
            np.empty(shape, np.uint64),
            np.empty(shape, np.uint8),
            np.empty(shape, np.uint8),
            np.empty(shape, np.uint16),
        )


def _scaled(found: Floats, factors: Floats, bases: Floats) -> Floats:
    found *= factors
    found += bases
    return found


def _counted(
    compare: np.ufunc, words: Words, planes: Words, scratch: _Scratch
) -> npt.NDArray[np.uint16]:
    """How many bits of `compare` each row has with each plane; the next call overwrites it."""
    import numpy as np

    rows = words.shape[1]
    compared, counted = scratch.compared[:, :rows], scratch.counted[:, :rows]
    few, common = scratch.few[:, :rows], scratch.common[:, :rows]
    common[:] = 0
    for first in range(0, len(words), _WORDS_IN_BYTE):
        # Each word is read once for all planes, as memory is what's slow.
        compare(words[first], planes[:, first, None], out=compared)
        np.bitwise_count(compared, out=few)
        for number in range(first + 1, min(first + _WORDS_IN_BYTE, len(words))):
            compare(words[number], planes[:, number, None], out=compared)
            np.bitwise_count(compared, out=counted)
            few += counted
        common += few
    return common


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of a query's numbers, `planes` (1, words); `step` is what one number is worth."""

    planes: Words
    step: float
    numbers: int

    def quick_estimates(self, words: Words, factors: Floats, bases: Floats) -> Floats:
        """How near each row is by its first bits, `words` (words, rows); higher is nearer."""
        import numpy as np

        count = words.shape[1]
        differing = np.empty(count, np.float32)
        scratch = _Scratch.of(1, min(count, _SLICE_NUMBERS))
        rows = scratch.common.shape[1]
        for start in range(0, count, max(1, rows)):
            part = words[:, start : start + rows]
            differing[start : start + rows] = _counted(np.bitwise_xor, part, self.planes, scratch)
        differing *= -2 * self.step
        differing += self.numbers * self.step
        return _scaled(differing, factors, bases)


def quick_query(query: FloatVector) -> CodedQuery | Signs:
    """The query for a first look at the first bits of many rows."""
    import numpy as np

    first = _quick_part(query)
    if len(query) > 64 * _SHORT_WORDS:
        packed = np.packbits(np.pad(first > 0, (0, -len(first) % 64)))
        # A row's factor stands for all of its numbers already.
        step = float(first @ first) / max(float(np.abs(first).sum()), _LEAST)
        return Signs(packed.view(np.uint64)[None], step, len(first))
    most = _MOST_OF_USUAL * float(np.sqrt(np.mean(first**2)))
    return _coded(np.clip(first, -most, most), _QUICK_BITS)


def coded_query(query: FloatVector) -> CodedQuery:
    """The query for a look at both bits."""
    return _coded(query, _BITS)


def _coded(query: FloatVector, bits: int) -> CodedQuery:
    import numpy as np

    padding = -len(query) % 64
    highest = 1 << (bits - 1)
    step = max(float(np.abs(query).max()), 1e-9) / (highest - 0.5)
    whole = np.clip(np.rint(query / step), -highest, highest - 1).astype(np.int8)
    planes = np.stack([(whole >> bit) & 1 for bit in range(bits)]).astype(np.uint8)
    packed = np.packbits(np.pad(planes, ((0, 0), (0, padding))), axis=1)
    words = np.ascontiguousarray(packed).view(np.uint64)
    return CodedQuery(words, step, int(whole.sum(dtype=np.int64)))
