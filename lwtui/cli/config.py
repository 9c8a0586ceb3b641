"""``lwtui config``: where the settings are, what they say, what they may say."""

from __future__ import annotations

import dataclasses

import click

from lwtui.cli.output import json_option, print_json, print_text
from lwtui.config import EXAMPLE, THEME_EXAMPLE, config_file, read_config, themes_folder
from lwtui.errors import BadInput


@click.command("config")
@click.option("--example", is_flag=True, help="Print a file with every setting explained.")
@click.option("--theme", is_flag=True, help="Print a theme, to begin one of your own with.")
@click.option("--write", is_flag=True, help="Write that file, if there is none yet.")
@json_option
def config_command(example: bool, theme: bool, write: bool, as_json: bool) -> None:
    """Show where the settings are and check them."""
    file = config_file()
    if example or theme:
        click.echo(EXAMPLE if example else THEME_EXAMPLE, nl=False)
        return
    if write:
        _write()
        return
    config = read_config()
    if as_json:
        where = {"file": str(file), "there": file.exists(), "themes": str(themes_folder())}
        print_json({**where, **dataclasses.asdict(config)})
        return
    print_text(str(file))
    print_text(f"{themes_folder()}  (themes of your own)")
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
