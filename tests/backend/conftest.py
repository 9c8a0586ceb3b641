"""One tiny model in every form, made once per test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tiny_models import TinyModel, make_all

from lwtui.backend.client import ModelProcess


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Many threads on so little work are slower, the more so on busy cores."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    return make_all(tmp_path_factory.getbasetemp() / "tiny_model")


@pytest.fixture
def process() -> Iterator[ModelProcess]:
    with ModelProcess() as process:
        yield process


@pytest.fixture(scope="module")
def shared_process() -> Iterator[ModelProcess]:
    """For tests that do not harm it: starting PyTorch takes seconds."""
    with ModelProcess() as process:
        yield process
