"""A Hub with a few models, for tests of search."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lwtui.dock.record import HubQuery
from lwtui.dock.search import search
from tests.hub.server import HubServer

BASE = "Qwen/Qwen2.5-0.5B"
GIGABYTE = 10**9


@pytest.fixture
def filled(hub: HubServer) -> HubServer:
    """Six models that differ in everything a query can ask for."""
    hub.add_model(
        "bank/finance-lora",
        {"adapter_config.json": json.dumps({"peft_type": "LORA", "task_type": "CAUSAL_LM"})}
        | {"adapter_model.safetensors": b"weights"},
        card={
            "base_model": BASE,
            "license": "apache-2.0",
            "language": ["en", "de"],
            "datasets": ["gbharti/finance-alpaca"],
            "tags": ["finance", "learnware"],
        },
        downloads=50,
        likes=5,
        updated="2026-05-01T00:00:00.000Z",
    )
    hub.add_model(
        "doctor/Med-GGUF",
        {"m-Q4_K_M.gguf": b"q4" * 50, "m-Q8_0.gguf": b"q8" * 100, "m-F16.gguf": b"f" * 400},
        card={"base_model": BASE, "license": "mit", "tags": ["medical"]},
        downloads=70,
        gguf={"total": 8_000_000_000},
    )
    hub.add_model(
        "school/MathTutor-7B",
        {"config.json": "{}", "model.safetensors": b"x"},
        card={"license": "llama3.2", "base_model": BASE, "base_model_relation": "finetune"},
        downloads=90,
        likes=1,
        safetensors={"parameters": {"BF16": 7_000_000_000}, "total": 7_000_000_000},
        gated="manual",
    )
    hub.add_model(
        "art/pictures", {"x.bin": b"x"}, card={"pipeline_tag": "text-to-image"}, downloads=100
    )
    hub.add_model("clinic/notes", {"config.json": "{}"}, card={"tags": ["medicine"]}, likes=9)
    hub.add_model("secret/finance", {}, card={"tags": ["finance"]}, private=True, downloads=999)
    return hub


def found(query: HubQuery, **how: Any) -> list[str]:
    return [model.id for model in search(query, **how).models]
