"""What ``lwtui doctor`` says of the Hub: which one, as whom, and whether it answers."""

from __future__ import annotations

from collections.abc import Iterator

from lwtui.errors import LwtuiError
from lwtui.workflow.doctor_items import DoctorItem


def hub_settings() -> Iterator[DoctorItem]:
    """What the environment says, without asking the Hub."""
    from lwtui.dock import hub_settings as settings

    cache = settings.cache_dir()
    models = sum(1 for _ in cache.glob("models--*")) if cache.is_dir() else 0
    yield DoctorItem("Hugging Face cache", f"{cache} ({models} models)")
    try:
        address = settings.endpoint()
    except LwtuiError as error:
        yield DoctorItem("Hub", error.message, False, error.hint or "")
        return
    value = f"{address}, not to be asked: HF_HUB_OFFLINE is set" if settings.offline() else address
    if way := settings.proxy():
        value += f", through the proxy {way[1]} ({way[0]})"
    yield DoctorItem("Hub", value)
    source = settings.token_source()
    hint = "" if source else "Gated and private models need one: `hf auth login`."
    yield DoctorItem("Hub token", f"from {source}" if source else "none", hint=hint)


def hub_answers() -> Iterator[DoctorItem]:
    """Whether it answers, and knows the token. Takes as long as the network does."""
    from lwtui.dock import hub_settings as settings
    from lwtui.dock.hub import read_json

    if settings.offline():
        return
    token = bool(settings.token())
    try:
        told, _ = read_json("/api/whoami-v2" if token else "/api/models?limit=1")
    except LwtuiError as error:
        hint = error.hint or "Without it nothing can be pulled; all that is here works."
        # No network is no fault; a token that does not work is one.
        refused = getattr(error, "kind", "") == "token"
        yield DoctorItem("Hub answers", error.message, not refused, hint)
        return
    name = told.get("name") if isinstance(told, dict) else None
    yield DoctorItem("Hub answers", f"yes, to {name}" if isinstance(name, str) else "yes")
