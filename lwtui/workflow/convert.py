"""From a PEFT adapter to a GGUF adapter, so that llama.cpp can run it."""

from __future__ import annotations

from pathlib import Path

from lwtui.errors import BadInput
from lwtui.isolated import run_isolated
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, ModelFile
from lwtui.workflow.work_folder import work_folder

FILE_NAME = "adapter-f16.gguf"


def convert(id: str, *, context: JobContext | None = None) -> Learnware:
    """Give an adapter of the user's own a GGUF form beside its PEFT form; return it as it then is.

    The shape of its base is read from the base's GGUF, or else from its safetensors. Works in a
    process of its own; progress counts layers. Raises ``BadInput`` for what is no PEFT adapter or
    cannot be converted faithfully (nothing is changed then), ``Cancelled``, ``LwtuiError``.
    """
    context = context or JobContext()
    with Collection.open() as collection:
        learnware = collection.get(id)
        base = collection.base_of(learnware)
        folder = _check(learnware, base, builtin=collection.is_builtin(learnware))
        if base is None:
            raise AssertionError("checked")
        weights, gguf = base.file("safetensors"), base.file("gguf")
        hub = base.provenance.source == "hub"
        with work_folder("convert") as temporary:
            out = temporary / FILE_NAME
            request = {
                "adapter": str(folder),
                "model": str(weights.parent) if weights is not None and weights.is_file() else "",
                "gguf": str(gguf) if gguf is not None and gguf.is_file() else "",
                "out": str(out),
                "name": learnware.id,
                "repository": base.provenance.location if hub else "",
            }
            run_isolated("lwtui.convert.worker:run", request, context)
            return collection.add_file(
                learnware.id, out, ModelFile(FILE_NAME, "gguf-lora"), context
            )


def _check(learnware: Learnware, base: Learnware | None, *, builtin: bool) -> Path:
    """The adapter's folder; raises ``BadInput`` when there is nothing to convert."""
    if learnware.model.kind != "adapter":
        raise BadInput(
            f"{learnware.id} is a whole model; adapters are converted.",
            hint="Many models have a GGUF repository beside their own: "
            f"lwtui search --hub {learnware.name} --format gguf",
        )
    if not learnware.pulled:
        raise BadInput(
            f"{learnware.id} is on the Hub and its weights are not on this machine.",
            hint=f"Pull it first: lwtui pull {learnware.id}",
        )
    existing = learnware.file("gguf-lora")
    if existing is not None and existing.is_file():
        raise BadInput(
            f"{learnware.id} has a GGUF form already: {existing.name}.",
            hint=f"To run it: lwtui chat {learnware.id} --backend llama_cpp",
        )
    if builtin:
        raise BadInput(f"{learnware.id} is built into lwtui and cannot be changed.")
    peft = learnware.file("peft")
    if peft is None:
        raise BadInput(f"{learnware.id} has no PEFT weights (adapter_model.safetensors).")
    if base is None:
        raise BadInput(
            f"{learnware.id} is an adapter on {learnware.model.base}, which is not here, and the "
            "shape of its base must be known.",
            hint=f"Add it first: lwtui pull {learnware.model.base}",
        )
    return peft.parent


def base_has_gguf(learnware: Learnware) -> bool:
    """Whether llama.cpp finds the base of a converted adapter here."""
    with Collection.open() as collection:
        base = collection.base_of(learnware)
    return base is not None and base.file("gguf") is not None
