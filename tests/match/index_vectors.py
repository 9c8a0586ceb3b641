"""Vectors and rows for tests of the index."""

from __future__ import annotations

import numpy as np

from lwtui.match.index.project import Kind, project, quantised
from lwtui.match.index.segment import Block, Facts, block_of, hash64, word64
from lwtui.spec.specification import Specification

KIND = Kind("test-1", "gradient", (("prompt", 600), ("answer", 600), ("output", 40)), width=256)
DOMAINS = ("", "finance", "Medicine")
Vectors = dict[str, np.ndarray]


def vectors(seed: int, parts: int = 7) -> Vectors:
    """Unit vectors around one of five centres; ``parts`` says which."""
    result = {}
    for place, (name, length) in enumerate(KIND.lengths):
        if parts >> place & 1:
            centre = np.random.default_rng(seed % 5).normal(size=length)
            vector = centre + np.random.default_rng(1000 + seed).normal(size=length)
            result[name] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return result


def row(name: str, found: Vectors, domain: str = "", size: int = 0) -> Block:
    codes = np.zeros((1, KIND.row_bytes), np.int8)
    for part, vector in found.items():
        codes[0, KIND.columns[part]] = quantised(project(vector[None], KIND.width))[0]
    has = sum(1 << KIND.parts.index(part) for part in found)
    facts = Facts(name, hash64(name), domain=word64(domain), size=size, has=has)
    return block_of(KIND, [facts], codes)


def wanted(found: Vectors) -> Specification:
    return Specification("gradient", KIND.space, found, 1)


def cosine(ours: Vectors, theirs: Vectors) -> float:
    shared = [part for part in ours if part in theirs]
    return float(np.mean([ours[part] @ theirs[part] for part in shared]))
