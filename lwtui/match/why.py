"""Why a match came out as it did: nearest learnwares, domains, what each part contributes."""

from __future__ import annotations

from collections.abc import Sequence

from lwtui.match.result import DomainShare, Match

NEAREST = 10
"""How many of the most similar learnwares the shares of the domains are told from."""


def nearest(matches: Sequence[Match], count: int = NEAREST) -> tuple[Match, ...]:
    """The most similar of them. That is not always the order they are ranked in: a ranking goes by
    the gain to expect, where gains are known."""
    return tuple(sorted(matches, key=lambda match: -match.similarity)[:count])


def domain_shares(matches: Sequence[Match], count: int = NEAREST) -> tuple[DomainShare, ...]:
    """Which domains the data is like, the largest share first.

    Of the ``count`` most similar learnwares, each domain's share of the sum of their similarities,
    negative ones counting as 0. It is a description of the nearest learnwares and no probability:
    a collection with many learnwares of a domain has more of them among the nearest. Empty when
    none is similar at all.
    """
    near = nearest(matches, count)
    total = sum(max(0.0, match.similarity) for match in near)
    if total <= 0:
        return ()
    sums: dict[str, tuple[float, int]] = {}
    for match in near:
        mass, many = sums.get(match.learnware.semantic.domain, (0.0, 0))
        sums[match.learnware.semantic.domain] = (mass + max(0.0, match.similarity), many + 1)
    shares = [DomainShare(name, mass / total, many) for name, (mass, many) in sums.items()]
    return tuple(sorted(shares, key=lambda each: (-each.share, each.domain)))


def contributions(match: Match) -> dict[str, float]:
    """What each part (``prompt``, ``answer``…) adds to the similarity: its cosine divided by the
    number of parts, since the similarity is their mean. They sum to it; one may be negative."""
    count = len(match.parts)
    return {name: value / count for name, value in match.parts.items()}
