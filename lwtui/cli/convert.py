"""``lwtui convert``."""

from __future__ import annotations

import click

from lwtui.cli.output import json_option, print_json, print_text
from lwtui.cli.present import everything
from lwtui.cli.progress import job
from lwtui.learnware.storage import human_size
from lwtui.workflow.convert import FILE_NAME, base_has_gguf, convert


@click.command("convert")
@click.argument("id")
@json_option
def convert_command(id: str, as_json: bool) -> None:
    """Make a GGUF of the adapter ID, so that llama.cpp can run it.

    For adapters of Llama, Mistral, Qwen2, Qwen3 and Gemma models. What a GGUF adapter cannot hold
    is refused, never left out. The adapter's own files stay as they are.
    """
    with job() as context:
        learnware = convert(id, context=context)
    if as_json:
        print_json(everything(learnware))
        return
    size = next(file.size for file in learnware.model.files if file.path == FILE_NAME)
    print_text(f"Wrote {learnware.file('gguf-lora')} ({human_size(size)}).")
    if not base_has_gguf(learnware):
        print_text(
            f"Its base {learnware.model.base} has no GGUF here yet, which llama.cpp needs too: "
            f"pull a repository named {learnware.model.base.rpartition('/')[2]}-GGUF.",
            err=True,
        )
