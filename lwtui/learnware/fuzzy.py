"""Finding what is meant: exact words first, then near misses, the best first.

Many texts are looked at while somebody types, so every step is a plain loop over a list: short
enough for another thread to get a word in, and no text of a stranger can make it take long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

FEW = 50
"""With fewer finds than this, near misses are looked for too."""
NEAR_MOST = 200
"""So many near misses are enough."""
LOOKED_AT = 5_000
"""So many texts are looked at closely: with a hundred thousand names of one family it would be all
of them at each letter typed."""
_SHORTEST = 3
"""Letters of a word that may be missed nearly."""
_SLIP = 1
"""What a slip costs, one more outside the id; letters that do not stand together cost one for each
between them."""
_RARE = "zqxjkvbpygfwmucldrhsnioate"
"""Letters, the rarest in English first."""


def exact(texts: Sequence[str], words: Sequence[str], among: Sequence[int]) -> list[int]:
    """Those ``among`` the positions of ``texts`` in which every word occurs, in their order."""
    found: Sequence[int] = among
    for word in sorted(words, key=len, reverse=True):
        found = [i for i in found if word in texts[i]]
    return list(found)


def best_first(
    texts: Sequence[str], ends: Sequence[int], words: Sequence[str], found: Sequence[int]
) -> list[int]:
    """``found`` with those first whose id the words begin, then those whose id has them, then the
    rest; equal ones stay as they are. ``ends``: how much of each text is its id."""
    if not words:
        return list(found)
    costs = [0] * len(found)
    for word in words:
        for place, i in enumerate(found):
            at = texts[i].find(word)
            if at >= ends[i]:
                costs[place] += 3
            elif at:
                before = texts[i][at - 1]
                costs[place] += 0 if before == "/" else 1 if before in "-_." else 2
    shelves: list[list[int]] = [[] for _ in range(3 * len(words) + 1)]
    for place, i in enumerate(found):
        shelves[costs[place]].append(i)
    return [i for shelf in shelves for i in shelf]


def near(
    texts: Sequence[str], ends: Sequence[int], words: Sequence[str], found: Sequence[int]
) -> list[int]:
    """Positions that are not among ``found`` and nearly have every word, the best first.

    A word is nearly there when its letters stand close together and in order in the id, or when
    one letter of it is wrong, missing, too much or swapped with the next. At most ``NEAR_MOST``.
    """
    if not any(len(word) >= _SHORTEST for word in words):
        return []
    left: Sequence[int] = range(len(texts))
    costs: dict[int, int] = {}
    # Short words have to be there as they are: they narrow first.
    for word in sorted(words, key=lambda word: (len(word) >= _SHORTEST, -len(word))):
        there = [i for i in left if word in texts[i]]
        missed: list[tuple[int, int]] = []
        if len(word) >= _SHORTEST:
            hit = set(there)
            others = [i for i in left if i not in hit]
            missed = _scattered(texts, ends, word, others)
            if len(missed) < NEAR_MOST:
                missed += _mistyped(texts, ends, word, others)
        cheapest: dict[int, int] = {}
        for i, cost in missed:
            cheapest[i] = min(cost, cheapest.get(i, cost))
        for i, cost in cheapest.items():
            costs[i] = costs.get(i, 0) + cost
        left = sorted({*there, *cheapest})
    known = set(found)
    close = [i for i in left if i not in known]
    return sorted(close, key=lambda i: costs.get(i, 0))[:NEAR_MOST]


def _scattered(
    texts: Sequence[str], ends: Sequence[int], word: str, among: Sequence[int]
) -> list[tuple[int, int]]:
    """Ids with the letters of a word in order and close together, and by how much they miss."""
    rarest = sorted(set(word), key=lambda letter: _RARE.find(letter))[:2]
    for letter in rarest:
        among = [i for i in among if letter in texts[i]]
    # Every part stops at the first of its letter, so there is one way only to read a text.
    pattern = re.compile("".join(f"[^{re.escape(x)}\n]*{re.escape(x)}" for x in word))
    found: list[tuple[int, int]] = []
    looked = 0
    for i in among:
        if pattern.match(texts[i]) is not None:
            looked += 1
            places = letters(word, texts[i][: ends[i]])
            if places:
                found.append((i, places[-1] - places[0] + 1 - len(word)))
            if looked >= LOOKED_AT or len(found) >= NEAR_MOST:
                break
    return found


def letters(word: str, text: str) -> list[int]:
    """Where the letters of a word stand in a text, in order and as close together as they are
    when one looks from the end of the first place that has them all; empty when they are not
    there or too far apart."""
    at = -1
    for letter in word:
        at = text.find(letter, at + 1)
        if at < 0:
            return []
    places = []
    at += 1
    for letter in reversed(word):
        at = text.rfind(letter, 0, at)
        places.append(at)
    places.reverse()
    return places if places[-1] - places[0] < 2 * len(word) + 2 else []


def _mistyped(
    texts: Sequence[str], ends: Sequence[int], word: str, among: Sequence[int]
) -> list[tuple[int, int]]:
    """Texts with a word that begins like this one but for one slip."""
    if len(word) <= _SHORTEST:
        return []
    half = len(word) // 2
    head, tail = word[:half], word[half:]
    # One slip leaves one half as it is, unless it swaps what stands where they meet.
    swapped = f"{word[: half - 1]}{word[half]}{word[half - 1]}{word[half + 1 :]}"
    pattern = re.compile(
        rf"\b(?:{re.escape(head)}\w*|\w{{{half - 1},{half + 1}}}{re.escape(tail)}\w*)"
    )
    judged: dict[str, bool] = {}
    found = []
    looked = 0
    for i in among:
        text = texts[i]
        at = text.find(swapped)
        if at >= 0:
            found.append((i, _SLIP + (at >= ends[i])))
            continue
        if head not in text and tail not in text:
            continue
        looked += 1
        for part in pattern.finditer(text):
            other = part[0]
            if other not in judged:
                judged[other] = slip(word, other)
            if judged[other]:
                found.append((i, _SLIP + (part.start() >= ends[i])))
                break
        if looked >= LOOKED_AT or len(found) >= NEAR_MOST:
            break
    return found


def slip(word: str, other: str) -> bool:
    """Whether ``other`` begins with ``word`` but for one letter: wrong, missing, too much, or
    swapped with the next."""
    same = 0
    while same < min(len(word), len(other)) and word[same] == other[same]:
        same += 1
    rest, their = word[same:], other[same:]
    if not rest:
        return True
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return (
        (bool(their) and their[1:].startswith(rest[1:]))
        or their[1:].startswith(rest)
        or their.startswith(rest[1:])
        or (len(rest) > 1 and their.startswith(swapped))
    )


def highlights(words: Sequence[str], text: str) -> list[int]:
    """Places of the letters in ``text`` that the words are found by, sorted."""
    folded = text.casefold()
    if len(folded) != len(text):
        return []  # the places of another text
    places: set[int] = set()
    for word in words:
        at = folded.find(word)
        places.update(range(at, at + len(word)) if at >= 0 else _scattered_in(word, folded))
    return sorted(places)


def _scattered_in(word: str, text: str) -> list[int]:
    return letters(word, text) if len(word) >= _SHORTEST else []
