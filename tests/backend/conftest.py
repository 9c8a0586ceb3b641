"""One tiny model in every form, made once per test run."""

from __future__ import annotations

import pytest
from tiny_models import TinyModel, make_all


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    return make_all(tmp_path_factory.getbasetemp() / "tiny_model")
