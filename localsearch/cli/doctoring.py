"""`doctor`: what's wrong with the installation, the models and the index, and what mends it."""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.option("--full", is_flag=True, help="Read and run models of more than 1 GB as well.")
def doctor(as_json: bool, full: bool) -> int:
    """Examine the installation, the settings, the models, the index and the machine.

    Takes a few seconds, mends nothing and uses no network. Exit codes: 0 no problem (there may
    be warnings), 2 the settings don't fit, 4 the index is damaged or can't be written, 5 a model
    or the installation is broken; the highest of those that apply.
    """
    from localsearch.cli.findings import findings_json, print_findings
    from localsearch.health.doctor import examine, exit_code

    findings = []
    for finding in examine(full=full):
        findings.append(finding)
        if not as_json:
            print_findings([finding])
    if as_json:
        click.echo(findings_json(findings))
    return exit_code(findings)
