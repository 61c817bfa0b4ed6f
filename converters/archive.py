"""Archives (ZIP, tar, and single compressed files): every file inside by its own converter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from converters.archive_members import Member, members_of
from converters.cleaning import clean_line
from converters.collecting import BlockCollector
from converters.formats import named
from converters.safety import Budget, MemberSource, TooMuchError, budget_of, plain_errors
from converters.secrets import is_secret, secrets_note
from localsearch.types import ConversionContext, ConversionError, Document, NoTextError, Source

# Archives in archives: what people nest is one or two deep.
_MAX_DEPTH = 4
_NAMES_PER_BLOCK = 50
_MAX_NOTES = 20


class ArchiveConverter:
    """Reads archives; their paths are names only, nothing is ever written to the disk."""

    name = "archive"
    version = 2
    suffixes = named("archive").suffixes
    filenames = named("archive").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """The documents of each file inside, `member` its path; at the end the list of all names.

        What can't be read is noted in that list; where nothing can, the first reason is raised.
        """
        budget, depth = budget_of(source)
        if depth >= _MAX_DEPTH:
            raise ConversionError(f"more than {_MAX_DEPTH} archives inside one another")
        listing = _Listing()
        try:
            with plain_errors("an archive"):
                for member in _members(source, budget, listing):
                    if is_secret(member.path):
                        listing.secrets += 1
                        continue
                    listing.names.append(member.path)
                    yield from _read(member, context, budget, depth, listing)
        except TooMuchError as error:
            # The outermost archive is the one that has read enough.
            if depth:
                raise
            listing.failed("the rest", error)
        if listing.first_error is not None and listing.nothing_read:
            raise listing.first_error
        # The one file that a .gz holds speaks for itself.
        if listing.notes or listing.documents != 1 or len(listing.names) != 1:
            yield listing.document(context)


class _Listing:
    """What was found in an archive."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.notes: list[str] = []
        self.documents = 0
        self.failures = 0
        self.secrets = 0
        self.first_error: ConversionError | None = None

    @property
    def nothing_read(self) -> bool:
        """Whether every member failed; a photo, which holds no text, didn't."""
        return not self.documents and self.failures >= len(self.names)

    def failed(self, what: str, error: ConversionError) -> None:
        """Note that something couldn't be read."""
        self.failures += 1
        self.first_error = self.first_error or error
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(f"{what} can't be read: {error.cause}")

    def document(self, context: ConversionContext) -> Document:
        """The names of all members, so that they're found even where they hold no text."""
        out = BlockCollector.within(context)
        for start in range(0, len(self.names), _NAMES_PER_BLOCK):
            out.add("\n".join(self.names[start : start + _NAMES_PER_BLOCK]), kind="list")
        notes = [*out.notes, *self.notes, *secrets_note(self.secrets)]
        return Document(tuple(out.blocks), kind="archive", notes=tuple(notes))


def _members(source: Source, budget: Budget, listing: _Listing) -> Iterator[Member]:
    """The members up to where the archive is damaged or holds too much."""
    try:
        yield from members_of(source, budget)
    except ConversionError as error:
        if not listing.names:
            raise
        listing.failed("the rest", error)


def _read(
    member: Member, context: ConversionContext, budget: Budget, depth: int, listing: _Listing
) -> Iterator[Document]:
    name = member.path.rpartition("/")[2]
    try:
        nested = MemberSource(name, member.read(), budget, depth + 1)
        for document in context.convert_nested(nested):
            inner = "!/".join(filter(None, (member.path, document.member)))
            yield replace(document, member=inner, title=document.title or clean_line(name))
            listing.documents += 1
    except NoTextError:
        # A photo: it's found by its name in the list.
        return
    except TooMuchError:
        raise
    except ConversionError as error:
        listing.failed(member.path, error)
