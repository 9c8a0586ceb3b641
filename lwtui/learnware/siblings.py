"""One base in two repositories: the weights in its own, their GGUF in another's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from lwtui.learnware.model import Learnware

_SUFFIX = "-gguf"


def gguf_name(base: Learnware) -> str:
    """What whoever makes the GGUF of a model calls it, by custom, under any owner."""
    origin = base.provenance
    name = origin.location.rpartition("/")[2] if origin.source == "hub" else base.name
    return f"{name}{_SUFFIX}".lower()


def with_gguf(base: Learnware, candidates: Iterable[Learnware]) -> Learnware:
    """``base`` with the GGUF of the candidate that is called so, if one is; for running it, not
    for keeping: the added file's path is absolute."""
    for other in candidates:
        file = next((file for file in other.model.files if file.format == "gguf"), None)
        path = other.path_of(file) if file is not None else None
        named = other.model.kind != "adapter" and other.name.lower() == gguf_name(base)
        if file is None or path is None or not named or not other.pulled:
            continue
        added = dataclasses.replace(file, path=str(path), own=False)
        model = dataclasses.replace(base.model, files=(*base.model.files, added))
        return dataclasses.replace(base, model=model)
    return base
