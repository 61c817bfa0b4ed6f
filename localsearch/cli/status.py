"""`status`: what is indexed, how well it can be found, and what couldn't be read."""

from __future__ import annotations

import base64
import dataclasses
import os
from typing import TYPE_CHECKING, Any

import click

from localsearch.cli.output import shown_eta, shown_path, shown_size
from localsearch.terminal import clean, counted, printable_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.types import Remark, ServiceState, Status

_SHOWN_FILES = 20


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(as_json: bool) -> int:
    """Show folders, counts, coverage, what couldn't be read wholly, the model and the size."""
    from localsearch.api import open_index

    with open_index() as opened:
        found, remarks = opened.status(), opened.remarks()
    if as_json:
        click.echo(printable_json(status_json(found, remarks)))
    else:
        _print(found)
        _print_files("Read, but", [(each.path, each.text) for each in remarks])
    return 0


def path_fields(path: str) -> dict[str, str]:
    """A path for JSON; one that isn't UTF-8 is shown with U+FFFD and given whole in path_b64."""
    raw = os.fsencode(path)
    shown = raw.decode("utf-8", "replace")
    fields = {"path": shown}
    if shown.encode() != raw:
        fields["path_b64"] = base64.b64encode(raw).decode()
    return fields


def status_json(found: Status, remarks: Sequence[Remark]) -> dict[str, Any]:
    """The object that `status --json` prints."""
    model = found.model
    return {
        "roots": [
            {
                **path_fields(root.path),
                "name": root.name,
                "files": root.files,
                "online": root.online,
            }
            for root in found.roots
        ],
        "files": {
            "total": found.files.total,
            "indexed": found.files.indexed,
            "failed": found.files.failed,
            "skipped": found.files.skipped,
        },
        "chunks": found.chunks,
        "coverage": {"keyword": found.coverage.keyword, "semantic": found.coverage.semantic},
        "failures": [{**path_fields(each.path), "reason": each.reason} for each in found.failures],
        "remarks": [{**path_fields(each.path), "text": each.text} for each in remarks],
        "model": model
        and {
            "name": model.name,
            "fingerprint": model.fingerprint,
            "dimension": model.dimension,
            "usable": model.usable,
            "problem": model.problem,
            "remedy": model.remedy,
        },
        "model_change": found.model_change and dataclasses.asdict(found.model_change),
        "db_path": found.db_path,
        "db_bytes": found.db_bytes,
        "log_path": found.log_path,
        "service": _service_json(found.service),
        "writer": found.writer
        and {"pid": found.writer.pid, "command": " ".join(found.writer.command)},
    }


def _service_json(service: ServiceState | None) -> dict[str, Any]:
    if service is None:
        return {"running": False}
    return {
        "running": True,
        "pid": service.pid,
        "phase": service.phase,
        "polled": [{**path_fields(path), "reason": reason} for path, reason in service.polled],
        "problem": service.problem,
        "waiting": service.waiting,
        "silence": service.silence,
    }


def _print_model(found: Status) -> None:
    say = click.echo
    if found.model is None:
        say("Model     none yet: `localsearch models list` shows what there is")
    else:
        say(f"Model     {clean(found.model.name)}, {found.model.dimension} dimensions")
        if not found.model.usable:
            say(f"          {clean(found.model.problem)}. {clean(found.model.remedy)}")
    if found.model_change is not None:
        change = found.model_change
        say(
            f"          changing to {clean(change.name)}: {change.chunks_done:,} of"
            f" {change.chunks_total:,} passages{_how_it_goes_on(found)}"
        )


def _how_it_goes_on(found: Status) -> str:
    """What's known of a change of model: when it's done, or who has to go on with it."""
    service = found.service
    if service is None and found.writer is None:
        return "; `localsearch index` goes on"
    progress = None if service is None else service.progress
    eta_s = found.model_change.eta_s if found.model_change is not None else None
    if progress is not None and progress.changing_to and progress.eta_s is not None:
        eta_s = progress.eta_s
    return "" if eta_s is None else f", {shown_eta(eta_s)}"


def _print(found: Status) -> None:
    from localsearch.lock import describe_writer

    say = click.echo
    say("Folders" if found.roots else "Folders   none: `localsearch add FOLDER` adds one")
    unknown = [root for root in found.roots if root.online and not root.files]
    for root in found.roots:
        remark = "" if root.online else "  (can't be found now; its index is kept)"
        if root in unknown:
            remark = "  (none known yet: `localsearch index` looks for them)"
        say(f"  {shown_path(root.path)}  {counted(root.files, 'file')}{remark}")
    files = found.files
    say(
        f"Files     {files.total:,}: {files.indexed:,} indexed, {files.failed:,} failed,"
        f" {files.skipped:,} by name only{_unread(found)}"
    )
    say(f"Passages  {found.chunks:,}")
    say(
        f"Coverage  {found.coverage.keyword:.0%} searchable by word,"
        f" {found.coverage.semantic:.0%} by meaning"
        + (", of the files that are known" if unknown else "")
    )
    _print_model(found)
    say(f"Index     {shown_path(found.db_path)}  {shown_size(found.db_bytes)}")
    say(f"Log       {shown_path(found.log_path)}")
    if found.service is None:
        if found.writer is not None:
            say(f"Indexing  {clean(describe_writer(found.writer))}")
        say("Watching  no: `localsearch watch` keeps the index current")
    else:
        service = found.service
        what = f"doesn't answer, last {service.phase}" if service.silence else service.phase
        say(f"Watching  {what} (process {service.pid})")
        if service.silence:
            say(f"          {clean(service.silence)}")
        if found.service.waiting:
            say(f"          {clean(found.service.waiting)}")
        if found.service.problem:
            say(f"          {clean(found.service.problem)}")
    _print_files("Not read", [(each.path, each.reason) for each in found.failures])


def _print_files(title: str, said: Sequence[tuple[str, str]]) -> None:
    if said:
        click.echo(title)
    for path, text in said[:_SHOWN_FILES]:
        click.echo(f"  {shown_path(path)}: {clean(text)}")
    if len(said) > _SHOWN_FILES:
        click.echo(f"  … and {len(said) - _SHOWN_FILES:,} more (--json lists all)")


def _unread(found: Status) -> str:
    files = found.files
    count = files.total - files.indexed - files.failed - files.skipped
    return f", {count:,} not read yet" if count else ""
