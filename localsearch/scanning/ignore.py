"""What is left out of the index, and why?

One answer for the scan, which asks folder by folder, and the watcher, which asks for one path. A
name is decided in its own folder; what lies in a folder that is left out is left out with it.
Precedence, first to last: what was forgotten, secrets and version control (only the user's own
rules take them back), .localsearchignore, the user's own rules, .ignore, git's rules (.gitignore,
info/exclude, core.excludesFile), the defaults, hidden names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from converters.secrets import SECRETS
from localsearch.config import IndexSettings, Paths
from localsearch.scanning import ignore_defaults, repository
from localsearch.scanning.folder_rules import (
    FORGOTTEN,
    Chain,
    FolderRules,
    Layer,
    Sources,
    with_separator,
)
from localsearch.scanning.gitignore import parse_rules, path_rule, read_lines, read_rules

GIT_RULES = ".gitignore"
IGNORE_RULES = ".ignore"
OWN_RULES = ".localsearchignore"

# The names whose presence in a folder changes what is left out there.
TELLING_NAMES = frozenset(
    {
        *(".git", GIT_RULES, IGNORE_RULES, OWN_RULES),
        *ignore_defaults.GENERATED_MARKERS,
        *ignore_defaults.BUILD_OUTPUT,
    }
)
_RULE_NAMES = frozenset({".git", GIT_RULES, IGNORE_RULES, OWN_RULES})

# Git's own default on these systems (core.ignoreCase).
_IGNORE_CASE = sys.platform in ("darwin", "win32")


class IgnoreRules:
    """Decides for paths below some roots; remembers the rules of the folders it was asked about."""

    def __init__(
        self, roots: Sequence[str], settings: IndexSettings, *, paths: Paths | None
    ) -> None:
        """`roots` are absolute, with symbolic links resolved; `paths` hold the user's own rules."""
        # The innermost first: it has the fewest folders above a path.
        self.roots = tuple(sorted(set(roots), key=len, reverse=True))
        self._settings = settings
        self._paths = paths
        self._folders: dict[str, FolderRules] = {}
        self._bases: dict[str, Sources] = {}

    def forget(self) -> None:
        """Read all rules anew from now on; for when an ignore file changed."""
        self._folders.clear()
        self._bases.clear()
        repository.global_exclude_file.cache_clear()

    def is_ignored(self, path: str, is_dir: bool) -> str | None:
        """Why a path isn't indexed; None when the rules have nothing against it.

        A root itself never is ignored: the user named it.
        """
        reason = "outside the indexed folders"
        for root in self.roots:
            if path == root:
                return None
            if path.startswith(with_separator(root)):
                found = self._ignored_below(root, path, is_dir)
                if found is None:
                    return None
                reason = found
        return reason

    def _ignored_below(self, root: str, path: str, is_dir: bool) -> str | None:
        names = path[len(with_separator(root)) :].split(os.sep)
        rules = self.folder(root)
        for position, name in enumerate(names, start=1):
            as_dir = is_dir or position < len(names)
            verdict = rules.decide(name, as_dir)
            if verdict is not None and verdict.ignored:
                return verdict.reason
            if as_dir:
                rules = self.folder(os.path.join(rules.path, name))
                if rules.generated and verdict is None:
                    return rules.generated
        return None

    def folder(self, path: str) -> FolderRules:
        """The rules in a folder, which need not exist; remembered until `forget`."""
        known = self._folders.get(path)
        if known is None:
            present = [each for each in TELLING_NAMES if os.path.lexists(os.path.join(path, each))]
            known = self.enter(path, present, self.above(path))
            self._folders[path] = known
        return known

    def above(self, path: str) -> FolderRules | None:
        """The rules in the folder that holds `path`, None when that's outside all roots."""
        parent = os.path.dirname(path)
        if any(with_separator(parent).startswith(with_separator(root)) for root in self.roots):
            return self.folder(parent) if parent != path else None
        return None

    def enter(self, path: str, names: Collection[str], above: FolderRules | None) -> FolderRules:
        """The rules in a folder that holds `names`; `above` as the method of that name gives it."""
        telling = TELLING_NAMES.intersection(names)
        chain = above.chain if above is not None else Chain.of(self._sources_at(path))
        if not _RULE_NAMES.isdisjoint(telling):
            chain = Chain.of(_with_rules_of(path, telling, chain.sources))
        return FolderRules(path, chain, telling)

    def _sources_at(self, root: str) -> Sources:
        """What holds at an outermost root before its own rules are read."""
        if root in self._bases:
            return self._bases[root]
        base = with_separator(root)
        label = "left out by default"
        user_lines, forgotten, own = list[str](), list[str](), list[str]()
        if self._paths is not None:
            user_lines = read_lines(str(self._paths.ignore_file))
            forgotten = read_lines(str(self._paths.forgotten_file))
            own = _own_rules(self._paths)
        user = parse_rules((*user_lines, *self._settings.ignore), ignore_case=_IGNORE_CASE)
        secrets = parse_rules(SECRETS.splitlines(), ignore_case=True)
        home_rules = ignore_defaults.HOME.get(sys.platform, "")
        home = with_separator(os.path.realpath(os.path.expanduser("~")))
        sources = Sources(
            own=(),
            user=Layer(base, user, "your own rules"),
            ignore=(),
            git=(),
            defaults=(
                Layer(base, parse_rules(ignore_defaults.DEFAULTS.splitlines()), label),
                Layer(home, parse_rules(home_rules.splitlines()), label),
                Layer(os.sep, parse_rules(ignore_defaults.SYSTEM.splitlines()), label),
            ),
            never=(
                Layer(os.sep, parse_rules(forgotten, ignore_case=_IGNORE_CASE), FORGOTTEN),
                Layer(os.sep, parse_rules(own), "localsearch's own"),
                Layer(base, secrets, "likely a secret"),
                Layer(base, parse_rules(ignore_defaults.VERSION_CONTROL.splitlines()), label),
            ),
            hidden_files=self._settings.hidden_files,
            in_repository=False,
        )
        folders = _ancestors(root)
        tops = [each for each in folders if repository.has_repository(each)]
        for folder in folders:
            names = {IGNORE_RULES, OWN_RULES}
            # Git looks no higher than the repository's top, and at nothing without a repository.
            if tops and len(folder) >= len(tops[-1]):
                names |= {".git", GIT_RULES} if folder == tops[-1] else {GIT_RULES}
            sources = _with_rules_of(folder, names, sources)
        self._bases[root] = sources
        return sources


def _own_rules(paths: Paths) -> list[str]:
    """Rules for what the program itself writes: to index that would write it anew, for ever."""
    return [f"{path_rule(os.path.realpath(folder))}/" for folder in paths.folders()]


def _ancestors(folder: str) -> list[str]:
    """All folders above `folder`, the highest first."""
    found = [str(each) for each in Path(folder).parents]
    found.reverse()
    return found


def _with_rules_of(folder: str, names: Collection[str], sources: Sources) -> Sources:
    """`sources` with the rule files among `names` in this folder put before the others."""
    git, in_repository = sources.git, sources.in_repository
    if ".git" in names:
        git, in_repository = _repository_layers(folder), True
    if GIT_RULES in names:
        git = _layers(folder, os.path.join(folder, GIT_RULES), from_git=True) + git
    own, ignore = sources.own, sources.ignore
    if OWN_RULES in names:
        own = _layers(folder, os.path.join(folder, OWN_RULES)) + own
    if IGNORE_RULES in names:
        ignore = _layers(folder, os.path.join(folder, IGNORE_RULES)) + ignore
    return replace(sources, own=own, ignore=ignore, git=git, in_repository=in_repository)


def _repository_layers(top: str) -> tuple[Layer, ...]:
    files = (repository.exclude_file(top), repository.global_exclude_file())
    return tuple(
        layer for file in files for layer in _layers(top, file, from_git=True, follow_link=True)
    )


def _layers(
    base: str, file: str, *, from_git: bool = False, follow_link: bool = False
) -> tuple[Layer, ...]:
    rules = read_rules(file, ignore_case=_IGNORE_CASE, follow_link=follow_link)
    return () if rules is None else (Layer(with_separator(base), rules, file, from_git),)
