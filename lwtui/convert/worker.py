"""What the conversion's own process does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lwtui.convert.base_facts import from_config, from_gguf
from lwtui.convert.lora import lora_to_gguf
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.adapter_check import check_adapter


def run(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Entry point for :func:`lwtui.isolated.run_isolated`.

    ``adapter``: its folder. ``gguf``: the base's GGUF, or empty; ``model``: the folder of its
    safetensors, or empty. ``out``, ``name``, ``repository``: see
    :func:`~lwtui.convert.lora.lora_to_gguf`.
    """
    adapter = Path(request["adapter"])
    facts = None
    if request["model"]:
        model = Path(request["model"])
        facts = from_config(model / "config.json")
        check_adapter(adapter, model)
    if request["gguf"]:
        # What llama.cpp will load decides.
        stated, facts = facts, from_gguf(Path(request["gguf"]))
        if stated is not None and stated.architecture != facts.architecture:
            raise BadInput(
                f"The base's two forms differ: its GGUF is {facts.architecture}, its config says "
                f"{stated.architecture}.",
                file=request["gguf"],
            )
    if facts is None:
        raise BadInput("The base has neither safetensors nor GGUF weights here.")
    layers = lora_to_gguf(
        adapter,
        facts,
        Path(request["out"]),
        name=request["name"],
        repository=request["repository"],
        context=context,
    )
    return {"layers": layers, "architecture": facts.architecture}
