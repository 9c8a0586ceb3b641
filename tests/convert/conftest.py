"""Each family's tiny model is made once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))

from tests.convert.small_models import Small, make_adapter, make_base, write_gguf

MakeSmall = Callable[[str], Small]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)  # many threads on so little are slower


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> MakeSmall:
    root = tmp_path_factory.mktemp("families")
    made: dict[str, Small] = {}

    def make(family: str) -> Small:
        if family not in made:
            folder = root / family
            base = make_base(folder / "base", family)
            made[family] = Small(
                base,
                write_gguf(base, folder / "base.gguf"),
                make_adapter(folder / "adapter", base),
            )
        return made[family]

    return make
