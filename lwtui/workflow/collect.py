"""Add to the collection and remove from it."""

from __future__ import annotations

from pathlib import Path

from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.learnware.recognise import recognise


def add(
    path: Path,
    *,
    id: str | None = None,
    base: str | None = None,
    in_place: bool = False,
    context: JobContext | None = None,
) -> Learnware:
    """Add what lies at ``path``: a PEFT adapter's folder, a Hugging Face model's folder, a
    ``.gguf`` file or folder, or a folder with ``learnware.toml``.

    ``id`` and ``base`` overrule what the files say; ``in_place`` leaves the weights where they are.
    Progress counts bytes. Raises ``BadInput`` (nothing was changed) or ``LwtuiError``.
    """
    with Collection.open() as collection:

        def find_base(name: str) -> Learnware | None:
            return collection.find_base(name) if name else None

        draft = recognise(path, find_base, identifier=id, base=base)
        return collection.add(
            draft.learnware,
            draft.weights,
            draft.specifications,
            in_place=in_place,
            context=context,
        )


def remove(id: str) -> Learnware:
    """Remove one of the user's own learnwares; return what it was. Raises ``BadInput``."""
    with Collection.open() as collection:
        learnware = collection.get(id)
        collection.remove(id)
        return learnware
