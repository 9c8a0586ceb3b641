"""Which file of a GGUF repository this machine should get.

The rule, as the cards of the Hub's busiest quantisers give it ("a file size 1-2 GB smaller than
your memory", "Q8_0: extremely high quality, generally unneeded but max available quant"; see
https://huggingface.co/bartowski): the largest that leaves room for the context, and of what fits
not more than Q8_0, because 16 bits are twice the size for an answer nobody can tell apart. It is
advice: any other may be named.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from lwtui.dock.record import HubFile

ROOM = 256 * 2**20
ROOM_SHARE = 0.2
ROOM_MOST = 2 * 2**30
"""Bytes beside the weights for a context of some 4,000 tokens and the computation: 256 MiB and a
fifth of the weights, at most 2 GiB. (The cache of keys and values of a Llama of 8 B takes 512 MiB
at 4,096 tokens: 2 · 32 layers · 4,096 · 1,024 · 2 bytes.)"""

# Names as `llama-quantize --help` of llama.cpp lists them, with what publishers put before.
_NAME = re.compile(
    r"(?:^|[-._/ ])((?:UD-)?(?:I?Q\d(?:_[A-Z0-9]{1,3})*|TQ\d_\d|MXFP4(?:_MOE)?|NVFP4|BF16|F?P?16"
    r"|FP32|F32))(?=$|[-._/ ])",
    re.IGNORECASE,
)
_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_OTHER = re.compile(r"(?:^|[-._/])(?:mmproj|imatrix|draft|lora|vocab|control-?vector)(?:[-._/]|$)")
_WHOLE_PRECISION = ("BF16", "F16", "FP16", "F32", "FP32", "16")


@dataclass(frozen=True)
class Quantisation:
    """One choice of a GGUF repository."""

    name: str
    """``Q4_K_M``; the file's own name where it tells none, or where two would share one."""
    files: tuple[HubFile, ...]
    """One, or all parts of a split model in order; llama.cpp is given the first."""
    size: int
    """Bytes."""
    fits: bool
    """Whether it fits in the free memory, with room for a context."""
    advised: bool = False


def quantisations(files: Iterable[HubFile], free_memory: int) -> tuple[Quantisation, ...]:
    """The choices among a repository's files, the smallest first; exactly one is advised.

    ``free_memory`` in bytes; 0 means not known, and everything fits. A split model with a part
    missing is no choice, nor are projectors, adapters and importance matrices. Empty if there is
    nothing to choose from. If none fits, the smallest is advised, with ``fits`` false.
    """
    groups: dict[str, list[tuple[int, int, HubFile]]] = defaultdict(list)
    for file in files:
        stem = file.path[:-5]
        if not file.path.lower().endswith(".gguf") or _OTHER.search(stem.lower()):
            continue
        part = _PART.search(stem)
        place, of = (int(part[1]), int(part[2])) if part else (1, 1)
        groups[_PART.sub("", stem)].append((place, of, file))
    found = []
    for stem, parts in groups.items():
        parts.sort(key=lambda part: part[0])
        whole = [place for place, _, _ in parts] == list(range(1, parts[0][1] + 1))
        if whole:
            chosen = tuple(file for _, _, file in parts)
            found.append((stem, chosen, sum(file.size for file in chosen)))
    names = _names([stem for stem, _, _ in found])
    choices = [
        Quantisation(names[stem], chosen, size, fits(size, free_memory))
        for stem, chosen, size in found
    ]
    choices.sort(key=lambda choice: (choice.size, choice.name))
    best = _best(choices)
    return tuple(
        Quantisation(each.name, each.files, each.size, each.fits, advised=each is best)
        for each in choices
    )


def choose(choices: Iterable[Quantisation], name: str = "") -> Quantisation | None:
    """The choice of that name (case does not matter), or the advised one; None if there is none."""
    wanted = name.strip().casefold()
    for choice in choices:
        if choice.name.casefold() == wanted if wanted else choice.advised:
            return choice
    return None


def room(size: int) -> int:
    """Bytes kept beside ``size`` bytes of weights."""
    return int(min(ROOM_MOST, ROOM + ROOM_SHARE * size))


def fits(size: int, free_memory: int) -> bool:
    return free_memory <= 0 or size + room(size) <= free_memory


def free_memory() -> int:
    """Bytes for a GGUF model here: the GPU's where llama.cpp can use it, else free RAM.

    Of a GPU the whole is known and not what is free. A Mac's GPU shares the RAM.
    """
    from lwtui.backend.machine import find_gpu, llama_cpp_status, look

    gpu = find_gpu()
    if gpu is not None and gpu.memory and gpu.kind in llama_cpp_status().devices:
        return gpu.memory
    return look().available


def _best(choices: list[Quantisation]) -> Quantisation | None:
    fitting = [choice for choice in choices if choice.fits]
    reduced = [each for each in fitting if each.name.upper() not in _WHOLE_PRECISION]
    if reduced or fitting:
        return (reduced or fitting)[-1]
    return choices[0] if choices else None


def _names(stems: list[str]) -> dict[str, str]:
    """Each stem's short name: the quantisation in its file name, else in its folder."""
    short = {}
    for stem in stems:
        name = stem.rpartition("/")[2]
        found = _NAME.findall(name) or _NAME.findall(stem)
        text = found[-1].upper() if found else name
        short[stem] = text
    shared = {name for name in short.values() if list(short.values()).count(name) > 1}
    return {stem: stem if name in shared else name for stem, name in short.items()}
