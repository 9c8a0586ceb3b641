"""A learnware read from a repository without its weights: honest ones, and those that lie."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from lwtui import paths
from lwtui.dock.hub_errors import NotOnHub
from lwtui.dock.remote import LARGEST_SPECIFICATION, MANIFEST, remote_learnware
from lwtui.errors import LwtuiError
from lwtui.learnware.collection import Collection
from lwtui.learnware.known import Known
from lwtui.spec.specification import Specification, load_specification
from tests.dock.publishing import ROOT
from tests.hub.server import HubServer

REPO = "eve/bank"
SPEC = "pave-starter-407954b0.safetensors"
LIKE = ROOT / "specs" / "starter" / "banking-intent"
WEIGHTS = ROOT / "models" / "starter" / "banking-intent" / "adapter_model.safetensors"


def manifest(identifier: str = REPO) -> str:
    """As it is published: without the files that `put` does not put there."""
    text = (LIKE / "learnware.toml").read_text()
    start, end = text.index("[[model.files]]"), text.index("[semantic]")
    first = text[start:].split("\n\n")[0]
    text = text[:start] + first + "\n\n" + text[end:]
    return text.replace("starter/banking-intent", identifier)


def put(hub: HubServer, text: str | None = None, **files: bytes | str | Path) -> str:
    """The repository with a published learnware; ``files`` by names of tests below."""
    names = {"spec": f"learnware/{SPEC}", "weights": "adapter_model.safetensors"}
    there: dict[str, bytes | str | Path] = {
        names["weights"]: WEIGHTS,
        names["spec"]: LIKE / SPEC,
        MANIFEST: manifest() if text is None else text,
    }
    there |= {names[name]: content for name, content in files.items()}
    return hub.add_model(REPO, there, card={"license": "mit", "tags": ["learnware"]})


def asked_for(hub: HubServer) -> list[str]:
    return [path.split("?")[0] for _, path, _ in hub.requests]


def test_read_without_its_weights(hub: HubServer) -> None:
    commit = put(hub)
    found = remote_learnware(REPO)
    assert found is not None
    learnware, data = found
    assert data == {SPEC: (LIKE / SPEC).read_bytes()}
    assert (learnware.id, learnware.provenance.source) == (REPO, "hub")
    assert (learnware.provenance.location, learnware.provenance.revision) == (REPO, commit)
    assert [entry.origin for entry in learnware.specifications] == ["published"]
    assert not [path for path in asked_for(hub) if "adapter_model" in path]
    hub.add_commit(REPO, {"README.md": "---\nlicense: mit\n---\nlater"})
    again = remote_learnware(REPO, commit)
    assert again is not None
    assert again[0].provenance.revision == commit
    Known(paths.home()).put(learnware, data, "hub")
    with Collection.open() as collection:
        assert [each.id for each in collection.list(where="known")] == [REPO]


def test_none_without_one_and_errors_without_a_repository(hub: HubServer) -> None:
    hub.add_model("eve/plain", {"config.json": "{}"})
    assert remote_learnware("eve/plain") is None
    with pytest.raises(NotOnHub):
        remote_learnware("eve/nothing")


def test_a_guess_stays_a_guess(hub: HubServer) -> None:
    put(hub, manifest().replace('"training data"', '"own answers"'))
    found = remote_learnware(REPO)
    assert found is not None
    assert found[0].specifications[0].origin == "own answers"


def test_known_under_its_new_name(hub: HubServer) -> None:
    put(hub)
    hub.rename(REPO, "eve/bank-two")
    for name in (REPO, "eve/bank-two"):
        found = remote_learnware(name)
        assert found is not None
        assert found[0].id == "eve/bank-two"


def test_spaces_and_types_of_the_future(hub: HubServer) -> None:
    """A space of another version is kept; a type that nobody can check is left out."""
    specification = load_specification(LIKE / SPEC)
    other = Specification(
        "gradient", "future-00000000", {"whole": specification.parts["answer"]}, 64
    ).to_bytes()
    text = manifest().replace("starter-407954b0", "future-00000000")
    start = text.index("sha256", text.index("[[specification]]"))
    text = text[:start] + f'sha256 = "{hashlib.sha256(other).hexdigest()}"' + text[start + 75 :]
    more = '\n[[specification]]\ntype = "rkme"\nrecipe = "x"\nspace = "y"\nfile = "z.bin"\n'
    hub.add_model(
        REPO,
        {
            "adapter_model.safetensors": WEIGHTS,
            MANIFEST: text + more,
            "learnware/pave-future-00000000.safetensors": other,
        },
    )
    found = remote_learnware(REPO)
    assert found is not None
    assert [entry.space for entry in found[0].specifications] == ["future-00000000"]
    assert found[1] == {"pave-future-00000000.safetensors": other}


def truncated() -> bytes:
    return (LIKE / SPEC).read_bytes()[:-100]


def of_another() -> bytes:
    return (ROOT / "specs" / "starter" / "drug-names" / SPEC).read_bytes()


def without_hashes(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("sha256"))


HOSTILE: dict[str, tuple[Callable[[HubServer], object], str]] = {
    "claims another's id": (
        lambda hub: put(hub, manifest("meta/great-model")),
        "says that it is meta/great-model",
    ),
    "a path that leads out": (
        lambda hub: put(hub, manifest().replace(SPEC, "../" + SPEC)),
        "plain path",
    ),
    "a file that is not there": (
        lambda hub: put(hub, manifest().replace("adapter_model.", "other.")),
        "which is not there",
    ),
    "a specification that is not there": (
        lambda hub: put(hub, manifest().replace(SPEC, "other.safetensors")),
        "which is not there",
    ),
    "other weights": (lambda hub: put(hub, weights=b"other"), "was changed since"),
    "another specification": (lambda hub: put(hub, spec=of_another()), "is not the one"),
    "a damaged specification": (
        lambda hub: put(hub, without_hashes(manifest()), spec=truncated()),
        "safetensors|cut short|header|size",
    ),
    "another space than it says": (
        lambda hub: put(hub, manifest().replace('"starter-407954b0"', '"other-407954b0"')),
        "another space",
    ),
    "a large specification": (
        lambda hub: put(hub, spec=b"\0" * (LARGEST_SPECIFICATION + 1)),
        "too many to be right",
    ),
    "a large manifest": (lambda hub: put(hub, "#" * 2_000_000), "too many to be right"),
    "no TOML": (lambda hub: put(hub, "[[["), r"eve/bank/learnware/learnware.toml:1"),
    "a hash of the list that lies": (
        lambda hub: (put(hub), hub.lie(REPO, f"learnware/{SPEC}", sha256="0" * 64)),
        "is not the file that the Hub lists",
    ),
    "too many": (
        lambda hub: put(hub, manifest() + '\n[[specification]]\ntype = "a"\nrecipe = "b"\n'
        'space = "c"\nfile = "d"\n' * 9),
        "more specifications",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_contradicts_itself_is_refused(hub: HubServer, case: str) -> None:
    make, words = HOSTILE[case]
    make(hub)
    with pytest.raises(LwtuiError, match=words):
        remote_learnware(REPO)
    assert not [path for path in asked_for(hub) if "adapter_model" in path]


def test_what_a_stranger_writes_is_short_and_clean(hub: HubServer) -> None:
    title = "\\u001b[31m" + "x" * 5_000
    put(hub, manifest().replace("Banking customer intent", title))
    found = remote_learnware(REPO)
    assert found is not None
    assert found[0].semantic.title == "x" * 200


def test_a_mirror_that_tells_little(hub: HubServer) -> None:
    put(hub)
    hub.foreign = True
    found = remote_learnware(REPO)
    assert found is not None
    assert found[0].id == REPO
