"""Is the installation whole: does everything that it's made of load?"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

import localsearch
from localsearch.health.loading import import_problems
from localsearch.types import INSTALL_AGAIN, Finding


@dataclass(frozen=True, slots=True)
class Part:
    """A package that we depend on: its name in the registry, its module, what it's needed for."""

    package: str
    module: str
    needed_for: str


PARTS = (
    # First, as others fail along with it.
    Part("numpy", "numpy", "searching by meaning"),
    Part("apsw", "apsw", "the index"),
    Part("sqlite-vec", "sqlite_vec", "the index"),
    Part("llama-cpp-python", "llama_cpp", "searching by meaning"),
    Part("gguf", "gguf", "models"),
    Part("msgspec", "msgspec", "settings and the index"),
    Part("platformdirs", "platformdirs", "knowing where the index lies"),
    Part("filelock", "filelock", "indexing"),
    Part("pathspec", "pathspec", "ignore rules"),
    Part("chardet", "chardet", "text files"),
    Part("regex", "regex", "searching by word"),
    Part("click", "click", "the command line"),
    Part("rich", "rich", "output on terminals"),
    Part("textual", "textual", "the search screen"),
    Part("tomlkit", "tomlkit", "changing settings"),
    Part("psutil", "psutil", "looking at the machine"),
    Part("watchdog", "watchdog.observers", "watching folders"),
    Part("pypdf", "pypdf", "PDF files"),
    Part("tree-sitter", "tree_sitter", "source code"),
    Part("tree-sitter-language-pack", "tree_sitter_language_pack", "source code"),
    Part("selectolax", "selectolax.lexbor", "web pages"),
    Part("markdown-it-py", "markdown_it", "Markdown files"),
    Part("pyyaml", "yaml", "YAML files"),
    Part("pysubs2", "pysubs2", "subtitles"),
    Part("py3langid", "py3langid", "telling languages apart"),
    Part("dateparser", "dateparser", "dates in queries"),
    Part("iso639-lang", "iso639", "languages in queries"),
    Part("huggingface_hub", "huggingface_hub", "downloading models"),
    Part("httpx2", "httpx2", "downloading models"),
    # Imports only where the system has libseccomp, without which we get along.
    Part("pyseccomp", "", "limits of the process that reads files"),
)


def check_python() -> Iterator[Finding]:
    """Which Python runs us, and what we are."""
    version, bits = platform.python_version(), 64 if sys.maxsize > 2**32 else 32
    text = (
        f"localsearch {localsearch.__version__} on Python {version} ({bits} bit),"
        f" {platform.system()} {platform.machine()}"
    )
    if bits == 32:
        yield Finding("python", "problem", text, "llama.cpp's models need a 64-bit Python.")
    else:
        yield Finding("python", "ok", text)


def check_parts() -> tuple[Mapping[str, str], tuple[Finding, ...]]:
    """What's wrong by module, and the findings that say so."""
    modules = tuple(part.module for part in PARTS if part.module)
    problems = import_problems(modules)
    findings = tuple(
        Finding(
            "packages",
            "problem",
            f"{part.package} {_version(part.package)} (for {part.needed_for}) doesn't load:"
            f" {problems[part.module]}",
            INSTALL_AGAIN,
        )
        for part in PARTS
        if part.module in problems
    )
    if not findings:
        findings = (Finding("packages", "ok", f"all {len(modules)} load"),)
    return problems, findings


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed)"
