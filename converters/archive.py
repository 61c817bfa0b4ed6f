"""Archives (ZIP, tar, and single compressed files): every file inside by its own converter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from converters.archive_members import Member, members_of
from converters.cleaning import clean_line
from converters.collecting import OUT_OF_TIME
from converters.formats import named
from converters.pipeline import cut_document
from converters.safety import Budget, MemberSource, TooMuchError, budget_of, plain_errors
from converters.secrets import is_secret, secrets_note
from localsearch.types import (
    Block,
    ConversionContext,
    ConversionError,
    Document,
    NoTextError,
    Source,
)

# Archives in archives: what people nest is one or two deep.
_MAX_DEPTH = 4
_NAMES_PER_BLOCK = 50
_MAX_NOTES = 20
# The names come last, when all are known, so they have a share of the text and of the time.
_TEXT_SHARE = 0.9
_TIME_SHARE = 0.9


class ArchiveConverter:
    """Reads archives; their paths are names only, nothing is ever written to the disk."""

    name = "archive"
    version = 3
    suffixes = named("archive").suffixes
    filenames = named("archive").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """The documents of each file inside, `member` its path; at the end the list of all names.

        What can't be read is noted in that list; where nothing can, the first reason is raised.
        Where there's too much text, the names are still gathered.
        """
        budget, depth = budget_of(source)
        if depth >= _MAX_DEPTH:
            raise ConversionError(f"more than {_MAX_DEPTH} archives inside one another")
        listing = _Listing(context)
        try:
            with plain_errors("an archive"):
                for member in _members(source, budget, listing):
                    if is_secret(member.path):
                        listing.secrets += 1
                        continue
                    listing.add(member.path)
                    if listing.stops():
                        break
                    if listing.reads_on():
                        yield from _read_within_budget(member, context, budget, depth, listing)
        except TooMuchError as error:
            # Where only unpacking tells what follows, its names stay unknown.
            if depth:
                raise
            if not listing.is_full:
                listing.failed("the rest", error)
        if listing.first_error is not None and listing.nothing_read:
            raise listing.first_error
        # The one file that a .gz holds speaks for itself.
        if listing.notes or listing.documents != 1 or listing.members != 1:
            yield listing.document()


class _Listing:
    """What was found in an archive, and how much more may be read of it."""

    def __init__(self, context: ConversionContext) -> None:
        self.members = 0
        self.notes: list[str] = []
        self.documents = 0
        self.failures = 0
        self.secrets = 0
        self.first_error: ConversionError | None = None
        self.is_full = False
        self._text_limit = int(_TEXT_SHARE * context.text_limit)
        self._text_left = self._text_limit
        self._names: list[str] = []
        self._names_left = context.text_limit - self._text_limit
        now = time.monotonic()
        left_s = context.deadline_s - now
        self._texts_end_s = now + _TIME_SHARE * left_s
        # Some of it is for what comes after: telling them.
        self._names_end_s = now + (1 + _TIME_SHARE) / 2 * left_s

    @property
    def nothing_read(self) -> bool:
        """Whether every member failed; a photo, which holds no text, didn't."""
        return not self.documents and self.failures >= self.members

    def reads_on(self) -> bool:
        """Whether there's room and time for another member's text; notes the end of the time."""
        if self.is_full:
            return False
        if time.monotonic() >= self._texts_end_s:
            self.is_full = True
            self.notes.append(OUT_OF_TIME)
        return not self.is_full

    def stops(self) -> bool:
        """Whether there's no time for more names either."""
        return self.is_full and time.monotonic() >= self._names_end_s

    def add(self, path: str) -> None:
        """Take a member's name."""
        self.members += 1
        self._names_left -= len(path) + 1
        if self._names_left >= 0:
            self._names.append(path)

    def counted(self, documents: Iterator[Document]) -> Iterator[Document]:
        """The documents up to the limit on their text; the one that's over it is cut."""
        for document in documents:
            length = sum(len(block.text) for block in document.blocks)
            if length > self._text_left:
                self.is_full = True
                self.notes.append(f"only the first {self._text_limit:,} characters were read")
                yield cut_document(document, self._text_left, self._text_limit)
                return
            self._text_left -= length
            yield document

    def failed(self, what: str, error: ConversionError) -> None:
        """Note that something couldn't be read."""
        self.failures += 1
        self.first_error = self.first_error or error
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(f"{what} can't be read: {error.cause}")

    def document(self) -> Document:
        """The names of the members, so that they're found even where they hold no text."""
        blocks = [
            Block("\n".join(self._names[start : start + _NAMES_PER_BLOCK]), kind="list")
            for start in range(0, len(self._names), _NAMES_PER_BLOCK)
        ]
        notes = [*self.notes, *secrets_note(self.secrets)]
        if len(self._names) < self.members:
            notes.append(f"only the first {len(self._names):,} of its names are listed")
        return Document(tuple(blocks), kind="archive", notes=tuple(notes))


def _members(source: Source, budget: Budget, listing: _Listing) -> Iterator[Member]:
    """The members up to where the archive is damaged or holds too much."""
    try:
        yield from members_of(source, budget)
    except ConversionError as error:
        if not listing.members:
            raise
        listing.failed("the rest", error)


def _read_within_budget(
    member: Member, context: ConversionContext, budget: Budget, depth: int, listing: _Listing
) -> Iterator[Document]:
    """What a member says; from where there's too much, only names are taken."""
    try:
        yield from listing.counted(_read(member, context, budget, depth, listing))
    except TooMuchError as error:
        # The outermost archive is the one that has read enough.
        if depth:
            raise
        listing.failed("the rest", error)
        listing.is_full = True


def _read(
    member: Member, context: ConversionContext, budget: Budget, depth: int, listing: _Listing
) -> Iterator[Document]:
    name = member.path.rpartition("/")[2]
    budget.take_member()
    try:
        nested = MemberSource(name, member.read(), budget, depth + 1)
        for document in context.convert_nested(nested):
            inner = "!/".join(filter(None, (member.path, document.member)))
            listing.documents += 1
            yield replace(document, member=inner, title=document.title or clean_line(name))
    except NoTextError:
        # A photo: it's found by its name in the list.
        return
    except TooMuchError:
        raise
    except ConversionError as error:
        listing.failed(member.path, error)
