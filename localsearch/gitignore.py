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

from localsearch.cloud import is_placeholder

_GLOB_CHARACTERS = frozenset("*?[\\")
_MAX_RULE_FILE_BYTES = 4_000_000
# A pattern's cost grows with the folder's depth to the power of these; nobody needs more.
_MAX_DOUBLE_STARS = 4

_POSIX_CLASSES = {
    "[:alnum:]": "a-zA-Z0-9", "[:alpha:]": "a-zA-Z", "[:blank:]": " \t", "[:digit:]": "0-9",
    "[:lower:]": "a-z", "[:upper:]": "A-Z", "[:space:]": " \t\n\r\f\v", "[:xdigit:]": "0-9a-fA-F",
}  # fmt: skip

# A star, what follows it up to the next star, all in one segment of a translated pattern.
_STAR_THEN_PIECE = re.compile(r"\[\^/\]\*((?:\\.|\[\^/\](?!\*)|[^/(\\])+?)(?=\[\^/\]\*)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern; `by_name` ones see the entry's name, others its path from the rules' folder."""

    text: str
    negated: bool
    by_name: bool
    pattern: re.Pattern[str]
    folder: str | None = None

    def matches(self, name: str, prefix: str, is_dir: bool) -> bool:
        """Whether it speaks of this entry; `prefix` is its folder from the rules', "" or "a/b/"."""
        target = name if self.by_name else prefix + name
        return self.pattern.fullmatch(target + "/" if is_dir else target) is not None


@dataclass(frozen=True, slots=True)
class Sieve:
    """Tells the names that no rule by name can fit; `exact`, `extensions`, `endings` lower case."""

    exact: frozenset[str]
    extensions: frozenset[str]
    endings: tuple[str, ...]
    others: re.Pattern[str] | None

    def may_match(self, name: str) -> bool:
        """False only where no rule by name fits."""
        lower = name.lower()
        return (
            lower in self.exact
            or lower.rpartition(".")[2] in self.extensions
            or lower.endswith(self.endings)
            or (self.others is not None and self.others.match(name + "/") is not None)
        )


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """The rules of one file, last one first, as they take precedence."""

    rules: tuple[Rule, ...]
    sieve: Sieve
    wild_paths: tuple[Rule, ...]
    fixed_paths: dict[str, tuple[Rule, ...]]

    def last_match(self, name: str, prefix: str, is_dir: bool) -> Rule | None:
        """The rule that decides about an entry, if any speaks of it."""
        by_name = self.sieve.may_match(name)
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
    exact, extensions, endings, others = set(), set(), set(), set()
    for rule in rules:
        if not rule.by_name:
            continue
        plain = _stripped(rule.text).lower()
        if _GLOB_CHARACTERS.isdisjoint(plain):
            exact.add(plain)
        elif plain[0] == "*" and len(plain) > 1 and _GLOB_CHARACTERS.isdisjoint(plain[1:]):
            extension = plain[2:]
            if plain[1] == "." and extension and "." not in extension:
                extensions.add(extension)
            else:
                endings.add(plain[1:])
        else:
            flags = "(?i:{})" if rule.pattern.flags & re.IGNORECASE else "(?:{})"
            others.add(flags.format(rule.pattern.pattern))
    return _sieve(exact, extensions, endings, others)


def join_sieves(sieves: Iterable[Sieve]) -> Sieve:
    """A sieve that clears the names that all of these clear."""
    each = tuple(sieves)
    return _sieve(
        frozenset().union(*(sieve.exact for sieve in each)),
        frozenset().union(*(sieve.extensions for sieve in each)),
        frozenset().union(*(sieve.endings for sieve in each)),
        {sieve.others.pattern for sieve in each if sieve.others is not None},
    )


def _sieve(
    exact: AbstractSet[str],
    extensions: AbstractSet[str],
    endings: AbstractSet[str],
    others: AbstractSet[str],
) -> Sieve:
    return Sieve(
        frozenset(exact),
        frozenset(extensions),
        tuple(sorted(endings)),
        _compile("|".join(sorted(others)), 0) if others else None,
    )


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
    if not text or text[0] == "#" or text.split("/").count("**") > _MAX_DOUBLE_STARS:
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
        pattern = _compile(_for_entry(translated), re.IGNORECASE if ignore_case else 0)
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
    # Without going back on a star once what follows it is found (as `fnmatch.translate` does),
    # else a pattern of many stars takes for ever on a long name.
    expression = _STAR_THEN_PIECE.sub(r"(?>[^/]*?\1)", expression)
    return expression + ".+" if inside else expression


def _compile(expression: str, flags: int) -> re.Pattern[str]:
    with warnings.catch_warnings():
        # "[[a]" is fine in a glob; re warns that its meaning may change.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(expression, flags | re.DOTALL)
