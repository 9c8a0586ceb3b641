"""What is not on this machine: which of equals to have, and what that would cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lwtui.errors import BadInput
from lwtui.learnware.licences import licence_note
from lwtui.learnware.model import Learnware

FindBase = Callable[[Learnware], Learnware | None]
"""The base of an adapter, here or only known; None when neither or when it has none."""


def cost(learnware: Learnware, base_of: FindBase) -> int | None:
    """Bytes to fetch until it runs here, with its base: 0 when it is here. What the Hub's pages
    said when it became known; None where they did not."""
    if learnware.pulled:
        return 0
    if learnware.model.kind != "adapter":
        return learnware.size or None
    base = base_of(learnware)
    if base is None or (not base.pulled and not base.size):
        return None
    # An adapter of unknown size is small beside its base.
    return learnware.size + (0 if base.pulled else base.size)


def fits(learnware: Learnware, base_of: FindBase, memory: int) -> bool | None:
    """Do its weights, with its base's, go into ``memory`` bytes? None where their size is not
    known. A measure of what cannot run, no promise that what fits will be fast."""
    base = base_of(learnware) if learnware.model.kind == "adapter" else None
    if learnware.model.kind == "adapter" and (base is None or not base.size):
        return None
    size = learnware.size + (base.size if base is not None else 0)
    return size <= memory if size else None


def order(learnware: Learnware, base_of: FindBase, memory: int) -> tuple[Any, ...]:
    """What comes first of learnwares that share a specification, so that nothing in the data tells
    them apart: what is here, what fits into ``memory`` bytes, the more open licence, the
    smaller; then by id."""
    base = base_of(learnware)
    size = learnware.size + (base.size if base is not None else 0)
    unknown = not learnware.pulled and cost(learnware, base_of) is None
    licence = _closedness(learnware.semantic.licence)
    return (not learnware.pulled, unknown or size > memory, licence, unknown, size, learnware.id)


def _closedness(licence: str) -> int:
    """0: permissive, 1: on terms, 2: not for commercial use, 3: none is known."""
    try:
        note = licence_note(licence)
    except BadInput:
        return 3
    if note == licence.strip().lower():
        return 0
    return 2 if "no commercial use" in note else 1
