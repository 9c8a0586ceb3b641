"""list, show, add, remove, check: output, JSON and exit codes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from learnware.builders import (
    manifest_text,
    write_adapter,
    write_base,
    write_gguf,
    write_manifest_text,
)

from lwtui.learnware.known import Known
from lwtui.learnware.model import Learnware, ModelInfo

from .conftest import Run


@pytest.fixture
def filled(home: Path, tmp_path: Path, lwtui: Run) -> Run:
    """A base and an adapter on it."""
    base = write_base(tmp_path / "base")
    assert lwtui("add", base).code == 0
    adapter = write_adapter(tmp_path / "intents", base=str(base))
    (adapter / "README.md").write_text("---\nlicense: mit\n---\n# Banking intents\n")
    assert lwtui("add", adapter).code == 0
    return lwtui


def test_list(filled: Run) -> None:
    found = filled("list", "--json").json
    assert [each["id"] for each in found["learnwares"]] == ["local/base", "local/intents"]
    assert found["count"] == 2
    assert found["problems"] == []
    lines = filled("list").out.splitlines()
    assert lines[0].split() == ["id", "domain", "base", "size", "spec", "title"]
    assert lines[2].split() == ["local/intents", "local/base", "3.2", "kB", "Banking", "intents"]
    assert filled("list", "banking", "--json").json["count"] == 1
    assert filled("list", "--base", "base", "--json").json["count"] == 1
    limited = filled("list", "--limit", 1)
    assert "1 of 2" in limited.err
    assert filled("list", "nothing like it").code == 0


def test_list_narrows_and_sorts(filled: Run) -> None:
    def ids(*arguments: str) -> list[str]:
        return [each["id"] for each in filled("list", *arguments, "--json").json["learnwares"]]

    base, adapter = "local/base", "local/intents"
    assert ids("--sort", "size:desc") == [base, adapter]
    assert ids("--sort", "size") == [adapter, base]
    assert ids("--format", "peft") == ids("--licence", "MIT") == [adapter]
    assert ids("--max-size", "4kB") == [adapter]
    assert ids("--specified") == []
    assert ids("--fits") == [base, adapter]
    assert ids("bnaking") == []
    assert ids("bnaking", "--near") == [adapter]
    for wrong in (["--sort", "colour"], ["--sort", "size:up"], ["--max-size", "big"]):
        assert filled("list", *wrong).code == 2


def test_what_is_only_known_is_marked_and_kept_apart(filled: Run, home: Path) -> None:
    Known(home).put(Learnware("someone/model", ModelInfo("model")), {}, "hub")
    listed = filled("list", "--known", "--json").json
    known = {each["id"]: each["pulled"] for each in listed["learnwares"]}
    assert known["someone/model"] is False
    assert "Qwen/Qwen2.5-Math-7B-Instruct" in known  # of the catalogue
    assert not any(known.values())
    assert filled("list", "--all", "--json").json["count"] == 2 + len(known)
    assert filled("list", "--json").json["count"] == 2
    everything = filled("list", "--all")
    assert "someone/model ○" in everything.out
    assert "lwtui pull" in everything.err
    assert filled("show", "someone/model").err.strip() == (
        "Its weights are on the Hub: lwtui pull someone/model"
    )
    refused = filled("chat", "someone/model", "--prompt", "Hello")
    assert (refused.code, "lwtui pull someone/model" in refused.err) == (2, True)


def test_show(filled: Run) -> None:
    shown = filled("show", "LOCAL/intents", "--json").json
    assert shown["id"] == "local/intents"
    assert shown["model"]["base"] == shown["base_found"] == "local/base"
    assert shown["builtin"] is False
    out = filled("show", "local/intents").out
    assert "Banking intents" in out
    assert "licence" in out


@pytest.mark.parametrize("verb", ["show", "check", "remove"])
def test_an_unknown_id(filled: Run, verb: str) -> None:
    result = filled(verb, "local/intent", "--json")
    assert result.code == 2
    assert result.json["error"]["hint"] == "Did you mean local/intents?"
    assert result.err.startswith("Error: There is no learnware 'local/intent'")
    assert "Traceback" not in result.err


def test_add_says_what_it_did(lwtui: Run, tmp_path: Path) -> None:
    result = lwtui("add", write_gguf(tmp_path / "x.gguf"), "--id", "me/x", "--in-place", "--json")
    assert result.code == 0
    assert result.json["id"] == "me/x"
    assert result.json["models_folder"] == str(tmp_path)
    again = lwtui("add", tmp_path / "x.gguf", "--id", "ME/X")
    assert again.code == 2
    assert "already" in again.err
    assert again.out == ""


@pytest.mark.parametrize("name", ["training_args.bin", "code.py"])
def test_add_refuses(lwtui: Run, tmp_path: Path, name: str) -> None:
    folder = write_base(tmp_path / "base")
    (folder / name).write_bytes(b"x")
    result = lwtui("add", folder, "--json")
    assert result.code == 2
    assert result.json["error"]["file"] == str(folder / name)
    assert lwtui("list", "--json").json["count"] == 0


def test_remove(filled: Run) -> None:
    refused = filled("remove", "local/base")
    assert refused.code == 2
    assert "local/intents" in refused.err
    assert filled("remove", "local/intents", "--json").json["removed"]["id"] == "local/intents"
    assert filled("remove", "local/base").out == "Removed local/base.\n"
    assert filled("list", "--json").json["count"] == 0


def test_check_without_running(filled: Run) -> None:
    report = filled("check", "local/intents", "--no-run", "--json")
    assert report.code == 1
    items = {item["name"]: item for item in report.json["items"]}
    assert report.json["ok"] is False
    assert items["base"]["ok"]
    assert "rank 4" in items["base"]["message"]
    assert not items["specification"]["ok"]
    out = filled("check", "local/intents", "--no-run").out
    assert "✓ base: fits local/base" in out
    assert "✗ specification" in out


def test_broken_manifests_are_told_and_the_rest_is_listed(filled: Run, home: Path) -> None:
    write_manifest_text(home, "local/broken", "schema = 1\nid = ")
    result = filled("list", "--json")
    assert result.code == 0
    assert result.json["count"] == 2
    assert "learnware.toml:2: Not valid TOML" in result.json["problems"][0]


def test_control_characters_never_reach_the_terminal(lwtui: Run, home: Path) -> None:
    evil = r"\u001b]0;title\u0007\u001b[31mred\u0008\u202e \u009b2J"
    write_manifest_text(home, "local/evil", manifest_text("local/evil", evil))
    for arguments in (["list"], ["show", "local/evil"], ["check", "local/evil", "--no-run"]):
        result = lwtui(*arguments)
        text = (result.out + result.err).replace("\n", "")
        assert not [c for c in text if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]
    assert "red" in lwtui("list").out
    assert lwtui("list", "--json").json["learnwares"][0]["title"].startswith("\x1b]0;")


def in_terminal(columns: int, *arguments: str) -> str:
    """What a command prints in a terminal of that width."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "lwtui", *arguments]
    with subprocess.Popen(command, stdout=terminal, env=environment) as process:
        os.close(terminal)
        data = b""
        while True:
            try:
                block = os.read(controller, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not block:
                break
            data += block
        process.wait()
    os.close(controller)
    return data.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_columns_fit_the_terminal_and_wide_letters_align(home: Path) -> None:
    from rich.cells import cell_len

    for name, title in [("a", "漢字" * 60), ("b", "x" * 200), ("c", "short")]:
        write_manifest_text(home, f"local/{name}", manifest_text(f"local/{name}", title))
    lines = [line for line in in_terminal(60, "list").splitlines() if "local/" in line]
    assert len(lines) == 3
    assert all(cell_len(line) <= 60 for line in lines)
    assert lines[0].endswith("…")
    titles = ["漢", "xxx", "short"]
    starts = [cell_len(line[: line.index(t)]) for line, t in zip(lines, titles, strict=True)]
    assert len(set(starts)) == 1
