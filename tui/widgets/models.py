"""The models: which are here, which fit this machine; choose one, or have one downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from localsearch.config import load_settings
from localsearch.indexing.pace import Pace
from localsearch.terminal import clean
from localsearch.types import CancelledError, LocalsearchError
from tui.format import describe_bytes, describe_duration, describe_percent
from tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    import threading

    from localsearch.models import ModelState
    from tui.backend import Backend
    from tui.lanes import Emit, Lanes

_ROLES = {"embedder": "finds by meaning", "reranker": "judges hits", "likelihood": "judges hits"}
_BAR_CELLS = 30


class ModelPanel(Vertical):
    """A list of models; Enter uses the one that's here, and downloads the one that isn't."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "measure", "Measure"),
        # What it would stop says so beside its bar.
        Binding("x", "stop", "Stop", show=False),
    ]

    @dataclass
    class Switched(Message):
        """Another model is to be used from now on."""

        name: str

    @dataclass
    class Failed(Message):
        """Something about a model went wrong."""

        error: LocalsearchError

    def __init__(self, backend: Backend, lanes: Lanes) -> None:
        super().__init__(id="model-panel")
        self._backend = backend
        self._lanes = lanes
        self._models: tuple[ModelState, ...] = ()
        self._speeds: dict[str, float] = {}

    def compose(self) -> ComposeResult:
        """The download that runs, and the list."""
        yield Static("", id="download", markup=False)
        yield OptionList(id="model-list", markup=False)

    def on_mount(self) -> None:
        """Read the list, off the UI thread."""
        self.query_one("#download").display = False
        self.refresh_models()

    @work(exclusive=True, group="models", exit_on_error=False)
    async def refresh_models(self) -> None:
        """Read which models there are."""
        backend = self._backend

        def read(_cancel: threading.Event) -> tuple[tuple[ModelState, ...], dict[str, float]]:
            from localsearch.models import list_models
            from localsearch.models.speed import known_speeds

            models = list_models(backend.paths, load_settings(backend.paths.settings_file))
            return models, known_speeds(backend.paths.state_file)

        try:
            self._models, self._speeds = await self._lanes.actions.call(read)
        except LocalsearchError as error:
            self.post_message(self.Failed(error))
            return
        options = self.query_one("#model-list", OptionList)
        at = options.highlighted or 0
        options.set_options(
            [Option(_describe(model, self._speeds.get(model.name))) for model in self._models]
        )
        options.highlighted = min(at, len(self._models) - 1) if self._models else None

    @on(OptionList.OptionSelected, "#model-list")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.choose(self._models[event.option_index])

    @work(group="choose", exit_on_error=False)
    async def choose(self, model: ModelState) -> None:
        """Use a model that's here; download one that isn't, after asking."""
        try:
            if not model.installed and model.entry is not None and model.entry.hub_repo:
                sure = await self.app.push_screen_wait(
                    ConfirmScreen(
                        f"Download {model.name}?",
                        f"{describe_bytes(model.size_bytes)} from {model.entry.hub_repo}. This is "
                        "the only thing that localsearch ever uses the network for; nothing of "
                        "yours is sent.",
                        yes="Download",
                    )
                )
                if not sure:
                    return
                await self._download(model.name)
            await self._use(model.name)
        except CancelledError:
            self._say("")
        except LocalsearchError as error:
            self._say("")
            self.post_message(self.Failed(error))

    async def _use(self, name: str) -> None:
        backend = self._backend

        def use(_cancel: threading.Event) -> None:
            from localsearch.models import use_model

            use_model(backend.paths, load_settings(backend.paths.settings_file), name)

        await self._lanes.actions.call(use)
        self.refresh_models()
        self.post_message(self.Switched(name))

    async def _download(self, name: str) -> None:
        backend = self._backend

        def pull(cancel: threading.Event, emit: Emit[tuple[int, int]]) -> None:
            from localsearch.models import pull_model

            pull_model(
                backend.paths,
                backend.settings,
                name,
                progress=lambda done, total: emit((done, total)),
                cancel=cancel,
            )

        self._say(f"Asking for {name}")
        # From the first report on: what an earlier attempt has fetched says nothing of the rate.
        pace: Pace | None = None
        before = 0
        async for done, total in self._lanes.models.stream(pull):
            if pace is None:
                pace = Pace()
            else:
                pace.advance(max(0, done - before))
            before = done
            self._say(_describe_download(name, done, total, pace))
        self._say("")

    @work(exclusive=True, group="measure", exit_on_error=False)
    async def action_measure(self) -> None:
        """Find out how fast the highlighted model is on this machine."""
        at = self.query_one("#model-list", OptionList).highlighted
        if at is None or self._lanes.models.busy:
            return
        model, backend = self._models[at], self._backend
        if model.path is None and not model.in_use:
            self._say(f"{clean(model.name)} isn't here yet: Enter gets it.")
            return

        def measure(cancel: threading.Event) -> float:
            from localsearch.models.speed import measure_speed

            settings = load_settings(backend.paths.settings_file)
            return measure_speed(backend.paths, settings, model.name, model.role, cancel=cancel)

        self._say(f"Trying {clean(model.name)}   x stops")
        try:
            speed = await self._lanes.models.call(measure)
        except CancelledError:
            self._say("")
        except LocalsearchError as error:
            self._say("")
            self.post_message(self.Failed(error))
        else:
            self._say(f"{clean(model.name)}: {_describe_speed(model, speed)} on this machine")
            self.refresh_models()

    def action_stop(self) -> None:
        """Stop the download, of which what has arrived is kept, or the measurement."""
        self._lanes.models.cancel()

    def _say(self, text: str) -> None:
        line = self.query_one("#download", Static)
        line.display = bool(text)
        line.update(Content(text))


def _describe_download(name: str, done: int, total: int, pace: Pace) -> str:
    share = done / total if total else 0.0
    full = round(_BAR_CELLS * share)
    left_s = pace.eta_s(total - done)
    facts = [
        f"{describe_bytes(done)} of {describe_bytes(total)}",
        f"{describe_bytes(pace.per_s)}/s" if pace.per_s else "",
        f"{describe_duration(left_s)} left" if left_s is not None else "",
    ]
    return (
        f"{clean(name)}  {'━' * full}{'─' * (_BAR_CELLS - full)} {describe_percent(share)}\n"
        f"{' · '.join(filter(None, facts))}   x stops; it goes on later"
    )


def _describe_speed(model: ModelState, speed: float) -> str:
    if model.role == "embedder":
        return f"{speed:,.0f} tokens/s"
    return f"{speed:,.1f} passages/s"


def _describe(model: ModelState, speed: float | None) -> Content:
    if model.in_use:
        mark, style, state = "●", "$success", "in use"
    elif model.installed:
        mark, style, state = "○", "$foreground", "here; Enter uses it"
    elif model.entry is not None and model.entry.hub_repo:
        mark, style, state = "↓", "$dim", "Enter downloads it"
    else:
        mark, style, state = "·", "$dim", "comes in a package"
    return Content.assemble(
        (f"{mark} ", style),
        (clean(model.name), "bold" if model.installed or model.in_use else ""),
        (f"  {_ROLES[model.role]} · {describe_bytes(model.size_bytes)} · ", "$dim"),
        (state, style),
        (f" · {_describe_speed(model, speed)} here" if speed else "", "$text-primary"),
        (f"\n  {clean(model.note)}", "$dim" if model.fits_memory else "$text-warning"),
    )
