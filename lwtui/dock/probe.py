"""The fixed prompts asked of a model of whose training data nothing is known."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("probe_prompts.toml")


@dataclass(frozen=True)
class ProbeSet:
    """Prompts in a fixed order, domains mixed, so that any beginning holds all of them."""

    version: int
    max_tokens: int
    """Longest answer that is taken, in the asked model's tokens."""
    prompts: tuple[str, ...]
    domains: tuple[str, ...]
    """Of each prompt."""

    @property
    def digest(self) -> str:
        """SHA-256 of the prompts, a line feed between them, and of ``max_tokens``."""
        text = "\n".join([*self.prompts, str(self.max_tokens)])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def name(self) -> str:
        """``probe 1 (0123abcd)``: noted with every specification made of answers to them."""
        return f"probe {self.version} ({self.digest[:8]})"


@functools.cache
def probe_set() -> ProbeSet:
    """The prompts of this version."""
    import tomli

    told = tomli.loads(_FILE.read_text(encoding="utf-8"))
    columns = told["prompts"]
    rows = [
        (domain, prompt)
        for row in zip(*columns.values(), strict=True)
        for domain, prompt in zip(columns, row, strict=True)
    ]
    return ProbeSet(
        told["version"],
        told["max_tokens"],
        tuple(prompt for _, prompt in rows),
        tuple(domain for domain, _ in rows),
    )
