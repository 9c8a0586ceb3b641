"""A server that is not the Hub: what it lacks is said, what it has is used.

Run against an imitation of olah's answers, and against olah itself where it is installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

from lwtui.dock.record import HubQuery
from lwtui.errors import LwtuiError
from lwtui.workflow.search import hub_card, hub_model, search_hub
from tests.hub.olah import olah, olah_program
from tests.hub.server import HubServer

Answer = TypeVar("Answer")
REPO = "foreign/tiny"


@dataclass(frozen=True)
class Foreign:
    url: str
    files: dict[str, bytes]


def answer(call: Callable[[], Answer]) -> Answer | str:
    """What a call gives, or what it says of why it cannot."""
    try:
        return call()
    except LwtuiError as error:
        return str(error)


@pytest.fixture(params=["imitation", "olah"])
def foreign(
    request: pytest.FixtureRequest,
    hub: HubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Foreign]:
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    files = {
        "README.md": b"---\nlicense: mit\n---\n\n# Tiny\n",
        "config.json": json.dumps(config).encode(),
        "model.safetensors": bytes(200_000),
    }
    if request.param == "imitation":
        hub.foreign = True
        hub.add_model(REPO, files)
        yield Foreign(hub.url, files)
        return
    if olah_program() is None:
        pytest.skip("olah is not installed: see tests/hub/olah.py")
    folder = tmp_path / "olah"
    folder.mkdir()
    with olah(folder, REPO, files) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield Foreign(url, files)


def test_this_is_how_it_answers(foreign: Foreign) -> None:
    """The same of both: the imitation stands for the real one where that is not installed."""
    with httpx2.Client(base_url=foreign.url, trust_env=False) as http:
        assert http.get("/api/whoami-v2").status_code == 504
        listed = http.get("/api/models")
        assert (listed.status_code, listed.content) == (200, b"")
        page = http.get(f"/api/models/{REPO}")
        assert (page.status_code, page.headers["X-Error-Code"]) == (401, "RepoNotFound")
        told = http.get(f"/api/models/{REPO}/revision/main", params={"blobs": True}).json()
        assert told["siblings"] == [{"rfilename": name} for name in sorted(foreign.files)]
        tree = http.get(f"/api/models/{REPO}/tree/main?recursive=true")
        assert tree.status_code == 307
        assert len(http.get(tree.headers["Location"]).json()) == 3
        place = f"/{REPO}/resolve/{told['sha']}/model.safetensors"
        head = http.head(place).headers
        assert not head["ETag"].startswith('"')
        assert head["X-Repo-Commit"] == told["sha"]
        got = http.get(place, headers={"Range": "bytes=9-"})
        assert (got.status_code, got.content) == (200, foreign.files["model.safetensors"])
        assert not {"etag", "content-length", "accept-ranges"} & set(got.headers)
        assert http.head(f"/{REPO}/resolve/main/none").status_code == 401
        assert http.get(f"/{REPO}/resolve/main/none").status_code == 500


def test_a_search_says_that_this_is_no_hub(foreign: Foreign) -> None:
    page = search_hub(HubQuery(text="finance"))
    assert page.models == ()
    assert "does not answer like a Hugging Face Hub" in page.problem
    assert foreign.url in page.problem


def test_a_page_is_there_or_it_is_said_which_server_was_asked(foreign: Foreign) -> None:
    told = answer(lambda: hub_model(REPO))
    if isinstance(told, str):
        assert foreign.url in told
    else:
        assert {file.path for file in told.files} == set(foreign.files)
    assert "Tiny" in hub_card(REPO)
