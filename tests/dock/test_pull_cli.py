"""``lwtui pull`` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lwtui.cli.main import run_command
from tests.dock.pulling import ADAPTER, BASE, BIG, add_adapter, add_base, add_big, cache, ids
from tests.hub.faults import Fault
from tests.hub.server import HubServer


def say(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run_command(["pull", *arguments]) == code
    return capsys.readouterr().out


def test_dry_run_pull_and_updates(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    plan = json.loads(say(capsys, ADAPTER, "--dry-run", "--json"))
    assert (plan["base"], plan["base_revision"], plan["repo"]) == (BASE, commit, ADAPTER)
    assert plan["missing"] == plan["size"] == sum(file["size"] for file in plan["files"])
    assert "11.1 kB" in say(capsys, ADAPTER, "--dry-run")
    assert not cache().exists()
    assert json.loads(say(capsys, ADAPTER, "--json"))["id"] == ADAPTER
    assert "up to date" in say(capsys, "--updates")
    hub.add_commit(BASE, {"generation_config.json": "{}"})
    told = say(capsys, "--updates")
    assert "added   generation_config.json" in told
    assert f"lwtui pull {BASE}" in told
    assert say(capsys, f"{BASE}@main").startswith(f"Pulled {BASE}: safetensors")
    assert json.loads(say(capsys, "--updates", "--json")) == []


def test_cache_is_listed_and_adopted(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import snapshot_download

    assert "no whole model" in say(capsys, "--cached")
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    for repo in (BASE, ADAPTER):
        snapshot_download(repo, cache_dir=cache(), endpoint=hub.url)
    assert [each["id"] for each in json.loads(say(capsys, "--cached", "--dry-run", "--json"))] == [
        ADAPTER,
        BASE,
    ]
    assert ids() == []
    assert f"Adopted {BASE}, {ADAPTER}." in say(capsys, "--cached")
    assert ids() == [ADAPTER, BASE]


def test_bad_input_says_what_to_do(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say(capsys, code=2)
    say(capsys, "--discard", code=2)
    say(capsys, "--discard", "tests/nothing", code=2)
    say(capsys, "tests/nothing", code=2)
    say(capsys, "a/b/c", code=2)
    hub.add_model("tests/pickles", {"config.json": "{}", "pytorch_model.bin": b"pickle"})
    error = json.loads(say(capsys, "tests/pickles", "--json", code=2))["error"]
    assert "pickles" in error["message"]
    assert "safetensors or GGUF" in error["hint"]


def test_interrupted_command_says_that_it_goes_on(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_big(hub, tmp_path)
    stall = hub.inject(Fault("hang", "*model.safetensors", after=2_000_000, method="GET"))
    with subprocess.Popen(
        [sys.executable, "-m", "lwtui", "pull", BIG],
        cwd=Path(__file__).parents[2],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:  # until the file is under way
            if line.startswith("fetching"):
                break
        while not stall.used:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert f"`lwtui pull {BIG}` goes on where it was." in rest
    [left] = json.loads(say(capsys, "--list", "--json"))
    assert left["repo"] == BIG
    assert BIG in say(capsys, "--list")
    assert "Freed" in say(capsys, "--discard", BIG)
    assert "No pull is unfinished" in say(capsys, "--list")
