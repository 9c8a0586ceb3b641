"""The parameters of a chat as fields of a form: what they are called, what they take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lwtui.backend.protocol import GenerationSettings
from lwtui.errors import BadInput


@dataclass(frozen=True)
class SamplingField:
    """One parameter. ``low`` and ``high`` are both allowed."""

    name: str
    label: str
    low: float
    high: float
    help: str
    whole: bool = False

    def read(self, text: str) -> float | int | None:
        """The number of a field; None for an empty one. Raises ``BadInput``."""
        text = text.strip()
        if not text:
            return None
        try:
            number = int(text) if self.whole else float(text)
        except ValueError:
            number = None
        if number is None or not self.low <= number <= self.high:
            kind = "whole number" if self.whole else "number"
            raise BadInput(
                f"Must be a {kind} from {self.low:g} to {self.high:g}, not {text!r:.40}.",
                field=self.label,
            )
        return number


FIELDS = (
    SamplingField("temperature", "temperature", 0, 10,
                  "0: always the likeliest word, the same answer each time. Higher: more varied."),
    SamplingField("max_tokens", "longest answer", 1, 1_000_000,
                  "Tokens after which an answer is cut; you can have it go on.", whole=True),
    SamplingField("top_p", "top p", 0, 1,
                  "Choose among the likeliest words that together have this share. 1: all."),
    SamplingField("top_k", "top k", 0, 1_000_000,
                  "Choose among this many of the likeliest words. 0: all.", whole=True),
    SamplingField("min_p", "min p", 0, 1,
                  "Leave out words less likely than this share of the likeliest one. 0: none."),
    SamplingField("repeat_penalty", "repeat penalty", 0.1, 10,
                  "Above 1: words that were said already become less likely."),
    SamplingField("seed", "seed", 0, 2**63 - 1,
                  "The same number, the same answer. Empty: another one each time.", whole=True),
)  # fmt: skip


def read_settings(texts: dict[str, str], suggested: GenerationSettings) -> GenerationSettings:
    """What the fields say, laid over what the learnware's task suggests. Raises ``BadInput`` that
    names the field."""
    given: dict[str, Any] = {}
    for field in FIELDS:
        number = field.read(texts.get(field.name, ""))
        if number is not None:
            given[field.name] = number
    return replace(suggested, **given)


def shown(value: float | int | None) -> str:
    """A value in a field; empty for none."""
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def differing(settings: GenerationSettings, suggested: GenerationSettings) -> dict[str, str]:
    """What was chosen other than suggested: name to value as shown."""
    return {
        field.name: shown(getattr(settings, field.name))
        for field in FIELDS
        if getattr(settings, field.name) != getattr(suggested, field.name)
    }


def summary(settings: GenerationSettings, suggested: GenerationSettings) -> str:
    """What was chosen, in a few words: ``temperature 0.2, seed 7``; empty: nothing."""
    labels = {field.name: field.label for field in FIELDS}
    chosen = differing(settings, suggested)
    return ", ".join(f"{labels[name]} {value or 'any'}" for name, value in chosen.items())
