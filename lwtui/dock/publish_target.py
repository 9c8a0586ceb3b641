"""Where a learnware goes: who publishes, what the repository holds already, the adapter's base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lwtui.dock import hub
from lwtui.dock.facts import hub_model
from lwtui.dock.hub_errors import HubError, NotOnHub
from lwtui.dock.hub_words import no_token
from lwtui.dock.readme import LIMIT
from lwtui.dock.record import HubFile, HubModel
from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware.manifest import FILE_NAME, MAX_BYTES, parse_manifest
from lwtui.learnware.model import Learnware
from lwtui.safe_text import one_line

_MANIFEST = f"learnware/{FILE_NAME}"
_WEIGHTS = (".safetensors", ".gguf", ".bin", ".pt", ".pth")


@dataclass(frozen=True)
class Target:
    """The repository a learnware goes to, as it is now."""

    user: str
    model: HubModel | None
    """None: there is no such repository yet."""
    card: bytes = b""
    """Its README.md."""
    manifest: Learnware | None = None
    """What was published there before; None without one that can be read."""

    @property
    def files(self) -> dict[str, HubFile]:
        return {file.path: file for file in self.model.files} if self.model else {}


def look_at_target(to: str) -> Target:
    """Ask the Hub who we are and what is there. Raises ``BadInput`` or ``LwtuiError`` without a
    token that may write there."""
    if not hub.token():
        raise no_token("Publishing")
    user = check_writer(to)
    model = find_model(to)
    if model is None:
        return Target(user, None)
    if model.id.casefold() != to.casefold():
        raise BadInput(
            f"{to} is called {model.id} now.",
            hint=f"Publish to it under that name: --to {model.id}",
        )
    there = {file.path for file in model.files}
    card = manifest = None
    if "README.md" in there:
        card = hub.read_small(to, "README.md", revision=model.revision, limit=LIMIT)
    if _MANIFEST in there:
        manifest = _manifest(to, model.revision)
    return Target(user, model, card or b"", manifest)


def check_writer(to: str) -> str:
    """The name of the token's user, if it may write under the owner of ``to``."""
    told, _ = hub.read_json("/api/whoami-v2")
    told = told if isinstance(told, Mapping) else {}
    name = one_line(str(told.get("name", "")), 100)
    token = _mapping(_mapping(told.get("auth")).get("accessToken"))
    if token.get("role") == "read":
        raise HubError(
            f"The token of {name or 'this user'} may only read.",
            f"Make one with the right to write at {hub.endpoint()}/settings/tokens and log in "
            "with it: `hf auth login`.",
            "rights",
        )
    organisations = {
        str(each.get("name")): str(each.get("roleInOrg", ""))
        for each in told.get("orgs") or ()
        if isinstance(each, Mapping)
    }
    owner = to.split("/")[0]
    roles = {each.casefold(): role for each, role in organisations.items()}
    if owner.casefold() == name.casefold() or roles.get(owner.casefold(), "read") != "read":
        return name
    own = [name, *sorted(each for each, role in organisations.items() if role != "read")]
    may = ", ".join(f"{each}/{to.partition('/')[2]}" for each in own[:5] if each)
    raise BadInput(
        f"{name or 'This user'} may not publish under {owner!r}.",
        hint=f"Publish as one of: {may}" if may else "Log in: `hf auth login`.",
        field="--to",
    )


def find_model(repo: str, revision: str = "") -> HubModel | None:
    """A repository with its files; None if there is none that this user may see."""
    at = quote(revision or "main", safe="")
    try:
        told, _ = hub.read_json(
            f"/api/models/{quote(repo, safe='/')}/revision/{at}", {"blobs": "true"}, repo=repo
        )
    except NotOnHub:
        return None
    model = hub_model(told)
    if model is None:
        raise HubError("The Hub's answer names no model.", "Try again later.", "not a hub")
    return model


def check_conflict(target: Target, learnware: Learnware, hashes: Mapping[str, str]) -> None:
    """Refuse a repository that holds another model. ``hashes``: SHA-256 of the weights that would
    be sent, by their paths. A repository with one of them, or with an earlier publication of such a
    learnware, is this one's."""
    if target.model is None:
        return
    before, model = target.manifest, learnware.model
    there = {
        file.path: file.sha256
        for file in target.model.files
        if file.path.endswith(_WEIGHTS) and not file.path.startswith("learnware/")
    }
    if any(there.get(path) == sha256 for path, sha256 in hashes.items()):
        return
    if before is not None and (before.model.kind, before.model.base) != (model.kind, model.base):
        raise _other(target, f"a learnware of another kind or on another base ({_about(before)})")
    if before is None and there:
        raise _other(target, f"other weights ({one_line(min(there), 80)})")


def _other(target: Target, what: str) -> BadInput:
    name = target.model.id if target.model else ""
    return BadInput(
        f"{name} is there already and holds {what}.",
        hint="Publish under another name (--to OWNER/NAME), or delete those files there first: "
        "lwtui removes nothing from a repository.",
    )


def _about(learnware: Learnware) -> str:
    base = learnware.model.base
    return learnware.model.kind + (f" on {one_line(base, 80)}" if base else "")


@dataclass(frozen=True)
class Base:
    """The repository of an adapter's base."""

    repo: str
    revision: str
    licence: str
    notes: tuple[str, ...] = ()


def find_base(learnware: Learnware, here: Learnware | None, named: str) -> Base:
    """Where others find the base of an adapter. ``here`` is the base in this collection; ``named``
    overrules what the manifest says.

    The repository must hold the same weights as the base that is here, where both can be compared.
    Raises ``BadInput`` with what to do when the base is on this machine alone.
    """
    from_hub = here is not None and here.provenance.source == "hub" and not named
    if from_hub and here is not None:
        repo, revision = here.provenance.location or here.id, here.provenance.revision
    else:
        repo, revision = named or learnware.model.base, ""
        if here is None and not named:
            revision = learnware.model.base_revision
    notes = []
    model = find_model(repo, revision)
    if model is None and revision:
        notes.append(f"The commit {revision[:12]} of its base {repo} is no longer there.")
        revision, model = "", find_model(repo)
    if model is None:
        raise _unpublished(learnware, here, repo, named)
    if "peft" in model.formats:
        raise BadInput(
            f"{model.id} is an adapter; the base of {learnware.id} is a whole model.",
            field="--base",
            hint="Name the model that it was trained on.",
        )
    same = _same_weights(here, model)
    if same is False:
        raise BadInput(
            f"{model.id} on the Hub holds other weights than the base that {learnware.id} was "
            f"made on ({here.id if here else learnware.model.base}).",
            field="--base",
            hint="Name the repository that has it: --base OWNER/NAME"
            + _how_to_publish(here, learnware),
        )
    if same is None and not from_hub:
        notes.append(f"Whether {model.id} is the base it was made on was not compared.")
    if model.private:
        notes.append(f"Its base {model.id} is private: who cannot read it cannot run this.")
    if model.gated:
        notes.append(f"Its base {model.id} asks everyone to accept its terms first.")
    licence = model.licence or (here.semantic.licence if here else "")
    return Base(model.id, revision or model.revision, licence, tuple(notes))


def _same_weights(here: Learnware | None, model: HubModel) -> bool | None:
    """None: there is nothing to compare."""
    if here is None:
        return None
    there = {file.path: file.sha256 for file in model.files if file.sha256}
    ours = {f.path: f.sha256 for f in here.model.files if f.format in ("safetensors", "gguf")}
    ours = {path: sha256 for path, sha256 in ours.items() if sha256}
    if set(ours.values()) & set(there.values()):
        return True
    kinds = [{path.rpartition(".")[2] for path in side} for side in (ours, there)]
    return False if kinds[0] & kinds[1] & {"safetensors", "gguf"} else None


def _unpublished(learnware: Learnware, here: Learnware | None, repo: str, named: str) -> LwtuiError:
    if named:
        return NotOnHub(
            f"The base {one_line(repo, 100)!r} is not on the Hub, or your token may not see it.",
            hint="Check the name.",
            field="--base",
        )
    return BadInput(
        f"{learnware.id} is an adapter, and its base {repo} is on this machine alone: nobody else "
        "could run it.",
        hint="If the base is on the Hub under another name, name it: --base OWNER/NAME"
        + _how_to_publish(here, learnware),
        field="--base",
    )


def _how_to_publish(here: Learnware | None, learnware: Learnware) -> str:
    if here is None:
        return "."
    if here.owner == "starter" and here.models_folder is not None:
        # The built-in base is on no Hub; whoever builds on it brings it along, as its licence lets.
        copy = "YOU/starter-base"
        return (
            f". If it is not: lwtui add {here.models_folder} --id {copy}; lwtui publish {copy} "
            f"--to {copy} --as-base; then publish {learnware.id} with --base {copy}"
        )
    return (
        f". If it is not, publish the base first: lwtui publish {here.id} --to OWNER/NAME --as-base"
    )


def _manifest(repo: str, revision: str) -> Learnware | None:
    data = hub.read_small(repo, _MANIFEST, revision=revision, limit=MAX_BYTES)
    try:
        return parse_manifest(data.decode("utf-8-sig"), f"{repo}/{_MANIFEST}")
    except (BadInput, UnicodeDecodeError):
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
