from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's collection, chats or recent folders."""
    monkeypatch.setenv("LWTUI_HOME", str(tmp_path / "home"))
