"""A model repository as the Hub tells it at one commit: its facts, its files, its small JSON."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from lwtui.dock import hub
from lwtui.dock.cache_layout import COMMIT
from lwtui.dock.facts import hub_model
from lwtui.dock.files import check_names
from lwtui.dock.hub_errors import HubError
from lwtui.dock.record import HubFile, HubModel
from lwtui.errors import BadInput

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_PAGES = 100
"""Of a list of files; the Hub sends 1,000 files a page."""


def model_at(repo: str, revision: str = "") -> HubModel:
    """A model as it is now, under the name it has now, with the commit of a branch or tag."""
    place = f"/api/models/{quote(repo, safe='/')}/revision/{quote(revision or 'main', safe='')}"
    told, _ = hub.read_json(place, repo=repo)
    model = hub_model(told)
    if model is None or not COMMIT.fullmatch(model.revision):
        raise odd("it names no commit")
    return model


def tree(repo: str, commit: str) -> tuple[HubFile, ...]:
    """All files of a commit. Raises ``BadInput`` for names that lead elsewhere."""
    found: list[HubFile] = []
    address = f"/api/models/{quote(repo, safe='/')}/tree/{commit}"
    told, address = hub.read_json(address, {"recursive": "true"}, repo=repo)
    for _ in range(_MOST_PAGES):
        if not isinstance(told, list):
            raise odd("its list of files is none")
        found += [
            _file(each) for each in told if isinstance(each, dict) and each.get("type") == "file"
        ]
        check_names((file.path for file in found), repo)
        if not address:
            return tuple(found)
        told, address = hub.read_json(address, repo=repo)
    raise odd("its list of files has no end")


def read_object(model: HubModel, path: str, limit: int) -> dict[str, Any]:
    """A JSON object of the model's commit, of at most ``limit`` bytes."""
    data = hub.read_small(model.id, path, revision=model.revision, limit=limit)
    try:
        told = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise BadInput(f"{model.id}: {path} is not valid JSON.", hint="Its authors must mend it.")
    return told


def _file(told: dict[str, Any]) -> HubFile:
    large = told.get("lfs")
    large = large if isinstance(large, dict) else {}
    path, size = told.get("path"), large.get("size", told.get("size"))
    if not isinstance(path, str) or isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise odd("its list of files makes no sense")
    sha256, blob = str(large.get("oid") or large.get("sha256") or ""), str(told.get("oid") or "")
    return HubFile(
        path,
        size,
        sha256 if _SHA256.fullmatch(sha256) else "",
        blob if COMMIT.fullmatch(blob) and not large else "",
    )


def odd(why: str) -> HubError:
    """For an answer that no Hub gives."""
    return HubError(
        f"Asking the Hub failed: {why}.",
        "Check HF_ENDPOINT: the server there may not be a Hub, or a mirror that lacks this.",
        "not a hub",
    )
