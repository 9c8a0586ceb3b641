"""``lwtui doctor``."""

from __future__ import annotations

import click

from lwtui.cli.output import cells, fit, json_option, print_json, print_text
from lwtui.errors import EXIT_DONE, EXIT_FAILED
from lwtui.workflow.doctor import diagnose


@click.command("doctor")
@click.option("--network", is_flag=True, help="Ask the Hugging Face Hub too.")
@json_option
def doctor_command(network: bool, as_json: bool) -> int:
    """Say what this machine can run: GPU, memory, backends, cache. Exit code 1 if lwtui cannot
    work here."""
    report = diagnose(network=network)
    if as_json:
        print_json(report.to_dict())
    else:
        width = max(cells(item.name) for item in report.items)
        for item in report.items:
            print_text(f"{'✓' if item.ok else '✗'} {fit(item.name, width)}  {item.value}")
            if item.hint:
                print_text(" " * (width + 4) + item.hint)
    return EXIT_DONE if report.ok else EXIT_FAILED
