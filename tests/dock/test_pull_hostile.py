"""Repositories made to do harm: nothing is written outside, executed or interpreted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lwtui.errors import BadInput, LwtuiError
from lwtui.workflow import pull as verbs
from tests.dock.pulling import ADAPTER, BASE, add_adapter, add_base, cache, fetch, ids, sound
from tests.hub.faults import Fault
from tests.hub.server import HubServer

CARD = """---
license: mit
datasets: ["gsm8k", "\\e[31mred"]
tags: [!!python/object/apply:os.system ["touch EXECUTED"]]
---
# [bold red]Title[/]\x1b]0;owned\x07\x1b[2J [click me](javascript:alert(1))
"""
EXECUTED = "import pathlib; pathlib.Path('EXECUTED').touch()"
NAMES = [
    "../../../outside.json",
    "/outside.json",
    "C:/outside.json",
    "learnware/..\\..\\outside.json",
    "learnware/../../outside.json",
    "model\nname.safetensors",
    "a\x1b[31mred.json",
    "x" * 300,
    "a//b.json",
]


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_elsewhere_are_refused_before_a_byte(
    hub: HubServer, tmp_path: Path, name: str
) -> None:
    add_base(hub, tmp_path, files={name: "{}"})
    before = everything(tmp_path)
    with pytest.raises(BadInput, match="has a file that is refused") as caught:
        fetch(BASE)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ids() == []
    new = {path.relative_to(tmp_path).parts[0] for path in everything(tmp_path) - before}
    assert new <= {"home"}
    assert not list(cache().rglob("*"))


@pytest.mark.parametrize(
    ("twin", "message"), [("Config.json", "upper and lower case"), ("aux.json", "")]
)
def test_names_that_not_every_system_can_hold(
    hub: HubServer, tmp_path: Path, twin: str, message: str
) -> None:
    add_base(hub, tmp_path, files={f"learnware/{twin}": "{}", "learnware/config.json": "{}"})
    with pytest.raises(BadInput, match=message or "no name for a file"):
        fetch(BASE)
    assert ids() == []


def test_nothing_of_a_hostile_repository_runs(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pickle = b"cos\nsystem\n(S'touch EXECUTED'\ntR."
    hostile = {
        "pytorch_model.bin": pickle,
        "adapter_model.bin": pickle,
        "model.pkl": pickle,
        "tokenizer.pickle": pickle,
        "modeling_evil.py": EXECUTED,
        "setup.py": EXECUTED,
        "LICENSE.py": EXECUTED,
        "learnware/conftest.py": EXECUTED,
        "learnware/model.pkl": pickle,
        "link.json": "../../../../../../etc/passwd",
        "README.md": CARD,
    }
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path, files=hostile)
    learnware = fetch(ADAPTER)
    assert sound(learnware)
    assert not (tmp_path / "EXECUTED").exists()
    assert not {path.suffix for path in everything(cache())} & {".py", ".bin", ".pkl", ".pickle"}
    shown = repr(learnware)
    assert "\x1b" not in shown
    environment = {**os.environ, "COLUMNS": "120"}
    told = subprocess.run(
        [sys.executable, "-m", "lwtui", "show", ADAPTER],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in told.stdout
    assert "\x07" not in told.stdout
    assert "[bold red]Title[/]" in told.stdout
    assert not (tmp_path / "EXECUTED").exists()


def test_model_with_code_of_its_own_is_refused_before_its_weights(
    hub: HubServer, tmp_path: Path
) -> None:
    config = {"model_type": "evil", "auto_map": {"AutoModel": "modeling_evil.Model"}}
    add_base(hub, tmp_path, files={"config.json": json.dumps(config), "modeling_evil.py": EXECUTED})
    with pytest.raises(BadInput, match="program code of its own"):
        fetch(BASE)
    assert not list(cache().rglob("blobs/*"))


def test_weights_that_are_no_weights_are_not_entered(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path, files={"model.safetensors": b"\x80\x04pickle in disguise"})
    with pytest.raises(BadInput, match="pickle"):
        fetch(BASE)
    assert ids() == []


@pytest.mark.parametrize("path", ["*/revision/main", "*/tree/*", "*adapter_config.json"])
def test_gigantic_answers_are_not_read_into_memory(
    hub: HubServer, tmp_path: Path, path: str
) -> None:
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    hub.inject(Fault("gigantic", path, times=-1, size=1 << 30))
    code = (
        "import resource, subprocess, sys\n"
        f"told = subprocess.run([sys.executable, '-m', 'lwtui', 'pull', {ADAPTER!r}])\n"
        "print(told.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    exit_code, kilobytes = map(int, ran.stdout.split()[-2:])
    assert exit_code in (1, 2)
    assert "Error: " in ran.stderr
    assert kilobytes < 400_000
    assert ids() == []


def test_absurd_sizes_are_refused_before_a_byte(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    hub.lie(BASE, "tokenizer.json", size=1 << 30)
    with pytest.raises(BadInput, match="too large to be right"):
        verbs.plan_pull(BASE)
    hub.lie(BASE, "tokenizer.json", size=2)
    hub.lie(BASE, "model.safetensors", size=1 << 50)
    with pytest.raises(LwtuiError, match="too large to be right"):
        verbs.plan_pull(BASE)


def test_list_without_an_end_is_left(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    hub.tree_page_size = 1
    assert len(verbs.plan_pull(BASE).files) == 4
    hub.add_commit(BASE, {f"more/{number}.txt": "x" for number in range(100)})
    with pytest.raises(LwtuiError, match="has no end"):
        verbs.plan_pull(BASE)


def test_partial_file_is_no_way_out_of_the_cache(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    [weights] = [f for f in verbs.plan_pull(BASE).files if f.path == "model.safetensors"]
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    link = cache() / "models--tests--tiny-base" / "blobs" / f"{weights.sha256}.incomplete"
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    with pytest.raises(LwtuiError):
        fetch(BASE)
    assert victim.read_bytes() == b"precious"
