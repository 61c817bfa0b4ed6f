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
from converters.safety import (
    Budget,
    LimitError,
    MemberSource,
    TooMuchError,
    budget_of,
    plain_errors,
)
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
_LISTED = " of its names are listed"
_SUFFIXES = tuple(named("archive").suffixes)
# The names come last, when all are known, so they have a share of the text and of the time.
_TEXT_SHARE = 0.9
_TIME_SHARE = 0.9


class ArchiveConverter:
    """Reads archives; their paths are names only, nothing is ever written to the disk."""

    name = "archive"
    version = 7
    suffixes = named("archive").suffixes
    filenames = named("archive").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """The documents of each file inside, `member` its path; at the end the list of all names.

        What can't be read is noted in that list; where nothing can, the first reason is raised,
        unless it's that there's too much: then the names are told.
        Where there's too much text, the names are still gathered, in archives inside it as well.
        """
        budget, depth = budget_of(source)
        if depth >= _MAX_DEPTH:
            raise LimitError(f"more than {_MAX_DEPTH} archives inside one another")
        listing = _Listing(context, source)
        try:
            with plain_errors("an archive"):
                for member in _members(source, budget, listing):
                    if is_secret(member.path):
                        listing.secrets += 1
                        continue
                    listing.add(member)
                    if listing.stops():
                        break
                    if listing.reads(member):
                        read = _read(member, context, budget, depth, listing)
                        yield from listing.counted(read, member)
        except TooMuchError as error:
            # Where only unpacking tells what follows, its names stay unknown.
            listing.spent = listing.spent or error
        if listing.spent is not None and not depth:
            # The outermost archive is the one that has read enough.
            listing.failed("the rest", listing.spent)
        if (
            listing.first_error is not None
            and listing.nothing_read
            and not (listing.hit_limit and listing.has_names_beside(source.name))
        ):
            raise listing.first_error
        if listing.says_more_than(source.name):
            yield listing.document()
        if listing.spent is not None and depth:
            raise listing.spent


class _Listing:
    """What was found in an archive, and how much more may be read of it."""

    def __init__(self, context: ConversionContext, source: Source) -> None:
        self.members = 0
        self.notes: list[str] = []
        self.documents = 0
        self.failures = 0
        self.secrets = 0
        self.hit_limit = False
        self.first_error: ConversionError | None = None
        # What ended the reading, where all that's inside unpacks to too much.
        self.spent: TooMuchError | None = None
        self._is_full = False
        self._is_enough = source.is_enough if isinstance(source, MemberSource) else lambda: False
        self._limit = context.text_limit
        self._text_limit = int(_TEXT_SHARE * self._limit)
        self._text_left = self._text_limit
        self._names: list[str] = []
        self._names_left = self._limit - self._text_limit
        now = time.monotonic()
        left_s = context.deadline_s - now
        self._texts_end_s = now + _TIME_SHARE * left_s
        # Some of it is for what comes after: telling them.
        self._names_end_s = now + (1 + _TIME_SHARE) / 2 * left_s

    def says_more_than(self, name: str) -> bool:
        """Whether the list tells anything beside the archive's name and what was read."""
        if self.notes or self.members != 1:
            return True
        # The one file that a .gz holds speaks for itself.
        return not (self.documents == 1 or (self.is_full() and not self.has_names_beside(name)))

    def has_names_beside(self, name: str) -> bool:
        """Whether a member isn't called as the archive is, as the one file in a .gz is."""
        return any(not name.startswith(each) for each in self._names)

    @property
    def nothing_read(self) -> bool:
        """Whether every member failed; a photo, which holds no text, didn't."""
        return not self.documents and self.failures >= self.members

    def is_full(self) -> bool:
        """Whether only names are wanted from now on, here or in an archive around this one."""
        return self._is_full or self.spent is not None or self._is_enough()

    def reads(self, member: Member) -> bool:
        """Whether a member is to be unpacked: for its text, or for the names in an archive."""
        if self.spent is not None:
            return False
        if not self.is_full() and time.monotonic() >= self._texts_end_s:
            self._is_full = True
            self.notes.append(OUT_OF_TIME)
        return not self.is_full() or _is_archive(member)

    def stops(self) -> bool:
        """Whether there's no time for more names either."""
        return self.is_full() and time.monotonic() >= self._names_end_s

    def add(self, member: Member) -> None:
        """Take a member's name."""
        self.members += 1
        self._names_left -= len(member.path) + 1
        if self._names_left >= 0:
            self._names.append(member.path)
        if member.is_alone:
            # Its name goes with its text: there's no list to leave room for.
            self._text_limit = self._text_left = self._limit

    def counted(self, documents: Iterator[Document], member: Member) -> Iterator[Document]:
        """The documents up to the limit on their text, the one that's over it cut; then names."""
        try:
            for document in documents:
                length = sum(len(block.text) for block in document.blocks)
                is_list = document.kind == "archive"
                if is_list and (self.is_full() or length > self._text_left):
                    yield self._within_names(document, length)
                elif not self.is_full():
                    yield self._within_limit(document, length, member)
                # An archive goes on to what else is in it, a mail folder doesn't.
                if self.is_full() and not _is_archive(member):
                    return
        except TooMuchError as error:
            self.spent = error

    def _within_names(self, document: Document, length: int) -> Document:
        """The names in an archive inside, as far as there's room for them."""
        left = max(0, self._names_left)
        self._names_left = max(0, left - length)
        return document if length <= left else _with_fewer_names(document, left)

    def _within_limit(self, document: Document, length: int, member: Member) -> Document:
        if length <= self._text_left:
            self._text_left -= length
            return document
        self._is_full = True
        if not member.is_alone:
            self.notes.append(f"only the first {self._text_limit:,} characters were read")
        return cut_document(document, self._text_left, self._text_limit)

    def failed(self, what: str, error: ConversionError) -> None:
        """Note that something couldn't be read."""
        self.failures += 1
        self.hit_limit = self.hit_limit or isinstance(error, LimitError)
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
            notes.append(_only_listed(len(self._names)))
        return Document(tuple(blocks), kind="archive", notes=tuple(notes))


def _with_fewer_names(document: Document, left: int) -> Document:
    text = "\n".join(block.text for block in document.blocks)
    names = text[: left + 1].rpartition("\n")[0]
    listed = names.count("\n") + 1 if names else 0
    blocks = (Block(names, kind="list"),) if names else ()
    notes = (note for note in document.notes if not note.endswith(_LISTED))
    return replace(document, blocks=blocks, notes=(*notes, _only_listed(listed)))


def _only_listed(count: int) -> str:
    return f"only the first {count:,}{_LISTED}"


def _members(source: Source, budget: Budget, listing: _Listing) -> Iterator[Member]:
    """The members up to where the archive is damaged or holds too much."""
    try:
        yield from members_of(source, budget)
    except ConversionError as error:
        if not listing.members:
            raise
        listing.failed("the rest", error)


def _is_archive(member: Member) -> bool:
    return member.path.lower().endswith(_SUFFIXES)


def _read(
    member: Member, context: ConversionContext, budget: Budget, depth: int, listing: _Listing
) -> Iterator[Document]:
    name = member.path.rpartition("/")[2]
    budget.take_member()
    try:
        nested = MemberSource(name, member.read(), budget, depth + 1, listing.is_full)
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
