"""What tests of the Hub's errors share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lwtui.dock import hub as access
from lwtui.dock.hub_errors import HubError, hub_errors
from lwtui.errors import LwtuiError

TOKEN = "hf_" + "a" * 30
SMALL = 100_000


@pytest.fixture
def new_connections() -> Iterator[None]:
    """The library keeps one client with its connections and proxies for the whole process."""
    from huggingface_hub import close_session

    close_session()
    yield
    close_session()


def told(action: Callable[[], object], kind: type[LwtuiError] = HubError) -> LwtuiError:
    with pytest.raises(kind) as caught:
        action()
    error = caught.value
    assert error.hint
    assert TOKEN not in str(error)
    assert "\n" not in str(error)
    assert "Bearer" not in str(error)
    return error


def models() -> object:
    return access.read_json("/api/models")


def readme(repo: str = "someone/model") -> bytes:
    return access.read_small(repo, "README.md", limit=SMALL)


def info(repo: str) -> object:
    with hub_errors(repo, "Looking it up"):
        return access.api().model_info(repo)
