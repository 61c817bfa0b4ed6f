"""Is anything wrong with the installation, the models or the index, and what mends it?

Every check stands by itself: one that fails in a way that nobody foresaw becomes a finding too.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from localsearch.health.parts import check_parts, check_python
from localsearch.types import INSTALL_AGAIN, Finding, LocalsearchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from localsearch.config import Paths, Settings

# Checks whose problems have another exit code than 5, as in every other command.
_EXIT_CODES = {"settings": 2, "index": 4, "disk": 4, "permissions": 4}


def examine(*, full: bool = False) -> Iterator[Finding]:
    """Yield findings as they're made; never raises for what's broken.

    `full` reads large models too.
    """
    yield from check_python()
    broken, findings = check_parts()
    yield from findings
    yield from _Examination(set(broken), full=full).findings()


def exit_code(findings: Iterable[Finding]) -> int:
    """0 without a problem, else the highest: 2 the settings, 4 the index, 5 a model or a part."""
    problems = (each.check for each in findings if each.level == "problem")
    return max((_EXIT_CODES.get(check, 5) for check in problems), default=0)


class _Examination:
    """What's left to look at once it's known which modules are `broken`."""

    def __init__(self, broken: set[str], *, full: bool) -> None:
        self._broken = broken
        self._full = full
        self._folders = 0

    def findings(self) -> Iterator[Finding]:
        """All the rest, what doesn't depend on anything first."""
        from localsearch.health import machine
        from localsearch.health.contents import (
            NetworkWatcher,
            check_models,
            check_service,
        )
        from localsearch.health.engines import check_llama, check_sqlite

        watcher = NetworkWatcher()
        sqlite, engine = ("apsw", "sqlite_vec", "msgspec"), ("llama_cpp", "numpy", "gguf")
        yield from self._guard("sqlite", sqlite[:2], check_sqlite)
        found: list[Paths] = []
        yield from self._guard("settings", ("platformdirs",), lambda: self._find(found))
        if not found:
            return
        [paths] = found
        settings: list[Settings] = []
        yield from self._guard("settings", ("msgspec",), lambda: self._load(paths, settings))
        yield from self._guard("permissions", (), lambda: machine.check_permissions(paths))
        yield from self._guard("disk", (), lambda: machine.check_room(paths))
        yield from self._guard("llama.cpp", engine, lambda: check_llama(paths))
        for each in settings:
            models = functools.partial(check_models, paths, each, full=self._full)
            yield from self._guard("models", (*engine, "msgspec", "psutil"), models)
        needed = (*sqlite, "numpy", "regex")
        yield from self._guard("index", needed, lambda: self._check_index(paths, settings))
        yield from self._guard("watching", (), lambda: machine.check_watches(self._folders))
        service_needs = ("msgspec", "psutil")
        yield from self._guard("service", service_needs, lambda: check_service(paths))
        yield from watcher.findings()

    def _find(self, found: list[Paths]) -> Iterator[Finding]:
        from localsearch import config

        found.append(config.find_paths())
        return iter(())

    def _load(self, paths: Paths, settings: list[Settings]) -> Iterator[Finding]:
        from localsearch import config

        settings.append(config.load_settings(paths.settings_file))
        there = paths.settings_file.exists()
        text = f"{paths.settings_file} fits" if there else "none: the defaults are used"
        yield Finding("settings", "ok", text)

    def _check_index(self, paths: Paths, settings: Sequence[Settings]) -> Sequence[Finding]:
        from localsearch.health.contents import check_index

        self._folders, findings = check_index(paths, *settings)
        return findings

    def _guard(
        self, check: str, needed: Sequence[str], run: Callable[[], Iterable[Finding]]
    ) -> Iterator[Finding]:
        missing = [each for each in needed if each in self._broken]
        if missing:
            text = f"not looked at, as that takes {', '.join(missing)}, which doesn't load"
            yield Finding(check, "warning", text, INSTALL_AGAIN)
            return
        try:
            yield from run()
        except LocalsearchError as error:
            yield Finding(check, "problem", error.cause, error.remedy)
        except Exception as error:  # noqa: BLE001 (what is broken may raise anything)
            text = f"the check ended with {type(error).__name__}: {error}"
            yield Finding(check, "problem", text, INSTALL_AGAIN)
