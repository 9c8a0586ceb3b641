"""Near names, for 'did you mean'."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def near_names(wanted: str, names: Sequence[str], limit: int = 3) -> list[str]:
    """Up to ``limit`` of ``names`` (``owner/name``) that somebody may have meant by ``wanted``.

    First those whose part after the owner is the same, then those that contain it, then those
    spelt alike.
    """
    key = wanted.lower().strip("/")
    tail = key.rsplit("/", 1)[-1]
    lowered = {name.lower(): name for name in names}
    found = [name for low, name in lowered.items() if low.split("/", 1)[1] == tail]
    if len(tail) >= 3:
        found += [name for low, name in lowered.items() if tail in low]
    alike = difflib.get_close_matches(key, lowered, n=limit, cutoff=0.75)
    tails = {low.split("/", 1)[1]: name for low, name in lowered.items()}
    found += [lowered[low] for low in alike]
    found += [tails[low] for low in difflib.get_close_matches(tail, tails, n=limit, cutoff=0.7)]
    return list(dict.fromkeys(found))[:limit]
