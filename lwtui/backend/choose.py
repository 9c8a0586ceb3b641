"""Which backend runs a learnware here, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lwtui.backend import machine as machines
from lwtui.backend.machine import Machine
from lwtui.backend.protocol import BackendName, BackendStatus, ModelPlan
from lwtui.backend.served import notice, served, served_by_id
from lwtui.errors import BadInput
from lwtui.learnware.model import FileFormat, Learnware

LONGEST_CONTEXT = 8192
"""Tokens; models trained with more get this much, as the memory for a context is taken at once."""
BACKENDS: tuple[BackendName, ...] = ("transformers", "llama_cpp")


@dataclass(frozen=True)
class Choice:
    """What to load, and a sentence that says why."""

    plan: ModelPlan
    reason: str


def choose(
    learnware: Learnware,
    base: Learnware | None,
    wanted: str = "auto",
    machine: Machine | None = None,
    statuses: Sequence[BackendStatus] | None = None,
    server: str = "",
    served_model: str = "",
) -> Choice:
    """Pick a backend for ``learnware``; ``base`` is the model an adapter builds on.

    ``auto``: with a GPU that PyTorch can use, transformers if there are safetensors weights;
    else llama.cpp if there is a GGUF and llama-cpp-python is installed; else transformers.
    ``openai`` is never chosen by itself: ``server`` runs the learnware as ``served_model``, and
    the reason says where prompts go. Raises ``BadInput`` when nothing fits, naming what is
    missing.
    """
    if wanted == "openai":
        return _elsewhere(learnware, base, served(served_model, server), statuses)
    if wanted not in ("auto", *BACKENDS):
        known = "auto, transformers, llama_cpp or openai"
        raise BadInput(f"There is no backend {wanted!r}.", hint=f"Use {known}.")
    if not learnware.pulled:
        raise BadInput(
            f"{learnware.id} is on the Hub and its weights are not on this machine.",
            hint=f"Pull it first: lwtui pull {learnware.id}",
        )
    if learnware.model.kind == "adapter" and base is None:
        raise BadInput(
            f"{learnware.id} is an adapter on {learnware.model.base}, which is not here.",
            hint=f"Add it first: lwtui pull {learnware.model.base}",
        )
    machine = machine or machines.look()
    by_name = {status.name: status for status in (statuses or machines.statuses())}
    plans = {name: _plan(name, learnware, base) for name in BACKENDS}
    if wanted != "auto":
        name: BackendName = "llama_cpp" if wanted == "llama_cpp" else "transformers"
        return Choice(_must(name, plans, by_name, learnware), "You asked for it.")
    usable = [n for n in BACKENDS if plans[n] is not None and by_name[n].available]
    if not usable:
        raise _nothing(plans, by_name, learnware)
    return _automatic(usable, plans, by_name, machine)


def choose_served(id: str, statuses: Sequence[BackendStatus] | None = None) -> Choice:
    """The model ``openai:NAME@URL`` of a server. Raises ``BadInput``."""
    return _at_server(served_by_id(id), statuses)


def _elsewhere(
    learnware: Learnware,
    base: Learnware | None,
    plan: ModelPlan,
    statuses: Sequence[BackendStatus] | None,
) -> Choice:
    """A learnware of the collection that a server runs: its template and context are known."""
    template = learnware.model.chat_template or (base.model.chat_template if base else "")
    known = replace(
        plan,
        learnware=learnware.id,
        chat_template=template if "{" in template else "",
        context_length=learnware.model.context_length,
    )
    return _at_server(known, statuses)


def _at_server(plan: ModelPlan, statuses: Sequence[BackendStatus] | None) -> Choice:
    status = {status.name: status for status in (statuses or machines.statuses())}.get("openai")
    if status is not None and not status.available:
        raise BadInput(f"The backend openai cannot run here: {status.reason}", hint=status.hint)
    return Choice(plan, f"You asked for it. {notice(plan.server)}")


def _automatic(
    usable: list[BackendName],
    plans: dict[BackendName, ModelPlan | None],
    by_name: dict[BackendName, BackendStatus],
    machine: Machine,
) -> Choice:
    gpus = [device for device in by_name["transformers"].devices if device != "cpu"]
    name: BackendName
    if "transformers" in usable and gpus:
        gpu = machine.gpu.name if machine.gpu else gpus[0]
        name, reason = "transformers", f"The {gpu} runs its safetensors weights fastest."
    elif "llama_cpp" in usable:
        name = "llama_cpp"
        reason = "On a CPU its GGUF weights run fastest in llama.cpp."
        if "cpu" not in by_name["llama_cpp"].devices[:1]:
            reason = "llama.cpp runs its GGUF weights on the GPU."
    elif plans["llama_cpp"] is not None:
        name = "transformers"
        reason = f"On this CPU, as {_uncapital(by_name['llama_cpp'].reason)}"
    else:
        name, reason = "transformers", "It offers safetensors weights and no GGUF."
    plan = plans[name]
    if plan is None:
        raise AssertionError("a backend without a plan is not usable")
    return Choice(plan, reason)


def _must(
    name: BackendName,
    plans: dict[BackendName, ModelPlan | None],
    by_name: dict[BackendName, BackendStatus],
    learnware: Learnware,
) -> ModelPlan:
    status, plan = by_name[name], plans[name]
    if not status.available:
        raise BadInput(f"The backend {name} cannot run here: {status.reason}", hint=status.hint)
    if plan is None:
        kind = "safetensors" if name == "transformers" else "GGUF"
        offered = ", ".join(learnware.formats) or "none"
        raise BadInput(
            f"{learnware.id} has no {kind} weights for the backend {name} (it offers: {offered}).",
            hint="Use the backend auto.",
        )
    return plan


def _nothing(
    plans: dict[BackendName, ModelPlan | None],
    by_name: dict[BackendName, BackendStatus],
    learnware: Learnware,
) -> BadInput:
    for name in BACKENDS:
        if plans[name] is not None:
            status = by_name[name]
            return BadInput(
                f"{learnware.id} needs the backend {name}: {_uncapital(status.reason)}",
                hint=status.hint,
            )
    return BadInput(
        f"{learnware.id} offers no weights that lwtui can run "
        f"(formats: {', '.join(learnware.formats) or 'none'}).",
        hint="It takes safetensors or GGUF; an adapter and its base must share one of them.",
    )


def _plan(name: BackendName, learnware: Learnware, base: Learnware | None) -> ModelPlan | None:
    """What ``name`` would load; None when the learnware lacks that form."""
    whole: FileFormat = "safetensors" if name == "transformers" else "gguf"
    part: FileFormat = "peft" if name == "transformers" else "gguf-lora"
    adapter = None
    owner = learnware
    if learnware.model.kind == "adapter":
        if base is None:
            return None
        adapter, owner = learnware.file(part), base
        if adapter is None:
            return None
    weights = owner.file(whole)
    if weights is None:
        return None
    if name == "transformers":
        weights, adapter = _folder(weights), _folder(adapter) if adapter else None
    template = learnware.model.chat_template or owner.model.chat_template
    trained = learnware.model.context_length or owner.model.context_length
    return ModelPlan(
        learnware=learnware.id,
        backend=name,
        base=weights,
        adapter=adapter,
        # The words "tokenizer" and "gguf" say where the model brings its own.
        chat_template=template if "{" in template else "",
        context_length=min(trained or LONGEST_CONTEXT, LONGEST_CONTEXT),
    )


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _uncapital(text: str) -> str:
    return text[:1].lower() + text[1:]
