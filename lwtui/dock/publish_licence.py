"""Whether a learnware's licences let it be published, and what to tell of them."""

from __future__ import annotations

from lwtui.errors import BadInput
from lwtui.learnware.licences import licence_note
from lwtui.learnware.manifest import FILE_NAME
from lwtui.learnware.model import Learnware


def check_licence(learnware: Learnware, base: str, base_licence: str, name: str) -> tuple[str, ...]:
    """What the user should know of the licences of a learnware, its base and its data. ``name`` is
    what the card calls a licence that the Hub files under ``other``.

    Raises ``BadInput`` when none is stated, when it is unknown, and when the base's forbids what is
    made from it to be shared. It reads ids, not terms: that the author may publish is for the
    author to know.
    """
    own = learnware.semantic.licence.strip().lower()
    notes = []
    told = f"{name}: has terms of its own" if own == "other" and name else _stated(learnware)
    if told != own:
        notes.append(f"Its licence is {told}.")
    if base:
        notes += _of_base(own, base, base_licence.strip().lower())
    for data in learnware.semantic.data:
        notes += _of_data(data.name, data.licence.strip().lower())
    return tuple(dict.fromkeys(notes))


def _stated(learnware: Learnware) -> str:
    try:
        return licence_note(learnware.semantic.licence)
    except BadInput as error:
        if learnware.specs_folder is not None:
            error.file = str(learnware.specs_folder / FILE_NAME)
        raise


def _of_base(own: str, base: str, licence: str) -> list[str]:
    if "-nd" in licence:
        raise BadInput(
            f"The base {base} is under {licence}: nothing made from it may be shared.",
            field="semantic.licence",
            hint="Ask its author for permission, or train on another base.",
        )
    try:
        told = licence_note(licence)
    except BadInput:
        said = f"{licence!r:.60}, which is not known here" if licence else "not stated"
        return [f"The licence of its base {base} is {said}: read its terms first."]
    if told == licence or licence == own:
        return []
    return [f"Its base {base} is under {told}; this is published as {own}."]


def _of_data(name: str, licence: str) -> list[str]:
    try:
        told = licence_note(licence)
    except BadInput:
        # "public domain" and "own work" are words, not ids; only silence is worth a word.
        return [] if licence else [f"No licence is stated for the data {name!r:.80}."]
    return [] if told == licence else [f"It learnt from {name!r:.80}: {told}."]
