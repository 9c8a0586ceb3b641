"""``lwtui config``: where the settings are, what they say, what they may say."""

from __future__ import annotations

import dataclasses

import click

from lwtui.cli.output import json_option, print_json, print_text
from lwtui.config import EXAMPLE, config_file, read_config
from lwtui.errors import BadInput


@click.command("config")
@click.option("--example", is_flag=True, help="Print a file with every setting explained.")
@click.option("--write", is_flag=True, help="Write that file, if there is none yet.")
@json_option
def config_command(example: bool, write: bool, as_json: bool) -> None:
    """Show where the settings are and check them."""
    file = config_file()
    if example:
        click.echo(EXAMPLE, nl=False)
        return
    if write:
        _write()
        return
    config = read_config()
    if as_json:
        print_json({"file": str(file), "there": file.exists(), **dataclasses.asdict(config)})
        return
    print_text(str(file))
    if not file.exists():
        print_text("There is no such file yet: `lwtui config --write` makes one.", err=True)


def _write() -> None:
    from lwtui.learnware.storage import write_atomically

    file = config_file()
    if file.exists():
        raise BadInput("There are settings already.", file=file, hint="Edit that file.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, EXAMPLE.encode())
    except OSError as error:
        raise BadInput(f"It cannot be written: {error.strerror}.", file=file) from error
    print_text(f"Wrote {file}.")
