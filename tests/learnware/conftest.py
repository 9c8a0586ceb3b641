"""A collection of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lwtui.learnware.collection import Collection


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("LWTUI_HOME", str(folder))
    return folder


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    folder = tmp_path / "starter"
    folder.mkdir()
    return folder


@pytest.fixture
def collection(home: Path, starter: Path) -> Iterator[Collection]:
    with Collection.open(home, starter) as opened:
        yield opened
