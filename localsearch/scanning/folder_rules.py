"""What do all the ignore rules together say of a name in one folder?"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from localsearch.scanning import ignore_defaults
from localsearch.scanning.gitignore import Rule, RuleSet, Sieve, join_sieves


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a name that some rule speaks of; the reason is for people."""

    ignored: bool
    reason: str = ""


_KEPT = Verdict(ignored=False)


# The label of rules that none takes back.
FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Rules, and the folder that their paths start from (with a separator at its end)."""

    base: str
    rules: RuleSet
    label: str
    from_git: bool = False

    def match(self, here: str, name: str, is_dir: bool) -> Rule | None:
        """The rule that decides about the entry `name` of the folder `here`."""
        if not here.startswith(self.base):
            return None
        return self.rules.last_match(name, _prefix(self.base, here), is_dir)

    def has_paths_for(self, here: str) -> bool:
        """Whether rules that see whole paths may speak of entries of the folder `here`."""
        rules = self.rules
        if not (rules.wild_paths or rules.fixed_paths) or not here.startswith(self.base):
            return False
        return bool(rules.wild_paths) or _prefix(self.base, here) in rules.fixed_paths


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """All rules that hold in a folder, by where they come from; the deepest folder's first."""

    own: tuple[Layer, ...]
    user: Layer
    ignore: tuple[Layer, ...]
    git: tuple[Layer, ...]
    defaults: tuple[Layer, ...]
    never: tuple[Layer, ...]
    hidden_files: bool
    in_repository: bool


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Rules in order of precedence, made ready for quick answers; folders share it."""

    sources: Sources
    layers: tuple[Layer, ...]
    with_paths: tuple[Layer, ...]
    sieve: Sieve

    @classmethod
    def of(cls, sources: Sources) -> Chain:
        """Order the layers of `sources`."""
        layers = (
            *sources.own,
            sources.user,
            *sources.ignore,
            *sources.git,
            *sources.defaults,
        )
        everything = (*layers, *sources.never)
        return cls(
            sources,
            layers,
            tuple(each for each in everything if each.rules.wild_paths or each.rules.fixed_paths),
            join_sieves(each.rules.sieve for each in everything),
        )


class FolderRules:
    """The rules as they stand in one folder."""

    __slots__ = ("_asks_paths", "_here", "build_output", "chain", "generated", "path")

    def __init__(self, path: str, chain: Chain, telling: Iterable[str]) -> None:
        """`telling` are those names in the folder that mark its kind (see ignore_defaults)."""
        self.path = path
        self.chain = chain
        self.generated = ""
        """Why the folder as a whole is a program's, not the user's; "" for most folders."""
        self.build_output: frozenset[str] = frozenset()
        for name in telling:
            self.generated = ignore_defaults.GENERATED_MARKERS.get(name, self.generated)
            if not chain.sources.in_repository:
                self.build_output |= ignore_defaults.BUILD_OUTPUT.get(name, frozenset())
        self._here = with_separator(path)
        self._asks_paths = any(each.has_paths_for(self._here) for each in chain.with_paths)

    def suspects(self, names: Collection[str]) -> AbstractSet[str]:
        """The names of entries to `decide` about; for files, all others are cleared by this."""
        if self._asks_paths:
            return frozenset(names)
        found = self.chain.sieve.suspects(names)
        # One look at all of them is several times as quick as one at each.
        if "/." in "/" + "/".join(names):
            found.update(name for name in names if name[0] == ".")
        return found

    def decide(self, name: str, is_dir: bool) -> Verdict | None:
        """What the rules say of an entry of this folder; None when no rule speaks of it."""
        if self.suspects((name,)):
            verdict = self._by_rules(name, is_dir)
            if verdict is not None:
                return verdict
        if is_dir and name in self.build_output:
            return Verdict(True, f"build output: {name}/")
        return None

    def _by_rules(self, name: str, is_dir: bool) -> Verdict | None:
        sources, here = self.chain.sources, self._here
        for layer in sources.never:
            rule = layer.match(here, name, is_dir)
            if rule is not None and not rule.negated:
                user = sources.user.match(here, name, is_dir)
                if layer.label == FORGOTTEN or user is None or not user.negated:
                    return Verdict(True, f"{layer.label}: {rule.text}")
        taken_back_by_git = False
        for layer in self.chain.layers:
            if taken_back_by_git and layer.from_git:
                continue
            rule = layer.match(here, name, is_dir)
            if rule is None:
                continue
            if not rule.negated:
                return Verdict(True, f"{layer.label}: {rule.text}")
            if not layer.from_git:
                return _KEPT
            if rule.is_literal and not self._is_hidden(name):
                return _KEPT
            # "!*/" or "!.tool" tells git to keep it under version control; that's no wish to
            # find what's left out by default.
            taken_back_by_git = True
        return Verdict(True, "hidden") if self._is_hidden(name) else None

    def _is_hidden(self, name: str) -> bool:
        if self.chain.sources.hidden_files or name[0] != ".":
            return False
        return name not in ignore_defaults.VISIBLE


def with_separator(folder: str) -> str:
    """The folder's path with a separator at its end, as `/` has one already."""
    return folder if folder.endswith(os.sep) else folder + os.sep


def _prefix(base: str, here: str) -> str:
    prefix = here[len(base) :]
    return prefix if os.sep == "/" else prefix.replace(os.sep, "/")
