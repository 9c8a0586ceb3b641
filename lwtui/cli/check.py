"""``lwtui check``."""

from __future__ import annotations

import dataclasses

import click

from lwtui.cli.output import json_option, print_json, print_text
from lwtui.cli.progress import job
from lwtui.errors import EXIT_DONE, EXIT_FAILED
from lwtui.workflow.check import check


@click.command("check")
@click.argument("id")
@click.option("--no-run", is_flag=True, help="Do not load the model.")
@json_option
def check_command(id: str, no_run: bool, as_json: bool) -> int:
    """Check the learnware ID: manifest, files, safety, licence, base, specification, and that it
    loads and generates. Exit code 1 if something is wrong."""
    with job() as context:
        report = check(id, run=not no_run, context=context)
    if as_json:
        items = [dataclasses.asdict(item) for item in report.items]
        print_json({"id": report.id, "ok": report.ok, "items": items})
    else:
        for item in report.items:
            print_text(f"{'✓' if item.ok else '✗'} {item.name}: {item.message}")
            if item.hint and not item.ok:
                print_text(f"    {item.hint}")
    return EXIT_DONE if report.ok else EXIT_FAILED
