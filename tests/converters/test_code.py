"""Source code: symbols in over forty languages, and no line lost or held twice."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter_language_pack import get_language

from converters.cleaning import clean_text
from converters.code import code_blocks
from converters.code_grammars import GRAMMARS
from converters.code_languages import FILENAME_LANGUAGES, SUFFIX_LANGUAGES
from tests.converters.code_samples import SAMPLES, Sample


def language_of(sample: Sample) -> str:
    name = sample.name.lower()
    return (
        FILENAME_LANGUAGES.get(name)
        or {**SUFFIX_LANGUAGES, ".m": "matlab"}["." + name.rpartition(".")[2]]
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_symbols_of_each_language(sample: Sample) -> None:
    blocks = list(code_blocks(sample.text, language_of(sample)))
    named = [block.locator.symbol for block in blocks if block.locator.symbol]
    found = [name for name, _ in groupby(named)]
    expected: list[str] = []
    for name, after in pairwise((*sample.symbols, "")):
        # The bare first line of a class goes with its first member.
        is_joined = after.startswith(f"{name}.") and found[len(expected)].startswith(f"{name}.")
        expected += [] if is_joined else [name]
    assert found == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_blocks_are_the_lines_that_they_say(sample: Sample) -> None:
    lines = sample.text.split("\n")
    covered: list[int] = []
    for block in code_blocks(sample.text, language_of(sample)):
        start, end = block.locator.line_start, block.locator.line_end
        assert start is not None
        assert end is not None
        assert block.text.split("\n") == lines[start - 1 : end]
        covered.extend(range(start, end + 1))
    assert covered == list(range(1, len(lines) + 1))


def test_comments_and_decorators_belong_to_what_they_stand_above() -> None:
    text = "x = 1\n\n# Sums up.\n@cache\ndef total():\n    return 1\n"
    block = next(b for b in code_blocks(text, "python") if b.locator.symbol == "total")
    assert block.text.startswith("# Sums up.\n@cache\ndef total")
    assert block.locator.line_start == 3


def test_the_bare_first_line_of_a_class_goes_with_its_first_member() -> None:
    text = (
        "struct Point { x: f64 }\n\nimpl Point {\n    fn norm(&self) -> f64 {\n"
        "        self.x\n    }\n\n    fn zero() -> Point {\n        Point { x: 0.0 }\n    }\n}\n"
    )
    blocks = list(code_blocks(text, "rust"))
    assert [(block.locator.symbol, block.text.split("\n")[0].strip()) for block in blocks] == [
        ("Point", "struct Point { x: f64 }"),
        ("Point.norm", "impl Point {"),
        ("Point.zero", "fn zero() -> Point {"),
    ]
    described = 'class Flow:\n    """Where water goes."""\n\n    def run(self):\n        go()\n'
    assert [block.locator.symbol for block in code_blocks(described, "python")] == [
        "Flow",
        "Flow.run",
    ]


@pytest.mark.parametrize(
    ("language", "text", "symbols"),
    [
        (
            "javascript",
            "function Point(x) { this.x = x }\nPoint.prototype.norm = function () {\n"
            "  return this.x\n}\n",
            ["Point", "Point.prototype.norm"],
        ),
        (
            "go",
            "type Point struct{ X int }\n\nfunc (p Point) Norm() int {\n\treturn p.X\n}\n",
            ["Point", "Point.Norm"],
        ),
    ],
)
def test_what_is_whole_on_its_line_stays_apart_from_what_is_named_after_it(
    language: str, text: str, symbols: list[str]
) -> None:
    assert [block.locator.symbol for block in code_blocks(text, language)] == symbols


def test_a_few_words_between_symbols_go_with_what_they_introduce() -> None:
    text = (
        "import os\n\nif os.name == 'nt':\n    def home():\n        return 1\n\nelse:\n\n"
        "    def home():\n        return 2\n\n"
        "class Flow:\n    size = 1\n\n    def first(self):\n        return 1\n\n"
        "    # Outgoing\n\n    def second(self):\n        return 2\n"
    )
    blocks = list(code_blocks(text, "python"))
    assert [block.text.split("\n")[0].strip() for block in blocks] == [
        *(
            "import os",
            "if os.name == 'nt':",
            "else:",
            "class Flow:",
            "def first(self):",
            "# Outgoing",
        ),
    ]
    assert [block.locator.symbol for block in blocks] == [
        *(None, "home", "home", "Flow", "Flow.first", "Flow.second"),
    ]
    assert "\n".join(block.text for block in blocks) == text


def test_every_language_with_symbols_has_a_grammar_in_the_pack() -> None:
    for language, grammar in GRAMMARS.items():
        loaded = get_language(language)  # type: ignore[arg-type]
        kinds = {loaded.node_kind_for_id(number) for number in range(loaded.node_kind_count)}
        wanted = grammar.containers | grammar.leaves | grammar.bindings
        assert wanted & kinds, language


_PIECES = st.sampled_from(
    ["class A:\n", "  def f(self):\n", "    return 1\n", "\n", "# note\n", "}", "{\n", "@x\n",
     "def g(): pass; \n", "fn main() {\n", "'''", '"', "(", "\t", "é", "\\\n", "/*", "*/\n",
     "function a() {}\n", "struct s { int a; };\n", "export class B { m() {\n"]
)  # fmt: skip


@given(
    st.lists(_PIECES, max_size=60).map("".join),
    st.sampled_from(["python", "javascript", "rust", "c", "cpp", "ruby", "haskell", None]),
)
def test_joined_blocks_are_the_file(text: str, language: str | None) -> None:
    text = clean_text(text)
    blocks = list(code_blocks(text, language))
    assert "\n".join(block.text for block in blocks) == text
    ends = [block.locator.line_end for block in blocks]
    assert [block.locator.line_start for block in blocks[1:]] == [
        (end or 0) + 1 for end in ends[:-1]
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("(" * 100_000, "python"),
        ("class A {" * 20_000, "java"),
        ("[" * 50_000 + "]" * 50_000, "javascript"),
        ("a b " * 300_000, "cpp"),
    ],
    ids=["brackets", "classes", "lists", "long line"],
)
def test_hostile_programs_are_read_in_bounded_time(text: str, language: str) -> None:
    blocks = list(code_blocks(text, language))
    assert "\n".join(block.text for block in blocks) == text


def test_long_files_without_symbols_are_cut_at_empty_lines() -> None:
    text = "\n".join("" if row % 10 == 9 else f"row {row}" for row in range(500))
    blocks = list(code_blocks(text, None))
    assert len(blocks) > 5
    assert all(block.text.count("\n") < 60 for block in blocks)
    assert all(block.text.endswith("\n") for block in blocks[:-1])
