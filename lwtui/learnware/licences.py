"""Licences by their id on the Hub: which ones are known, and what a user must know of them."""

from __future__ import annotations

from lwtui.errors import BadInput

_PERMISSIVE = frozenset(
    [
        "apache-2.0",
        "mit",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "isc",
        "zlib",
        "unlicense",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "odc-by",
        "pddl",
        "afl-3.0",
        "artistic-2.0",
        "bsl-1.0",
        "ecl-2.0",
        "ms-pl",
        "ncsa",
        "osl-3.0",
        "postgresql",
        "wtfpl",
        "public-domain",
    ]
)
_SHARE_ALIKE = frozenset(
    [
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "agpl-3.0",
        "lgpl",
        "lgpl-2.1",
        "lgpl-3.0",
        "mpl-2.0",
        "epl-1.0",
        "epl-2.0",
        "eupl-1.1",
        "eupl-1.2",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "odbl",
        "cdla-sharing-1.0",
        "gfdl",
    ]
)
_NON_COMMERCIAL = frozenset(
    [
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "intel-research",
        "apple-amlr",
        "apple-ascl",
    ]
)
_OWN_TERMS = frozenset(
    [
        "llama2",
        "llama3",
        "llama3.1",
        "llama3.2",
        "llama3.3",
        "llama4",
        "gemma",
        "openrail",
        "creativeml-openrail-m",
        "openrail++",
        "bigscience-openrail-m",
        "bigscience-bloom-rail-1.0",
        "bigcode-openrail-m",
        "deepfloyd-if",
        "tii-falcon-llm",
        "fair-noncommercial-research-license",
        "h-research",
        "etalab-2.0",
        "cc-by-nd-4.0",
        "cc",
        "lgpl-lr",
        "c-uda",
    ]
)


def licence_note(licence: str) -> str:
    """The licence with what follows from it. Raises ``BadInput`` when it is missing or unknown."""
    key = licence.strip().lower()
    if key in _PERMISSIVE:
        return key
    if key in _SHARE_ALIKE:
        return f"{key}: what is built on it must carry the same licence"
    if key in _NON_COMMERCIAL:
        return f"{key}: no commercial use"
    if key in _OWN_TERMS:
        return f"{key}: has terms of its own, read them before use"
    if not key or key in ("unknown", "none"):
        raise BadInput(
            "No licence is stated, so nobody is allowed to share or build on it.",
            field="semantic.licence",
            hint="Ask its author, then write it into learnware.toml.",
        )
    raise BadInput(
        f"The licence {licence!r:.60} is not known.",
        field="semantic.licence",
        hint="Read its terms; use an SPDX id in learnware.toml if it has one.",
    )
