"""Subtitles (.srt, .vtt, .ass): what is said, with the times at which it's said."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pysubs2

from converters.collecting import BlockCollector
from converters.formats import named
from converters.paragraphs import paragraphs
from converters.safety import plain_errors
from converters.text import read_text
from localsearch.types import ConversionContext, ConversionError, Document, Locator, Source

_FORMATS = {"vtt": "vtt", "ass": "ass", "ssa": "ssa"}
# Cues are a few words each; a passage is a minute of talk, or up to a pause.
_BLOCK_S = 45.0
_PAUSE_S = 8.0
_VOICE = re.compile(r"<v(?:\.[\w.-]+)?[ \t]+([^>]{1,100})>")
_TAG = re.compile(r"</?[A-Za-z0-9:.][^<>]{0,200}>|</?[A-Za-z]>")
_HEADER = re.compile(r"\s*(?:WEBVTT|\[Script Info\])")
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")


class SubtitlesConverter:
    """Reads SubRip, WebVTT and SubStation files."""

    name = "subtitles"
    version = 3
    suffixes = named("subtitles").suffixes
    filenames = named("subtitles").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; neighbouring cues share a block, a line each.

        A file without any cue, and without the format's header, is the plain text that it is.
        """
        suffix = source.name.lower().rpartition(".")[2]
        # The seam counts lines by "\n"; the library takes other breaks for lines too.
        text = read_text(source, context)
        with plain_errors("a subtitle file"):
            subtitles = pysubs2.SSAFile.from_string(
                text, format_=_FORMATS.get(suffix, "srt"), keep_html_tags=True
            )
            out = BlockCollector.within(context)
            _collect(subtitles, out)
        if not subtitles.events and text.strip() and not _HEADER.match(text):
            # A transcript without times, or notes beside a film.
            yield Document(tuple(paragraphs(text.split("\n"))), kind="text")
            return
        if not out.blocks:
            raise ConversionError("damaged, or not a subtitle file: it has no cue with text")
        title = subtitles.info.get("Title") if suffix in ("ass", "ssa") else None
        yield Document(tuple(out.blocks), kind="subtitles", title=title, notes=tuple(out.notes))


def _collect(subtitles: pysubs2.SSAFile, out: BlockCollector) -> None:
    lines: list[str] = []
    start = end = 0.0
    for event in subtitles:
        text = _spoken(event)
        if not text or event.is_comment:
            continue
        begins, ends = event.start / 1000, event.end / 1000
        if lines and (ends - start > _BLOCK_S or begins - end > _PAUSE_S or begins < start):
            out.add("\n".join(lines), Locator(time_start_s=start, time_end_s=end))
            lines = []
        if not lines:
            start = end = begins
        end = max(end, ends)
        # Captions that roll up repeat the line before.
        if not lines or lines[-1] != text:
            lines.append(text)
    out.add("\n".join(lines), Locator(time_start_s=start, time_end_s=end))


def _spoken(event: pysubs2.SSAEvent) -> str:
    """A cue's words on one line, with who says them where that's marked."""
    raw = event.text.replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", " ")
    # What stands after an empty line is a comment of the file, or the next cue's name.
    text = raw.strip("\n").partition("\n\n")[0]
    text = _OVERRIDE.sub("", _TAG.sub("", _VOICE.sub(r"\1: ", text)))
    words = " ".join(html.unescape(text).split())
    return f"{event.name}: {words}" if event.name and words else words
