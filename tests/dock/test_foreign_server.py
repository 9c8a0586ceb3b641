"""A server that is not the Hub: what it lacks is said, what it has is used.

Run against an imitation of olah's answers, and against olah itself where it is installed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

from lwtui.dock.record import HubQuery
from lwtui.errors import LwtuiError
from lwtui.workflow.pull import plan_pull, pull, updates
from lwtui.workflow.search import hub_card, hub_model, search_hub
from tests.hub.faults import Fault
from tests.hub.files import safetensors_bytes
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
        "model.safetensors": safetensors_bytes({"w": [300, 300]}),
        "modeling.py": b"raise SystemExit",
        "tokenizer.json": b"{}",
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
        assert len(http.get(tree.headers["Location"]).json()) == len(foreign.files)
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
    assert all(model.note for model in page.models)  # the catalogue's own, nothing of the server's
    assert "does not answer like a Hugging Face Hub" in page.problem
    assert foreign.url in page.problem


def test_a_page_is_there_or_it_is_said_which_server_was_asked(foreign: Foreign) -> None:
    told = answer(lambda: hub_model(REPO))
    if isinstance(told, str):
        assert foreign.url in told
    else:
        assert {file.path for file in told.files} == set(foreign.files)
    assert "Tiny" in hub_card(REPO)


def test_a_pull_brings_what_is_there_checked_by_hash(foreign: Foreign) -> None:
    plan = plan_pull(REPO)
    weights = foreign.files["model.safetensors"]
    hashes = {file.path: file.sha256 for file in plan.files}
    assert hashes["model.safetensors"] == hashlib.sha256(weights).hexdigest()
    learnware = pull(REPO)
    assert (learnware.id, learnware.pulled) == (REPO, True)
    folder = learnware.models_folder
    assert folder is not None
    there = {path.name: path.read_bytes() for path in folder.iterdir()}
    wanted = {name: data for name, data in foreign.files.items() if not name.endswith(".py")}
    assert there == wanted
    assert updates([REPO]) == []


def test_what_is_not_there_is_told_with_the_address_that_was_asked(foreign: Foreign) -> None:
    for asked in (lambda: pull("foreign/none"), lambda: plan_pull(REPO, revision="v9")):
        assert foreign.url in str(answer(asked))


def test_a_broken_pull_goes_on_though_ranges_are_ignored(hub: HubServer) -> None:
    """The server sends the whole file again when asked for the rest of it."""
    weights = safetensors_bytes({"w": [700, 700]})
    config = '{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}'
    hub.foreign = True
    hub.add_model(REPO, {"config.json": config, "model.safetensors": weights})
    cut = hub.inject(Fault("cut", "*/model.safetensors", times=2, after=len(weights) // 2))
    folder = pull(REPO).models_folder
    assert folder is not None
    assert (folder / "model.safetensors").read_bytes() == weights
    assert cut.used == 2
    ranges = [asked["range"] for _, _, asked in hub.requests if "range" in asked]
    assert ranges == [f"bytes={len(weights) // 2}-"] * 2
