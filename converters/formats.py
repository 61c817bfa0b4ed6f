"""Which formats there are: their names, what reads them, and the file names that announce them.

Data only, so that looking at a file's name imports no converter. To add a format, add a row; the
class that it names is imported when the first file of that format is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from converters.code_languages import FILENAME_LANGUAGES, SUFFIX_LANGUAGES
from localsearch.types import Kind


@dataclass(frozen=True, slots=True)
class Format:
    """A converter as the registry knows it before importing it.

    `target` is "module:Class"; `kind` is that of a file whose content can't be read; `extra` is
    the optional part of the installation that brings its library, "" where it's always there.
    """

    name: str
    target: str
    kind: Kind
    suffixes: frozenset[str] = frozenset()
    filenames: frozenset[str] = frozenset()
    extra: str = ""


def _of(names: str) -> frozenset[str]:
    return frozenset(names.split())


FORMATS: tuple[Format, ...] = (
    Format(
        "text",
        "converters.text:TextConverter",
        "text",
        _of(".txt .text .log .nfo .asc"),
        _of("readme license licence copying authors changelog changes news todo install notice"),
    ),
    Format(
        "markdown",
        "converters.markdown:MarkdownConverter",
        "text",
        _of(".md .markdown .mdown .mkd .mkdn .mdx .qmd .rmd"),
    ),
    Format(
        "markup",
        "converters.markup:MarkupConverter",
        "text",
        _of(
            ".rst .rest .adoc .asciidoc .org .tex .ltx .latex"
            " .man .1 .2 .3 .4 .5 .6 .7 .8 .textile .mediawiki .wiki"
        ),
    ),
    Format(
        "html",
        "converters.html:HtmlConverter",
        "web",
        _of(".html .htm .xhtml .xht .shtml"),
    ),
    Format("mhtml", "converters.mhtml:MhtmlConverter", "web", _of(".mhtml .mht")),
    Format("pdf", "converters.pdf:PdfConverter", "pdf", _of(".pdf")),
    Format(
        "code",
        "converters.code:CodeConverter",
        "code",
        frozenset(SUFFIX_LANGUAGES),
        frozenset(FILENAME_LANGUAGES),
    ),
    Format(
        "docx", "converters.word:WordConverter", "doc", _of(".docx .docm .dotx .dotm"),
        extra="office",
    ),
    Format(
        "pptx", "converters.slides:SlidesConverter", "slides",
        _of(".pptx .pptm .potx .potm .ppsx .ppsm"), extra="office",
    ),
    Format(
        "xlsx", "converters.sheets:SheetsConverter", "sheet", _of(".xlsx .xlsm .xltx .xltm"),
        extra="office",
    ),
    Format(
        "legacy-office", "converters.office:LegacyOfficeConverter", "doc",
        _of(".doc .dot .xls .xlt .ppt .pps .pot"),
    ),
    Format("odt", "converters.opendocument:OdtConverter", "doc", _of(".odt .ott .fodt")),
    Format("ods", "converters.opendocument:OdsConverter", "sheet", _of(".ods .ots .fods")),
    Format("odp", "converters.opendocument:OdpConverter", "slides", _of(".odp .otp .fodp")),
    Format("rtf", "converters.rtf:RtfConverter", "doc", _of(".rtf"), extra="office"),
    Format("svg", "converters.svg:SvgConverter", "image", _of(".svg")),
    Format("epub", "converters.book:BookConverter", "book", _of(".epub")),
    Format("eml", "converters.mail:MailConverter", "mail", _of(".eml .emlx")),
    Format("mbox", "converters.mbox:MboxConverter", "mail", _of(".mbox .mbx")),
    Format("notebook", "converters.notebook:NotebookConverter", "notebook", _of(".ipynb")),
    Format(
        "json", "converters.json_data:JsonConverter", "data",
        _of(".json .jsonc .json5 .jsonl .ndjson .geojson .webmanifest .har"),
    ),
    Format("yaml", "converters.config_data:YamlConverter", "data", _of(".yaml .yml")),
    Format(
        "toml", "converters.config_data:TomlConverter", "data", _of(".toml"),
        _of("cargo.lock poetry.lock pdm.lock uv.lock"),
    ),
    Format("csv", "converters.tables:CsvConverter", "sheet", _of(".csv .tsv .tab")),
    Format(
        "subtitles", "converters.subtitles:SubtitlesConverter", "subtitles",
        _of(".srt .vtt .ass .ssa"),
    ),
    Format(
        "archive", "converters.archive:ArchiveConverter", "archive",
        _of(".zip .tar .tgz .tbz .tbz2 .txz .tar.gz .tar.bz2 .tar.xz .gz .bz2 .xz"),
    ),
)  # fmt: skip

# Files that hold no text that we read, or that no converter reads here: found by name.
_NAME_ONLY: tuple[tuple[Kind, str], ...] = (
    (
        "image",
        ".jpg .jpeg .jpe .png .gif .webp .bmp .tif .tiff .heic .heif .avif .jxl .ico .icns .psd"
        " .xcf .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .svgz .tga .exr .hdr .ppm .pgm .pbm"
        " .kra",
    ),
    (
        "audio",
        ".mp3 .m4a .m4b .aac .flac .ogg .oga .opus .wav .aif .aiff .wma .mid .midi .amr .ape .mka",
    ),
    (
        "video",
        ".mp4 .m4v .mov .avi .mkv .webm .wmv .flv .mpg .mpeg .m2ts .mts .3gp .3g2 .ogv .vob",
    ),
    (
        "archive",
        ".zip .tar .gz .tgz .bz2 .tbz .tbz2 .xz .txz .zst .7z .rar .lz .lzma .lz4 .cab .iso .dmg"
        " .deb .rpm .apk .jar .war .whl .egg .pkg .msi .cpio .ar .appimage",
    ),
    # A ZIP of binary records: what's text in it is about the records alone.
    ("sheet", ".xlsb"),
    (
        "other",
        ".exe .dll .so .dylib .a .o .obj .lib .pyc .pyo .class .wasm .bin .dat .db .sqlite .sqlite3"
        " .ttf .otf .woff .woff2 .eot .gguf .safetensors .npy .npz .pkl .parquet .h5 .mo .blend"
        " .fig .sketch .swf .elc .img .vmdk .qcow2 .pdb .ico .cur",
    ),
)
NAME_ONLY_KINDS: dict[str, Kind] = {
    suffix: kind for kind, suffixes in reversed(_NAME_ONLY) for suffix in suffixes.split()
}


def named(name: str) -> Format:
    """The format of that name; a converter takes its suffixes and file names from it."""
    return _BY_NAME[name]


_BY_NAME = {each.name: each for each in FORMATS}


def suffixes_of(filename: str) -> Iterator[str]:
    """The endings of a name, the longest (`.tar.gz`) first."""
    base = os.path.basename(filename).lower()
    parts = base.lstrip(".").split(".")
    for count in (2, 1):
        if len(parts) > count:
            yield "." + ".".join(parts[-count:])
