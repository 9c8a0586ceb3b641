"""Which files of a repository a pull fetches, and which names it refuses.

Only what runs here and what belongs to it: an adapter, or the safetensors weights of one model, or
one quantisation in GGUF; tokenizer, configuration, card, licence, and a published ``learnware/``.
Never a pickle and never program code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from lwtui.dock.facts import adapter_weights
from lwtui.dock.quantisation import Quantisation, choose, quantisations
from lwtui.dock.record import HubFile, WeightFormat
from lwtui.errors import BadInput
from lwtui.learnware.recognise import is_kept
from lwtui.learnware.storage import CODE_SUFFIXES, PICKLE_SUFFIXES, human_size
from lwtui.safe_text import one_line

MANIFEST = "learnware/learnware.toml"
INDEX = "model.safetensors.index.json"
WEIGHTS = "model.safetensors"
MOST_FILES = 20_000
"""Of a repository that is looked at; of models lwtui runs, none has a tenth of them."""
LARGEST_TEXT = 128 * 1024 * 1024
"""Bytes of a file that is no weights. The largest tokenizers have 35 MB."""
LARGEST_WEIGHTS = 50_000_000_000
"""Bytes; larger ones the Hub does not serve over HTTP (``MAX_HTTP_DOWNLOAD_SIZE``)."""
_LONGEST_PATH = 400
_LONGEST_NAME = 200
_WRITERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
"""How transformers ends the names of models that write text."""
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_SHARD_NAME = re.compile(r"[A-Za-z0-9][\w.\-]*\.safetensors")
_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")

ReadIndex = Callable[[], Mapping[str, str]]
"""Reads ``weight_map`` of the index: tensor name to the shard's file name."""


@dataclass(frozen=True)
class Choice:
    """The files to fetch."""

    format: WeightFormat
    files: tuple[HubFile, ...]
    quantisation: str = ""
    notes: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.files)


def check_names(paths: Iterable[str], repo: str = "") -> None:
    """Refuse a repository with a name that leads elsewhere or is made to confuse: nothing of it is
    trusted then. Raises ``BadInput``."""
    for count, path in enumerate(paths, 1):
        problem = _name_problem(path)
        if count > MOST_FILES:
            problem = "is one of more files than any model has"
        if problem:
            raise BadInput(
                f"{repo or 'The repository'} has a file that is refused: {one_line(path, 80)!r} "
                f"{problem}.",
                hint="Nothing was fetched. No tool of the Hub makes such names: do not use this "
                "repository, and tell the Hub about it.",
            )


def writes_text(config: Mapping[str, Any]) -> bool:
    """Whether a model's ``config.json`` is of a causal language model, as far as it says. Encoders
    and classifiers load, and write nonsense."""
    names = config.get("architectures")
    if not isinstance(names, list) or not names:
        return True
    return any(str(name).endswith(_WRITERS) for name in names)


def _name_problem(path: str) -> str:
    if not path or any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in path):
        return "has a control character or is empty"
    parts = path.split("/")
    if path.startswith("/") or ":" in parts[0] or "\\" in path:
        return "is no path inside the repository"
    if any(part in ("", ".", "..") for part in parts):
        return "leads out of the repository"
    if len(path) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
        return "is too long"
    return ""


def choose_files(
    files: Iterable[HubFile],
    *,
    quantisation: str = "",
    free_memory: int = 0,
    read_index: ReadIndex | None = None,
    named: Iterable[str] = (),
) -> Choice:
    """What to fetch of a repository's files.

    ``quantisation`` names one of a GGUF repository (else the one that suits ``free_memory``, in
    bytes); ``named`` are the model files that a published ``learnware.toml`` lists. Raises
    ``BadInput`` when there is nothing here that lwtui can run, or not all of it.
    """
    files = tuple(files)
    check_names(file.path for file in files)
    there = {file.path: file for file in files}
    weights = _weights(there, quantisation, free_memory, read_index, frozenset(named))
    beside = [
        file
        for path, file in there.items()
        if is_kept(path) or _is_published(path) or (path in set(named) and _is_safe(path))
    ]
    if weights.format == "gguf":
        beside = [file for file in beside if not file.path.endswith((".safetensors", INDEX))]
    elif INDEX not in weights.paths:
        beside = [file for file in beside if file.path != INDEX]
    chosen = {file.path: file for file in (*beside, *weights.files)}
    # The small ones first: what is wrong with a model is mostly seen in them.
    ordered = tuple(sorted(chosen.values(), key=lambda file: (file.size, file.path)))
    _check_chosen(ordered)
    return replace(weights, files=ordered)


def _weights(
    there: Mapping[str, HubFile],
    quantisation: str,
    free_memory: int,
    read_index: ReadIndex | None,
    named: frozenset[str],
) -> Choice:
    ggufs = quantisations(there.values(), free_memory)
    listed = [there[path] for path in named if path in there and _is_weights(path)]
    adapter = [file for file in adapter_weights(there.values()) if "-of-" not in file.path]
    if not quantisation:
        if listed and "adapter_config.json" in there and adapter:
            return Choice("peft", tuple(listed))
        if "adapter_config.json" in there and adapter:
            return Choice("peft", tuple(adapter))
        whole = _whole(there, read_index)
        if whole is not None:
            others = ", ".join(each.name for each in ggufs[:4])
            note = f"It also has GGUF: --quantisation {others}." if ggufs else ""
            return Choice("safetensors", whole, notes=(note,) if note else ())
    if ggufs:
        return _gguf(ggufs, quantisation)
    if quantisation:
        raise BadInput("There is no GGUF here to choose from.", hint="Leave --quantisation out.")
    alone = [file for path, file in there.items() if path.endswith(".gguf") and "/" not in path]
    if len(alone) == 1:
        return Choice("gguf", tuple(alone))  # an adapter's, by its name; its header says so
    raise _nothing(there)


def _gguf(ggufs: tuple[Quantisation, ...], quantisation: str) -> Choice:
    chosen = choose(ggufs, quantisation)
    names = ", ".join(f"{each.name} ({human_size(each.size)})" for each in ggufs)
    if chosen is None:
        raise BadInput(
            f"There is no {one_line(quantisation, 40)!r} here.", hint=f"There are: {names}."
        )
    notes = [] if len(ggufs) == 1 else [f"Quantisation {chosen.name}, of {names}."]
    if not chosen.fits:
        notes.append(f"{chosen.name} may not fit in this machine's memory.")
    return Choice("gguf", chosen.files, chosen.name, tuple(notes))


def _whole(
    there: Mapping[str, HubFile], read_index: ReadIndex | None
) -> tuple[HubFile, ...] | None:
    """A whole model's safetensors files at the top, complete; None if it has none."""
    if "config.json" not in there:
        return None
    if WEIGHTS in there:
        return (there[WEIGHTS],)
    shards = sorted(path for path in there if _SHARD.fullmatch(path))
    if INDEX not in there:
        if not shards:
            return None
        raise BadInput(
            f"The weights are in {len(shards)} parts, and {INDEX}, which says what is where, is "
            "missing.",
            hint="Its authors must add it; look for a copy of this model that has it.",
        )
    wanted = sorted(set(read_index().values())) if read_index is not None else shards
    missing = [name for name in wanted if name not in there or not _SHARD_NAME.fullmatch(name)]
    if missing or not wanted:
        raise BadInput(
            f"Not all weights are there: {one_line(missing[0], 80) if missing else INDEX} of "
            f"{len(wanted)} parts is missing."
            if missing
            else f"{INDEX} names no weights.",
            hint="Its authors may still be uploading: try again later, or look for another copy.",
        )
    return (there[INDEX], *(there[name] for name in wanted))


def _nothing(there: Mapping[str, HubFile]) -> BadInput:
    suffixes = {PurePosixPath(path).suffix.lower() for path in there}
    if suffixes & PICKLE_SUFFIXES:
        return BadInput(
            "Its weights are pickles (.bin, .pt): loading them can run any code, so lwtui never "
            "does.",
            hint="Look for a copy in safetensors or GGUF: `lwtui search --hub NAME`.",
        )
    return BadInput(
        "There is no model here that lwtui can run.",
        hint="It takes a PEFT adapter (adapter_model.safetensors), a Hugging Face model "
        "(config.json and model*.safetensors at the top) or GGUF.",
    )


def _is_published(path: str) -> bool:
    return path.startswith("learnware/") and _is_safe(path) and not path.endswith(".gguf")


def _is_safe(path: str) -> bool:
    suffix = PurePosixPath(path).suffix.lower()
    hidden = any(part.startswith(".") for part in path.split("/"))
    return suffix not in PICKLE_SUFFIXES | CODE_SUFFIXES and not hidden


def _is_weights(path: str) -> bool:
    return path.endswith((".safetensors", ".gguf")) and _is_safe(path)


def _check_chosen(files: tuple[HubFile, ...]) -> None:
    """Raise ``BadInput`` for names that not every system can hold, and for absurd sizes."""
    seen: dict[str, str] = {}
    for file in files:
        for part in file.path.split("/"):
            if _WINDOWS.fullmatch(part) or part[-1] in ". " or set(part) & set('<>:"|?*'):
                raise BadInput(f"{one_line(file.path, 80)!r} is no name for a file everywhere.")
        twin = seen.setdefault(file.path.casefold(), file.path)
        if twin != file.path:
            raise BadInput(
                f"{twin!r} and {file.path!r} differ in upper and lower case alone.",
                hint="They cannot lie beside each other on every system, so neither is fetched.",
            )
        limit = LARGEST_WEIGHTS if _is_weights(file.path) else LARGEST_TEXT
        if file.size > limit:
            raise BadInput(
                f"{file.path} has {human_size(file.size)}: too large to be right.",
                hint="Nothing was fetched. Look at its page on the Hub before you trust it.",
            )
