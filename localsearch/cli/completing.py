"""What does the shell offer after Tab, where click can't know? Paths, and names of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import click

    from localsearch.models import ModelState

    _Items = list[CompletionItem[str]]
    _Complete = Callable[[click.Context, click.Parameter, str], _Items]


def files(_context: click.Context, _parameter: click.Parameter, begun: str) -> _Items:
    """Files and folders; the shell itself lists them."""
    return [CompletionItem(begun, type="file")]


def folders(_context: click.Context, _parameter: click.Parameter, begun: str) -> _Items:
    """Folders alone."""
    return [CompletionItem(begun, type="dir")]


def models(
    suits: Callable[[ModelState], bool], *, also: tuple[str, ...] = (), or_file: bool = False
) -> _Complete:
    """The models that suit, and these other words; files where none of them begins so."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> _Items:
        given = context.params.get(parameter.name or "") or ()
        found = [
            CompletionItem(name, help=about)
            for name, about in (*_models(suits), *((each, "") for each in also))
            if name.casefold().startswith(begun.casefold()) and name not in given
        ]
        return found or (files(context, parameter, begun) if or_file else [])

    return complete


def is_here(model: ModelState) -> bool:
    """A model that can be used, verified, bundled and removed."""
    return model.installed or model.in_use


def can_be_pulled(model: ModelState) -> bool:
    """A model that a hub has."""
    return not model.installed and model.entry is not None and bool(model.entry.hub_repo)


def _models(suits: Callable[[ModelState], bool]) -> Iterator[tuple[str, str]]:
    from localsearch import config
    from localsearch.models import list_models
    from localsearch.types import LocalsearchError

    try:
        paths = config.find_paths()
        states = list_models(paths, config.load_settings(paths.settings_file))
    except LocalsearchError:
        # The command itself will say what's wrong.
        return
    yield from ((each.name, each.role) for each in states if suits(each))
