"""The one place that decides where everything lies, and what the user has set."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from localsearch.types import ConfigError, LocalsearchError

# Not "localsearch": GNOME's indexer of that name keeps its data in folders and units of that name.
APP_NAME = "lsx"


@dataclass(frozen=True, slots=True)
class Paths:
    """Every path of the program."""

    config_dir: Path
    data_dir: Path
    state_dir: Path
    models_dir: Path
    runtime_dir: Path

    def folders(self) -> tuple[Path, ...]:
        """All folders that the program writes to; some may lie in others, or be missing."""
        return (
            self.config_dir,
            self.data_dir,
            self.state_dir,
            self.models_dir,
            self.runtime_dir,
        )

    @property
    def settings_file(self) -> Path:
        """The user's settings, TOML; may be missing."""
        return self.config_dir / "settings.toml"

    @property
    def ignore_file(self) -> Path:
        """The user's own ignore rules for all roots, in .gitignore syntax; may be missing."""
        return self.config_dir / "ignore"

    @property
    def forgotten_file(self) -> Path:
        """What `localsearch forget` erased, as rules that keep it out; may be missing."""
        return self.config_dir / "forgotten"

    @property
    def index_file(self) -> Path:
        """The index."""
        return self.data_dir / "index.db"

    @property
    def roots_file(self) -> Path:
        """Which folders are indexed, should the index be lost."""
        return self.data_dir / "roots.json"

    @property
    def next_index_file(self) -> Path:
        """What takes the index's place when the model changes; there only while it's built."""
        return self.data_dir / "next_index.db"

    @property
    def state_file(self) -> Path:
        """What searches remember (query history, rerank scores), apart from the index."""
        return self.state_dir / "state.db"

    @property
    def lock_file(self) -> Path:
        """Held by the one process that writes the index."""
        return self.data_dir / "writer.lock"

    @property
    def log_file(self) -> Path:
        """The log."""
        return self.state_dir / "lsx.log"

    @property
    def probe_file(self) -> Path:
        """What the probe of the native library found on this machine."""
        return self.state_dir / "probe.json"

    @property
    def crash_file(self) -> Path:
        """Where a crash in native code is written down while it happens."""
        return self.state_dir / "crash.txt"

    @property
    def kernels_file(self) -> Path:
        """Which kernels `models bench` found the faster ones for each quantisation."""
        return self.state_dir / "kernels.json"

    @property
    def service_file(self) -> Path:
        """What the service says of itself while it runs."""
        return self.state_dir / "service.json"

    @property
    def socket_file(self) -> Path:
        """The service's private socket."""
        return self.runtime_dir / "service.sock"

    @property
    def mcp_token_file(self) -> Path:
        """What a client of `localsearch mcp --http` has to know; readable by the user alone."""
        return self.state_dir / "mcp_token"


def find_paths() -> Paths:
    """The paths for this user; LOCALSEARCH_HOME puts them all under one folder."""
    home = os.environ.get("LOCALSEARCH_HOME")
    if home:
        base = Path(home).expanduser().absolute()
        return Paths(
            config_dir=base / "config",
            data_dir=base / "data",
            state_dir=base / "state",
            models_dir=base / "models",
            runtime_dir=base / "run",
        )
    import platformdirs

    dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
    return Paths(
        config_dir=dirs.user_config_path,
        data_dir=dirs.user_data_path,
        state_dir=dirs.user_state_path,
        models_dir=dirs.user_data_path / "models",
        # Without a session's own runtime folder, a shared temporary one would be no private place.
        runtime_dir=dirs.user_runtime_path
        if "XDG_RUNTIME_DIR" in os.environ or sys.platform != "linux"
        else dirs.user_state_path / "run",
    )


def nearest_existing(folder: Path) -> Path:
    """The folder, or where there's none the closest one above it that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder


def private_dir(path: Path) -> Path:
    """Make the folder if it's missing, readable by the user alone, and give it back."""
    # One by one, as `parents=True` would leave those above it open to all.
    for folder in reversed((path, *path.parents)):
        if folder == path or not folder.exists():
            folder.mkdir(exist_ok=True, mode=0o700)
    return path


def _number(default: Any, least: float, most: float | None = None) -> Any:
    """A setting that's a number, with what a settings file may set it to."""
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What is indexed."""

    max_file_bytes: int = _number(20_000_000, least=1)
    hidden_files: bool = False
    ignore: tuple[str, ...] = ()
    ocr: bool = False


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which models are used, by catalogue name or path; empty means the best one installed."""

    embedder: str = ""
    reranker: str = ""
    dimension: int = _number(0, least=0)
    search_task: str = ""
    code_task: str = ""
    gpu_layers: int = _number(-1, least=-1)
    threads: int = _number(0, least=0)
    idle_unload_s: float = _number(300.0, least=0)


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How searches behave when the command line doesn't say."""

    limit: int = _number(10, least=1, most=1000)
    budget_s: float = _number(2.0, least=0)
    history: bool = True


@dataclass(frozen=True, slots=True)
class TuiSettings:
    """How the TUI looks, and what opens a hit (templates by kind or suffix)."""

    theme: str = ""
    open_with: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """When the background service steps aside."""

    pause_on_battery_below: int = _number(30, least=0, most=100)
    pause_under_load: bool = True
    low_priority: bool = True
    watch: Literal["auto", "native", "polling"] = "auto"
    full_check_days: float = _number(7.0, least=0)


@dataclass(frozen=True, slots=True)
class ConverterSettings:
    """Which third-party converters may run, by entry point name."""

    plugins: tuple[str, ...] = ()
    timeout_s: float = _number(60.0, least=0)
    memory_bytes: int = _number(2_000_000_000, least=100_000_000)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the settings file can hold."""

    index: IndexSettings = IndexSettings()
    models: ModelSettings = ModelSettings()
    search: SearchSettings = SearchSettings()
    tui: TuiSettings = field(default_factory=TuiSettings)
    service: ServiceSettings = ServiceSettings()
    converters: ConverterSettings = ConverterSettings()


def load_settings(path: Path) -> Settings:
    """Read the settings file; a missing one means defaults.

    Raises ConfigError for a file that isn't TOML, an unknown name or a value that doesn't fit.
    """
    # Imported here, as most searches are answered by the service and need no settings.
    import tomllib

    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"the settings file {path} can't be read: {error}",
            "Mend it, or move it away to go on with the defaults.",
        ) from error
    from localsearch.settings_check import fitting_settings

    try:
        return fitting_settings(raw)
    except ValueError as error:
        raise ConfigError(
            f"the settings file {path} doesn't fit:\n{error}",
            "See docs/settings.md for every name and what it may be.",
        ) from error


def change_setting(path: Path, section: str, name: str, value: str | int | float | bool) -> None:
    """Set one value in the settings file, keeping the user's comments and order.

    Raises LocalsearchError where it can't be written.
    """
    import tomlkit

    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        document = tomlkit.document()
    table = document.setdefault(section, tomlkit.table())
    table[name] = value
    draft = path.with_suffix(".toml.new")
    try:
        private_dir(path.parent)
        draft.write_text(tomlkit.dumps(document), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise LocalsearchError(
            f"the settings file {path} can't be written: {error.strerror or error}",
            "Free some space where it lies, or check the permissions of its folder.",
        ) from error
