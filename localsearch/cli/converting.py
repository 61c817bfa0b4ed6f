"""`convert`: a file as the indexer sees it, for the curious and for bug reports."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from localsearch.cli.completing import files
from localsearch.cli.output import interruptible, note
from localsearch.places import shown_place
from localsearch.terminal import clean, printable_json, without_raw_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from converters.registry import Conversion
    from localsearch.types import Block, Document

_REMEDY = (
    "Searches find it by its name. If it should hold text, try it in the program it's made for."
)


@click.command()
@click.argument("file", metavar="FILE", shell_complete=files)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--ocr/--no-ocr", default=None, help="Read scanned pages too; else as the settings.")
def convert(file: str, as_json: bool, ocr: bool | None) -> int:
    """Print a file as the indexer sees it: its text, and where in the file each piece stands.

    FILE may be one in an archive: ARCHIVE!/FILE. Nothing is indexed. Exits with 1 and the reason
    where no text can be had of the file.
    """
    from converters.sandbox import Sandbox
    from localsearch import config
    from localsearch.types import ConversionError, UsageError

    path, member = _named(file)
    if os.path.isdir(path):
        raise UsageError(f"{file} is a folder", "Name a file in it.")
    settings = config.load_settings(config.find_paths().settings_file)
    limits = settings.converters
    with (
        interruptible() as cancel,
        Sandbox(
            timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes, cancel=cancel
        ) as sandbox,
    ):
        try:
            conversion = sandbox.convert(
                path,
                ocr=settings.index.ocr if ocr is None else ocr,
                plugins=limits.plugins,
            )
        except ConversionError as error:
            raise type(error)(error.cause, error.remedy or _REMEDY) from error
    if member:
        conversion = _only(conversion, member, path)
    if not any(block.text.strip() for each in conversion.documents for block in each.blocks):
        was_cut = any(each.notes for each in conversion.documents)
        said = "none of its text was read" if was_cut else "there is no text in it"
        note(f"{said}: it can be found by its name alone")
    if as_json:
        answer = _as_object(path, conversion)
        click.echo(printable_json(answer))
        return 0
    for line in _as_lines(conversion):
        click.echo(line)
    return 0


def _named(file: str) -> tuple[str, str]:
    """The file that's there, and which file in it is meant, "" for the whole."""
    from localsearch.indexing.indexed_paths import readings
    from localsearch.types import UsageError

    for given, member in readings(file):
        path = os.path.abspath(os.path.expanduser(given))
        if os.path.isfile(path) or (not member and os.path.lexists(path)):
            return path, member
    raise UsageError(f"there is no file {file}", "Check the path.")


def _only(conversion: Conversion, member: str, path: str) -> Conversion:
    """What was read of one file in an archive, and of what's inside that one."""
    from localsearch.types import UsageError

    inside = tuple(
        each
        for each in conversion.documents
        if each.member == member or each.member.startswith(f"{member}!/")
    )
    if not inside:
        raise UsageError(
            f"no text was found of {member} in {path}",
            f"`localsearch convert {path}` prints all that was.",
        )
    return replace(conversion, documents=inside)


def _as_lines(conversion: Conversion) -> Iterator[str]:
    yield f"converter: {clean(conversion.converter)} {conversion.version}"
    for document in conversion.documents:
        yield ""
        yield from _described(document)
        for block in document.blocks:
            yield ""
            yield from _placed(block)


def _described(document: Document) -> Iterator[str]:
    if document.member:
        yield f"member: {clean(document.member)}"
    yield f"title: {clean(document.title or '-')}"
    yield f"kind: {document.kind}"
    yield f"language: {clean(document.language or '-')}"
    for each in document.notes:
        yield f"note: {clean(each)}"


def _placed(block: Block) -> Iterator[str]:
    place = shown_place(block.locator)
    yield f"[{block.kind}{' · ' if place else ''}{place}]"
    yield clean(block.text, keep_newlines=True)


def _as_object(path: str, conversion: Conversion) -> dict[str, Any]:
    return {
        # Bytes that aren't UTF-8 have no place in JSON.
        "path": without_raw_bytes(path),
        "converter": conversion.converter,
        "version": conversion.version,
        "documents": [_document_object(document) for document in conversion.documents],
    }


def _document_object(document: Document) -> dict[str, Any]:
    return {
        "member": document.member,
        "title": document.title,
        "kind": document.kind,
        "language": document.language,
        "notes": list(document.notes),
        "blocks": [_block_object(block) for block in document.blocks],
    }


def _block_object(block: Block) -> dict[str, Any]:
    from dataclasses import asdict

    locator = {name: value for name, value in asdict(block.locator).items() if value}
    return {"kind": block.kind, "locator": locator, "text": block.text}
