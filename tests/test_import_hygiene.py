"""What starting up imports. Whoever waits for the first frame pays for every module."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "transformers",
    "peft",
    "llama_cpp",
    "huggingface_hub",
    "lm_eval",
    "datasets",
    "pandas",
    "scipy",
    "sklearn",
    "matplotlib",
    "openai",
    "ray",
    "gguf",
    "httpx2",
    "aiohttp",
    "textual_serve",
}


def imported_by(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return {name.split(".", 1)[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "module",
    [
        "lwtui.__main__",
        "lwtui.cli.main",
        "lwtui.tui.app",
        "lwtui.workflow.browse",
        "lwtui.workflow.chat",
        "lwtui.workflow.check",
        "lwtui.workflow.collect",
        "lwtui.workflow.doctor",
        "lwtui.workflow.convert",
        "lwtui.workflow.evaluate",
        "lwtui.workflow.index",
        "lwtui.workflow.match",
        "lwtui.workflow.preview",
        "lwtui.workflow.publish",
        "lwtui.workflow.pull",
        "lwtui.workflow.search",
        "lwtui.workflow.search_catalogue",
        "lwtui.workflow.specify",
        "lwtui.workflow.specify_learnware",
        "lwtui.workflow.table",
        "lwtui.cli.convert",
        "lwtui.cli.evaluate",
        "lwtui.cli.index",
        "lwtui.cli.publish",
        "lwtui.cli.pull",
        "lwtui.cli.search",
        "lwtui.cli.serve",
        "lwtui.cli.specify",
        "lwtui.dock.hub",
        "lwtui.tui.workflow_hub",
        "lwtui.cli.runs",
        "lwtui.cli.table",
        "lwtui.match.rank",
        "lwtui.spec.compute",
    ],
)
def test_importing_a_module_imports_nothing_heavy(module: str) -> None:
    assert not imported_by(f"import {module}") & HEAVY


def test_the_command_line_starts_without_the_app() -> None:
    found = imported_by("import lwtui.cli.main")
    assert not found & {"textual", "numpy", "pyarrow", "tokenizers"}


def test_the_app_starts_without_numbers() -> None:
    assert not imported_by("import lwtui.tui.app") & {"numpy", "pyarrow", "safetensors"}


def test_listing_needs_no_numbers() -> None:
    statement = "from lwtui.cli.main import run_command; run_command(['list', '--json'])"
    assert not imported_by(statement) & (HEAVY | {"numpy", "pyarrow", "textual"})
