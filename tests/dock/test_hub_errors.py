"""Every trouble with the Hub comes as a message with the next step, from a real answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lwtui.dock import hub as access
from lwtui.dock.hub_errors import HubError, NoSuchFile, NotOnHub, hub_errors
from lwtui.errors import BadInput
from tests.hub.faults import Fault
from tests.hub.server import HubServer

from .asking import SMALL, TOKEN, info, models, new_connections, readme, told

__all__ = ["new_connections"]

pytestmark = pytest.mark.usefixtures("new_connections")


def test_small_file_is_read_with_token_and_user_agent(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_model("someone/model", {"README.md": "# words"}, private=True)
    hub.add_user("friend", TOKEN, {"someone/model"})
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert readme() == b"# words"
    _, path, headers = hub.requests[-1]
    assert path == "/someone/model/resolve/main/README.md" or "resolve-cache" in path
    assert headers["user-agent"].startswith("lwtui/")
    assert headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("place", ["port", "name"])
def test_token_stays_with_the_hub(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    hub.cdn = place  # type: ignore[assignment]
    hub.add_model("friend/model", {"large.gguf": b"weights"}, private=True)
    hub.add_user("friend", TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert access.read_small("friend/model", "large.gguf", limit=SMALL) == b"weights"
    asked = {path.split("/")[1]: headers for _, path, headers in hub.requests}
    assert "authorization" in asked["friend"]
    assert "authorization" not in asked["cdn"]


def test_saved_token_is_found_when_asked_for(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert access.token() is None
    (tmp_path / "huggingface").mkdir()
    (tmp_path / "huggingface" / "token").write_text(f"{TOKEN}\n")
    assert access.token() == TOKEN
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    assert access.token() == "hf_other"


def test_gated_without_a_token_names_page_and_login(hub: HubServer) -> None:
    hub.add_model("owner/gated", {"README.md": "x"}, gated="manual")
    error = told(lambda: readme("owner/gated"))
    assert isinstance(error, HubError)
    assert error.kind == "gated"
    assert f"{hub.url}/owner/gated" in str(error)
    assert "accept the terms" in str(error)
    assert "hf auth login" in str(error)


def test_gated_with_a_token_asks_for_the_terms(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_model("owner/gated", {"README.md": "x"}, gated="manual")
    hub.add_user("reader", TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    error = told(lambda: readme("owner/gated"))
    assert "accept the terms" in str(error)
    assert "settings/tokens" in str(error)


def test_a_pending_request_is_told_in_the_hubs_own_words(hub: HubServer) -> None:
    waiting = "Your request to access model owner/gated is awaiting a review from its authors."
    hub.inject(Fault("status", status=403, headers={"X-Error-Code": "GatedRepo"}, message=waiting))
    assert "awaiting a review" in str(told(lambda: readme("owner/gated")))


@pytest.mark.parametrize("look", [readme, info])
@pytest.mark.parametrize("private", [True, False])
def test_private_and_missing_are_the_same_to_a_stranger(
    hub: HubServer, private: bool, look: Callable[[str], object]
) -> None:
    if private:
        hub.add_model("owner/model", {"README.md": "x"}, private=True)
    error = told(lambda: look("owner/model"), NotOnHub)
    assert "'owner/model'" in error.message
    assert "private" in error.message
    assert "hf auth login" in str(error)
    assert error.exit_code == 2


def test_missing_with_a_token_asks_for_another_login(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_user("reader", TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert "your token may not see it" in str(told(lambda: readme("no/model"), NotOnHub))


@pytest.mark.parametrize("look", [readme, info])
def test_wrong_token_names_where_it_came_from(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, look: Callable[[str], object]
) -> None:
    hub.add_model("someone/model", {"README.md": "x"})
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    error = told(lambda: look("someone/model"))
    assert isinstance(error, HubError)
    assert error.kind == "token"
    assert "HF_TOKEN" in str(error)


def test_who_am_i_without_a_token_asks_for_one(hub: HubServer) -> None:
    def ask() -> None:
        with hub_errors(doing="Publishing"):
            access.api().whoami()

    error = told(ask)
    assert "Publishing failed" in error.message
    assert "hf auth login" in str(error)


def test_who_am_i_with_a_wrong_token(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    def ask() -> None:
        with hub_errors(doing="Publishing"):
            access.api().whoami()

    assert "access token" in told(ask).message


def test_disabled_revision_and_file(hub: HubServer) -> None:
    hub.add_model("someone/model", {"config.json": "{}"})
    error = told(lambda: readme(), NoSuchFile)
    assert "'README.md'" in error.message
    error = told(
        lambda: access.read_small("someone/model", "x", revision="never", limit=9), NotOnHub
    )
    assert "revision" in error.message
    hub.repositories["model", "someone/model"].disabled = True
    assert "disabled" in told(lambda: readme()).message


def test_a_name_that_is_none(hub: HubServer) -> None:
    error = told(lambda: info("../../etc"), BadInput)
    assert "owner/name" in str(error)
    assert not hub.requests


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"RateLimit": '"api";r=0;t=55', "RateLimit-Policy": '"fixed window";"api";q=5;w=300'}, 55),
        ({"Retry-After": "9" * 400}, 0),
        ({}, 0),
    ],
)
def test_rate_limit_says_how_long_and_does_not_wait(
    hub: HubServer, headers: dict[str, str], seconds: int
) -> None:
    hub.inject(Fault("status", status=429, headers=headers))
    error = told(models)
    assert isinstance(error, HubError)
    assert error.kind == "rate"
    assert error.passing
    assert error.wait == seconds
    assert (f"in {seconds} seconds" if seconds else "few minutes") in str(error)
    assert len(hub.requests) == 1


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (500, "trouble"),
        (503, "trouble"),
        (408, "trouble"),
        (403, "allow"),
        (400, "accept"),
        (418, "accept"),
        (409, "meanwhile"),
        (412, "meanwhile"),
        (404, "Hub"),
        (401, "who you are"),
    ],
)
def test_other_statuses(hub: HubServer, status: int, word: str) -> None:
    hub.inject(Fault("status", status=status, message="Something about it"))
    error = told(models)
    assert word in error.message
    assert len(hub.requests) == 1
