"""Learnwares by the million for ``index_scale.py``: the real ones' spectrum, clusters and noise.

Full vectors of a million would be 115 GB. So the synthetic ones lie in a subspace of the real
space: ``LATENT`` orthonormal directions, the first the real specifications' own principal ones.
Within it a vector z stands for Bᵀz in all 28,672 dimensions: cosines are those of z, and the codes
are those of Bᵀz exactly, since a projection is linear (P·Bᵀz = (P·Bᵀ)z, and P·Bᵀ is made by
projecting B). What this cannot show is the tail of the spectrum beyond ``LATENT``; a random
projection does not depend on where energy lies, so nothing is gained by that.

A cluster is the learnwares of one task: its centre is half one of the real specifications, half a
direction drawn from the spectrum of the real ones; sizes follow a Zipf law. A learnware is its
centre plus noise, as strong as drawing 64 other rows makes it and with the spectrum of rows, both
measured on the demo datasets. Spectra are continued beyond the few real directions by a power law.
Gains at the anchors are a real learnware's with noise of a tenth of a nat.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lwtui import paths
from lwtui.learnware.collection import Collection
from lwtui.match.expect import find_anchors
from lwtui.match.index.project import Kind, kind_of, project, quantised
from lwtui.match.index.segment import Block, Facts, block_of, hash64, word64
from lwtui.spec.compare import directions
from lwtui.spec.specification import Specification, load_specification
from lwtui.workflow.specify import specify

LATENT = 1024
PER_CLUSTER = 50
"""Learnwares of a task, on average."""
ZIPF = 0.7
CHUNK = 1 << 14
DOMAINS = ("finance", "medicine", "mathematics", "general")
LICENCES = ("apache-2.0", "mit", "cc-by-4.0")
Array = np.ndarray


def unit(x: Array) -> Array:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-30)


def continued(eigenvalues: Array, length: int) -> tuple[Array, float]:
    """Eigenvalues continued by the power law fitted to them, summing to 1; and its exponent."""
    known = eigenvalues[: int(len(eigenvalues) * 0.8)]
    places = np.arange(1, length + 1)
    slope = np.polyfit(np.log(places[: len(known)]), np.log(known), 1)[0]
    tail = known[-1] * (places[len(known) :] / len(known)) ** slope
    every = np.concatenate([known, tail])
    return every / every.sum(), -slope


@dataclass(frozen=True)
class Part:
    """One part of the specifications, in latent coordinates."""

    real: Array
    """The real specifications, (real, latent)."""
    centres: Array
    """(clusters, latent), of length 1."""
    noise: Array
    """Standard deviation of a coordinate, (latent,)."""
    projected: Array
    """Px of every latent direction, (latent, width)."""
    anchors: Array
    """(anchors, latent)."""
    facts: str


@functools.cache
def real_ones() -> list[Specification]:
    """The starter collection's specifications."""
    with Collection.open() as collection:
        return [
            load_specification(each.specs_folder / entry.file)
            for each in collection.list()
            for entry in each.specifications
            if entry.recipe == "gradient" and each.specs_folder is not None
        ]


@functools.cache
def demo_ones() -> list[Specification]:
    """Specifications of the demo datasets, with their row groups."""
    return [specify(folder) for folder in sorted(paths.demo_root().iterdir()) if folder.is_dir()]


@functools.cache
def latent_basis(kind: Kind, name: str) -> tuple[Array, Array, Array]:
    """The real directions, the sizes of their principal ones, and an orthonormal basis (latent,
    length) that begins with those."""
    length = dict(kind.lengths)[name]
    latent = min(LATENT, length)
    vectors = np.stack([directions(each)[name] for each in real_ones()])
    _, sizes, axes = np.linalg.svd(vectors, full_matrices=False)
    more = np.random.default_rng(0).standard_normal((latent - len(axes), length))
    filled = np.concatenate([axes, more]).astype(np.float32)
    return vectors, sizes, np.ascontiguousarray(np.linalg.qr(filled.T)[0].T)


def make_part(
    kind: Kind, name: str, clusters: int, real: list[Specification], demos: list[Specification]
) -> Part:
    source = np.random.default_rng(len(name))
    vectors, sizes, basis = latent_basis(kind, name)
    latent = len(basis)
    coordinates = vectors @ basis.T
    between, slope = continued(sizes[:-1] ** 2, latent)
    drawn = unit(source.standard_normal((clusters, latent)) * np.sqrt(between))
    which = np.arange(clusters) % len(real)
    centres = unit(unit(coordinates[which]) + drawn)
    strength, rows_slope, within = row_noise(demos, name, latent)
    anchors = find_anchors(kind.space, kind.recipe)
    known = np.zeros((0, latent))
    if anchors is not None:
        known = np.stack([directions(each)[name] for each in anchors.specifications]) @ basis.T
    facts = f"between j^-{slope:.2f}, within j^-{rows_slope:.2f}, noise {strength:.2f}"
    return Part(
        coordinates.astype(np.float32),
        centres.astype(np.float32),
        np.sqrt(strength * within).astype(np.float32),
        project(basis, kind.width, kind.seed),
        known.astype(np.float32),
        facts,
    )


def row_noise(demos: list[Specification], name: str, latent: int) -> tuple[float, float, Array]:
    """Squared length of the noise beside a direction of length 1, the exponent of its spectrum,
    and the spectrum.

    From the row groups: two halves of the rows have the cosine 1 / (1 + 2·noise).
    """
    levels, spectra = [], []
    for each in demos:
        groups = each.groups[name]
        halves = [
            directions(dataclasses.replace(each, parts={name: groups[some].sum(0)}))[name]
            for some in (slice(0, None, 2), slice(1, None, 2))
        ]
        levels.append((1 / max(0.2, float(halves[0] @ halves[1])) - 1) / 2)
        rest = groups - groups.mean(0)
        eigenvalues = np.linalg.eigvalsh(rest @ rest.T)[::-1][: len(groups) - 1]
        spectra.append(eigenvalues / eigenvalues.sum())
    within, slope = continued(np.mean(spectra, axis=0), latent)
    return float(np.mean(levels)), slope, within


@dataclass(frozen=True)
class World:
    """All of it."""

    kind: Kind
    parts: dict[str, Part]
    gains: Array
    """Of the real ones, (real, anchors)."""
    own: Array
    clusters: int

    @classmethod
    def of(cls, count: int) -> World:
        real, demos = real_ones(), demo_ones()
        kind = kind_of(real[0].space, real[0].recipe)
        clusters = max(20, count // PER_CLUSTER)
        parts = {name: make_part(kind, name, clusters, real, demos) for name in kind.parts}
        nothing = np.zeros(kind.tasks, np.float32)
        gains = np.stack([nothing if each.gains is None else each.gains for each in real])
        own = np.array([each.own_gain or 0.0 for each in real], np.float32)
        return cls(kind, parts, gains, own, clusters)

    def labels(self, count: int, source: np.random.Generator) -> Array:
        """Clusters of so many learnwares or requirements."""
        share = np.arange(1, self.clusters + 1) ** -ZIPF
        order = np.random.default_rng(0).permutation(self.clusters)
        return order[source.choice(self.clusters, count, p=share / share.sum())]

    def vectors(self, labels: Array, source: np.random.Generator) -> dict[str, Array]:
        """Latent directions of members of clusters, part by part."""
        result = {}
        for name, part in self.parts.items():
            shape = (len(labels), len(part.noise))
            noise = source.standard_normal(shape, dtype=np.float32) * part.noise
            result[name] = unit(part.centres[labels] + noise)
        return result

    def chunks(self, count: int) -> Iterator[tuple[dict[str, Array], Array, dict[str, Array]]]:
        """(latent directions, codes, plain columns) of ``count`` learnwares, ``CHUNK`` at a time;
        the same every time."""
        labels = self.labels(count, np.random.default_rng(1))
        for begin in range(0, count, CHUNK):
            some = labels[begin : begin + CHUNK]
            source = np.random.default_rng((2, begin))
            latent = self.vectors(some, source)
            codes = [quantised(latent[name] @ self.parts[name].projected) for name in latent]
            model = some % len(self.gains)
            noise = source.standard_normal((len(some), self.kind.tasks), dtype=np.float32)
            columns = {
                "gains": self.gains[model] + np.float32(0.1) * noise,
                "own": self.own[model] + np.float32(0.1) * source.standard_normal(len(some)),
                "domain": model % len(DOMAINS),
                "licence": source.integers(0, len(LICENCES), len(some)),
                "size": source.integers(10**6, 10**9, len(some)),
            }
            yield latent, np.concatenate(codes, axis=1), columns


def block(kind: Kind, begin: int, codes: Array, columns: dict[str, Array]) -> Block:
    """A chunk's rows as the index takes them."""
    domains, licences = [word64(each) for each in DOMAINS], [word64(each) for each in LICENCES]
    every = (1 << len(kind.parts)) - 1
    facts = [
        Facts(
            f"owner{(begin + i) % 1000}/learnware-{begin + i}",
            stamp=hash64(str(begin + i)),
            domain=domains[columns["domain"][i]],
            licence=licences[columns["licence"][i]],
            size=int(columns["size"][i]),
            has=every,
            gains=columns["gains"][i],
            own=float(columns["own"][i]),
        )
        for i in range(len(codes))
    ]
    return block_of(kind, facts, codes)
