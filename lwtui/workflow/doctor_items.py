"""One fact of ``lwtui doctor``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DoctorItem:
    """One fact. ``ok`` is False for what stops something from working; ``hint`` says what to do."""

    name: str
    value: str
    ok: bool = True
    hint: str = ""
