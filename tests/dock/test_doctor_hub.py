"""``lwtui doctor`` on the Hub's settings and answers."""

from __future__ import annotations

import pytest

from lwtui.workflow.doctor_hub import hub_answers, hub_settings
from tests.hub.server import HubServer


def told(name: str) -> tuple[str, bool]:
    items = {item.name: item for item in (*hub_settings(), *hub_answers())}
    assert not any("secret" in f"{item.value}{item.hint}" for item in items.values())
    return items[name].value, items[name].ok


def test_whom_it_answers(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told("Hub") == (hub.url, True)
    assert told("Hub answers") == ("yes", True)
    assert told("Hub token") == ("none", True)
    hub.add_user("ada", "hf_secret", set())
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert told("Hub token") == ("from HF_TOKEN", True)
    assert told("Hub answers") == ("yes, to ada", True)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_secret")
    assert told("Hub answers")[1] is False


def test_ways_it_cannot_be_asked(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://name:secret@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    assert told("Hub") == (f"{hub.url}, through the proxy 127.0.0.1:9 (HTTP_PROXY)", True)
    assert told("Hub answers")[1] is True
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE" in told("Hub")[0]
    assert not list(hub_answers())
    monkeypatch.setenv("HF_ENDPOINT", "nonsense")
    assert told("Hub")[1] is False
