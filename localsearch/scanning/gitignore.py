"""What does one file of rules in .gitignore syntax say about a name?

pathspec translates each pattern. What's here: which pattern speaks last for the entry itself (git
asks folder by folder, so a pattern never speaks for what lies beneath), and a quick "no pattern
fits" for the many names that none does.
"""

from __future__ import annotations

import os
import re
import stat
import warnings
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from localsearch.scanning.cloud import is_placeholder

_GLOB_CHARACTERS = frozenset("*?[\\")
# What a rule has to escape where it means the character itself.
_SPECIAL = frozenset("\\*?[]!#")
_MAX_RULE_FILE_BYTES = 4_000_000
# A pattern's cost grows with the folder's depth to the power of these; nobody needs more.
MAX_DOUBLE_STARS = 4

_POSIX_CLASSES = {
    "[:alnum:]": "a-zA-Z0-9", "[:alpha:]": "a-zA-Z", "[:blank:]": " \t", "[:digit:]": "0-9",
    "[:lower:]": "a-z", "[:upper:]": "A-Z", "[:space:]": " \t\n\r\f\v", "[:xdigit:]": "0-9a-fA-F",
}  # fmt: skip

# A star, what follows it up to the next star, all in one segment of a translated pattern.
_STAR_THEN_PIECE = re.compile(r"\[\^/\]\*((?:\\.|\[\^/\](?!\*)|[^/(\\])+?)(?=\[\^/\]\*)")


def path_rule(path: str) -> str:
    """The .gitignore rule, from the topmost folder, that stands for this path alone."""
    escaped = []
    for character in path.replace(os.sep, "/"):
        is_odd_space = character.isspace() and character != " "
        if is_odd_space or "\ud800" <= character <= "\udfff":
            # What a line of text can't hold, or loses: any one character in its place.
            escaped.append("?")
        else:
            escaped.append("\\" + character if character in _SPECIAL else character)
    rule = "".join(escaped)
    return rule[:-1] + "?" if rule.endswith(" ") else rule


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern; `by_name` ones see the entry's name, others its path from the rules' folder."""

    text: str
    negated: bool
    by_name: bool
    pattern: re.Pattern[str]
    folder: str | None = None

    @property
    def is_literal(self) -> bool:
        """Whether it calls the entry by its name, without wild cards."""
        return _GLOB_CHARACTERS.isdisjoint(self.text.removesuffix("/").rpartition("/")[2])

    def matches(self, name: str, prefix: str, is_dir: bool) -> bool:
        """Whether it speaks of this entry; `prefix` is its folder from the rules', "" or "a/b/"."""
        target = name if self.by_name else prefix + name
        return self.pattern.fullmatch(target + "/" if is_dir else target) is not None


@dataclass(frozen=True, slots=True)
class Sieve:
    """Tells quickly which names no rule by name can fit; all texts are in lower case.

    `extensions` holds, by what follows a name's last dot, the endings to look for. `firsts` and
    `heads` (a character, two) and `lasts` are there to look for beginnings and endings rarely.
    """

    exact: frozenset[str]
    firsts: frozenset[str]
    heads: frozenset[str]
    beginnings: tuple[str, ...]
    lasts: frozenset[str]
    endings: tuple[str, ...]
    extensions: dict[str, tuple[str, ...]]
    others: re.Pattern[str] | None

    def suspects(self, names: Iterable[str]) -> set[str]:
        """All that some rule may fit, and perhaps a few more; no other name fits any."""
        exact, beginnings, endings = self.exact, self.beginnings, self.endings
        firsts, heads, lasts = self.firsts, self.heads, self.lasts
        extensions = self.extensions.get
        found = {
            name
            for name in names
            if (lower := name.lower()) in exact
            or (lower[0] in firsts and lower[:2] in heads and lower.startswith(beginnings))
            or (lower[-1] in lasts and lower.endswith(endings))
            or (
                (tails := extensions(lower.rpartition(".")[2])) is not None
                and lower.endswith(tails)
            )
        }
        if self.others is not None:
            # The slash, since rules for folders alone ask for one.
            found.update(name for name in names if self.others.match(name + "/") is not None)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """The rules of one file, last one first, as they take precedence."""

    rules: tuple[Rule, ...]
    sieve: Sieve
    wild_paths: tuple[Rule, ...]
    fixed_paths: dict[str, tuple[Rule, ...]]

    def last_match(self, name: str, prefix: str, is_dir: bool) -> Rule | None:
        """The rule that decides about an entry, if any speaks of it."""
        by_name = bool(self.sieve.suspects((name,)))
        if not by_name and not self.wild_paths and prefix not in self.fixed_paths:
            return None
        for rule in self.rules:
            if (by_name or not rule.by_name) and rule.matches(name, prefix, is_dir):
                return rule
        return None


def parse_rules(lines: Iterable[str], *, ignore_case: bool = False) -> RuleSet:
    """Rules from the lines of a file; invalid patterns match nothing, as with git."""
    rules = [rule for line in lines if (rule := _parse_rule(line, ignore_case)) is not None]
    rules.reverse()
    fixed: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.folder is not None:
            fixed.setdefault(rule.folder, []).append(rule)
    return RuleSet(
        rules=tuple(rules),
        sieve=_make_sieve(rules),
        wild_paths=tuple(rule for rule in rules if not rule.by_name and rule.folder is None),
        fixed_paths={folder: tuple(found) for folder, found in fixed.items()},
    )


def read_rules(path: str, *, ignore_case: bool, follow_link: bool = False) -> RuleSet | None:
    """Rules of a file; None when it has none (git doesn't follow a link to a .gitignore either)."""
    lines = read_lines(path, follow_link=follow_link)
    return parse_rules(lines, ignore_case=ignore_case) if lines else None


def read_lines(path: str, *, follow_link: bool = True) -> list[str]:
    """Lines of a file of rules; none when there is no regular file that can be read."""
    try:
        status = os.stat(path, follow_symlinks=follow_link)
        if not stat.S_ISREG(status.st_mode) or is_placeholder(status):
            return []
        with open(path, "rb") as file:
            content = file.read(_MAX_RULE_FILE_BYTES)
    except OSError:
        return []
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return [line.removesuffix("\r") for line in text.split("\n")]


def _make_sieve(rules: Iterable[Rule]) -> Sieve:
    exact, beginnings, endings, others = set(), set(), set(), set()
    for rule in rules:
        if not rule.by_name:
            continue
        plain = _stripped(rule.text).lower()
        beginning, ending = _literal_ends(plain)
        if beginning == plain:
            exact.add(plain)
        elif len(beginning) >= 2:
            beginnings.add(beginning)
        elif ending:
            endings.add(ending)
        else:
            flags = "(?i:{})" if rule.pattern.flags & re.IGNORECASE else "(?:{})"
            others.add(flags.format(rule.pattern.pattern))
    return _sieve(exact, beginnings, endings, others)


def join_sieves(sieves: Iterable[Sieve]) -> Sieve:
    """A sieve that holds back the names that any of these holds back."""
    each = tuple(sieves)
    tails = (tail for sieve in each for found in sieve.extensions.values() for tail in found)
    return _sieve(
        frozenset().union(*(sieve.exact for sieve in each)),
        frozenset().union(*(sieve.beginnings for sieve in each)),
        frozenset(tails).union(*(sieve.endings for sieve in each)),
        {sieve.others.pattern for sieve in each if sieve.others is not None},
    )


def _sieve(
    exact: AbstractSet[str],
    beginnings: AbstractSet[str],
    endings: AbstractSet[str],
    others: AbstractSet[str],
) -> Sieve:
    extensions: dict[str, tuple[str, ...]] = {}
    for ending in sorted(endings):
        if "." in ending:
            extension = ending.rpartition(".")[2]
            extensions[extension] = (*extensions.get(extension, ()), ending)
    dotless = tuple(sorted(ending for ending in endings if "." not in ending))
    return Sieve(
        frozenset(exact),
        frozenset(beginning[0] for beginning in beginnings),
        frozenset(beginning[:2] for beginning in beginnings),
        tuple(sorted(beginnings)),
        frozenset(ending[-1] for ending in dotless),
        dotless,
        extensions,
        _compile("|".join(sorted(others)), 0) if others else None,
    )


def _literal_ends(plain: str) -> tuple[str, str]:
    """What a glob begins and ends with before its first and after its last special character."""
    special = [place for place, character in enumerate(plain) if character in _GLOB_CHARACTERS]
    if not special:
        return plain, plain
    # A bracket's end isn't special by itself; what follows it is safe to look for.
    return plain[: special[0]], plain[max(special[-1], plain.rfind("]")) + 1 :]


def _stripped(text: str) -> str:
    # "**/name" is git's long form of "name".
    plain = text.removeprefix("!").removesuffix("/")
    while plain.startswith("**/"):
        plain = plain[3:]
    return plain


@lru_cache(maxsize=4096)
def _parse_rule(line: str, ignore_case: bool) -> Rule | None:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    text = line if line.endswith("\\ ") else line.rstrip()
    if not text or text[0] == "#" or text.split("/").count("**") > MAX_DOUBLE_STARS:
        return None
    pattern_text = text
    for name, members in _POSIX_CLASSES.items():
        pattern_text = pattern_text.replace(name, members)
    if pattern_text.endswith("/**/"):
        # Folders inside; pathspec takes it for the folder itself.
        pattern_text = pattern_text[:-1] + "/*/"
    try:
        translated, include = GitIgnoreSpecPattern.pattern_to_regex(pattern_text)
        if translated is None or include is None:
            return None
        pattern = compile_glob(_for_entry(translated), re.IGNORECASE if ignore_case else 0)
    except (ValueError, re.error):
        return None
    plain = _stripped(text)
    by_name = "/" not in plain and plain not in ("", "**")
    parent = text.removeprefix("!").removeprefix("/").removesuffix("/").rpartition("/")[0]
    fixed = not by_name and not ignore_case and _GLOB_CHARACTERS.isdisjoint(parent)
    inside = plain.endswith("**")
    folder = (parent + "/" if parent else "") if fixed and not inside else None
    return Rule(text, not include, by_name, pattern, folder)


def _for_entry(translated: str) -> str:
    """Turn pathspec's expression for a path and all beneath into one for the entry alone."""
    inside = translated.endswith("/")
    expression = translated.replace("(?P<ps_d>/)", "/")
    if not expression.startswith("^"):
        expression = ".*" + expression
    return expression + ".+" if inside else expression


def compile_glob(expression: str, flags: int = 0) -> re.Pattern[str]:
    """Compile what pathspec made of a glob, so that it's quick on any name; raises re.error."""
    # Without going back on a star once what follows it is found (as `fnmatch.translate` does),
    # else a pattern of many stars takes for ever on a long name.
    return _compile(_STAR_THEN_PIECE.sub(r"(?>[^/]*?\1)", expression), flags)


def _compile(expression: str, flags: int) -> re.Pattern[str]:
    with warnings.catch_warnings():
        # "[[a]" is fine in a glob; re warns that its meaning may change.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(expression, flags | re.DOTALL)
