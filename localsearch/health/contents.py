"""Are the models and the index what they should be, and does anything use a network?"""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from localsearch.types import Finding, StoreDamagedError

if TYPE_CHECKING:
    from localsearch.config import Paths, Settings
    from localsearch.scanning.ignore import IgnoreRules
    from localsearch.store import Store

# Larger models take half a minute or more to read and to load.
_QUICKLY_READ_BYTES = 1_000_000_000
_NETWORK_EVENTS = frozenset(
    ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")
)
_REBUILD_INDEX = "Move {path} away and run `localsearch index`: it makes a new one of your files."


def check_models(paths: Paths, settings: Settings, *, full: bool) -> Iterator[Finding]:
    """The models in use, by checksum and numbers; those that take long only when `full`."""
    from localsearch.models import names_in_use, verify_model
    from localsearch.models.catalogue import STARTER_NAME
    from localsearch.models.choose import find_named, starter_is_available
    from localsearch.models.listing import advise, list_models

    names = names_in_use(paths, settings)
    if not names:
        advice = " ".join(advise(list_models(paths, settings), settings).splitlines())
        named = settings.models.embedder
        text = (
            f"{named}, which the settings name, isn't installed" if named else "none is installed"
        )
        yield Finding("models", "warning", f"{text}, so only words are searched", advice)
    for name in names:
        size_bytes = os.path.getsize(name) if os.path.isfile(name) else 0
        if name == STARTER_NAME and starter_is_available() and not _in_place(paths, name):
            # Checking it would unpack it, and whoever examines changes nothing.
            text = "comes with this installation; it's unpacked and checked at its first use"
            yield Finding(f"{name}: file", "ok", text)
        elif size_bytes > _QUICKLY_READ_BYTES and not full:
            model = find_named(paths, name)
            text = f"not read, as it has {size_bytes / 1e9:.1f} GB: --full does"
            yield Finding(f"{model.name}: file", "ok", text)
        else:
            yield from verify_model(paths, settings, name)


def _in_place(paths: Paths, name: str) -> bool:
    from localsearch.models.catalogue import get_entry

    return (paths.models_dir / get_entry(name).file).exists()


def check_index(paths: Paths, settings: Settings | None = None) -> tuple[int, tuple[Finding, ...]]:
    """How many folders hold indexed files, and what's wrong with the index."""
    from localsearch.store import Store
    from localsearch.types import StoreError

    if not paths.index_file.exists():
        text = "there is none yet: `localsearch add FOLDER` makes it"
        return 0, (Finding("index", "ok", text),)
    try:
        with Store(paths.index_file, readonly=True) as store, store.snapshot():
            problems = store.checks.problems()
            if problems:
                fix = _REBUILD_INDEX.format(path=paths.index_file)
                # SQLite tells of many pages at once; the first of them is enough to know.
                shown = (" ".join(each.splitlines()[:2]) for each in problems)
                return 0, tuple(Finding("index", "problem", each, fix) for each in shown)
            return _folders(store), tuple(_state_of(store, paths, settings))
    except StoreDamagedError as error:
        fix = error.remedy or _REBUILD_INDEX.format(path=paths.index_file)
        return 0, (Finding("index", "problem", error.cause, fix),)
    except StoreError as error:
        return 0, (Finding("index", "problem", error.cause, error.remedy),)


def _state_of(store: Store, paths: Paths, settings: Settings | None) -> Iterator[Finding]:
    from localsearch.config import IndexSettings
    from localsearch.scanning.ignore import IgnoreRules

    counts = store.files.counts()
    text = (
        f"whole: {sum(counts.values()):,} files, {store.documents.chunk_count():,} passages,"
        f" {store.file_bytes() / 1e6:,.1f} MB ({paths.index_file})"
    )
    yield Finding("index", "ok", text)
    roots = store.files.roots()
    real = [os.path.realpath(path) for path, _, online in roots if online]
    rules = IgnoreRules(real, settings.index if settings else IndexSettings(), paths=paths)
    for path, _, online in roots:
        if not online or not os.path.isdir(path):
            text = f"the indexed folder {path} can't be found now; its index is kept"
            yield Finding("folders", "warning", text, f"Or forget it: localsearch remove {path}")
        else:
            yield from check_folder(path, rules)
    coverage = store.coverage()
    if counts.get("pending", 0) or (counts.get("indexed", 0) and coverage.semantic < 1):
        text = (
            f"not finished: {coverage.keyword:.0%} of the files can be found by word,"
            f" {coverage.semantic:.0%} by meaning"
        )
        yield Finding("coverage", "warning", text, "localsearch index")
    if store.vectors.lacks_codes():
        text = (
            "what makes large indexes quick to search by meaning isn't made yet;"
            " until it is, such searches may be slow"
        )
        yield Finding("index", "warning", text, "localsearch index")


def check_folder(root: str, rules: IgnoreRules) -> Iterator[Finding]:
    """Whether an indexed folder, and those right in it that are indexed, may be looked into."""
    folders = [root]
    try:
        with os.scandir(root) as listing:
            folders += [each.path for each in listing if each.is_dir(follow_symlinks=False)]
    except OSError:
        pass
    for folder in folders:
        if rules.is_ignored(os.path.realpath(folder), True):
            continue
        try:
            os.scandir(folder).close()
        except PermissionError as error:
            text = f"{folder} can't be read: {error.strerror}; what was indexed of it is kept"
            yield Finding("folders", "warning", text, remedy_for_refusal(folder, error.errno))
        except OSError:
            # Gone in between, or no folder any more.
            continue


def remedy_for_refusal(folder: str, code: int | None, platform: str = sys.platform) -> str:
    """What lets us read a folder that the system refuses."""
    if platform == "darwin" and code == errno.EPERM:
        # Permissions say EACCES; this is macOS protecting the user's privacy.
        return (
            "Allow it in System Settings > Privacy & Security > Full Disk Access (or Files and"
            " Folders), for your terminal and for what runs `localsearch watch`, and start those"
            " anew."
        )
    return f"Check its permissions: ls -ld {shlex.quote(folder)}"


def _folders(store: Store) -> int:
    return len(store.files.known().folders())


def check_service(paths: Paths) -> Iterator[Finding]:
    """What the service says of itself, and whether it has a network connection."""
    from localsearch.service.state import read_state

    state = read_state(paths.service_file)
    if state is None:
        yield Finding("service", "ok", "none runs; `localsearch watch` keeps the index current")
        return
    text = f"{state.phase} (process {state.pid})"
    if state.silence:
        fix = f"kill -CONT {state.pid}, or end it and start another: localsearch watch"
        yield Finding("service", "warning", f"{text} doesn't answer: {state.silence}", fix)
    elif state.problem:
        fix = "localsearch status, and what `localsearch watch` printed"
        yield Finding("service", "warning", f"{text}: {state.problem}", fix)
    else:
        yield Finding("service", "ok", text)
    for path, reason in state.polled:
        text = f"{path} is looked at now and then instead of watched: {reason}"
        yield Finding("watching", "warning", text, "docs/watching.md says how to have more watches")
    yield from _connections(state.pid)


def _connections(pid: int) -> Iterator[Finding]:
    import psutil

    try:
        addresses = [
            f"{each.raddr.ip}:{each.raddr.port}" if each.raddr else f"port {each.laddr.port}"
            for each in psutil.Process(pid).net_connections(kind="inet")
        ]
    except psutil.Error:
        # It ended, or isn't ours to look into.
        return
    if addresses:
        text = f"the service (process {pid}) has sockets of the network: {', '.join(addresses)}"
        yield Finding("network", "problem", text, "Stop it, and report this as a bug.")
    else:
        yield Finding("network", "ok", f"the service (process {pid}) has no socket of the network")


class NetworkWatcher:
    """Notes each attempt of this process to reach a network, from its making on.

    Python tells of them before they're made (PEP 578); the note can't be taken back.
    """

    def __init__(self) -> None:
        self.attempts: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _NETWORK_EVENTS and not _is_local(event, arguments):
            self.attempts.append(f"{event} {arguments[1:]}")

    def findings(self) -> Iterator[Finding]:
        """What was noted."""
        if self.attempts:
            text = f"this examination tried to reach a network: {'; '.join(self.attempts)}"
            yield Finding("network", "problem", text, "Report this as a bug.")
        else:
            text = "nothing was connected to while models were run and the index was read"
            yield Finding("network", "ok", text)


def _is_local(event: str, arguments: tuple[object, ...]) -> bool:
    # Sockets of the file system have a path for an address, not a host and a port.
    return event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], (str, bytes))
