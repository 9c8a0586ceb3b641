"""Sends a published index to a dataset repository: its files, a card, and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from lwtui.dock.index_format import INDEX, SEMANTICS, IndexFile, Summary
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.model import check_id
from lwtui.learnware.storage import human_size

TAG = "learnware-index"
_CARD = "README.md"


@dataclass(frozen=True)
class IndexPlan:
    """What publishing an index would send. Nothing is sent by making one."""

    to: str
    """Dataset repository, ``owner/name``."""
    folder: Path
    summary: Summary
    index: bytes
    """``index.json``."""
    card: bytes
    private: bool = False

    @property
    def files(self) -> tuple[IndexFile, ...]:
        """Every file with its size and SHA-256, ``index.json`` last."""
        made = [(_CARD, self.card), (INDEX, self.index)]
        told = [IndexFile(n, len(data), hashlib.sha256(data).hexdigest()) for n, data in made]
        return (*self.summary.files, *told)


def plan_index(folder: Path, to: str, *, private: bool = False) -> IndexPlan:
    """What would be sent. Raises ``BadInput`` if the folder holds no whole index."""
    from lwtui.dock.index_reader import check_file, read_summary

    check_id(to)
    try:
        index = (folder / INDEX).read_bytes()
        summary = read_summary(index, str(folder / INDEX))
        for file in summary.files:
            check_file(folder / file.path, file)
    except OSError as error:
        raise BadInput(
            f"This folder holds no whole index: {error.strerror}.",
            file=error.filename or folder,
            hint="Make one first: lwtui index build FOLDER",
        ) from error
    return IndexPlan(to, folder, summary, index, _card(to, summary), private)


def publish(plan: IndexPlan, context: JobContext) -> str:
    """Send what is on the plan in one commit; the address where it then is. Files of an older index
    that the new one does not have are removed. Raises ``BadInput`` when a file was changed since,
    ``LwtuiError`` when the Hub refuses."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.utils import disable_progress_bars

    from lwtui.dock import hub
    from lwtui.dock.hub_errors import hub_errors
    from lwtui.dock.hub_words import no_token
    from lwtui.dock.index_reader import check_file

    if not hub.token():
        raise no_token("Publishing")
    for file in plan.summary.files:
        context.check()
        check_file(plan.folder / file.path, file)
    context.progress(0, plan.summary.size, f"publishing {plan.to}")
    disable_progress_bars()
    with hub_errors(plan.to, doing="Publishing the index"), contextlib.ExitStack() as opened:
        api = hub.api()
        api.create_repo(plan.to, repo_type="dataset", private=plan.private, exist_ok=True)
        there = set(api.list_repo_files(plan.to, repo_type="dataset"))
        ours = {file.path for file in plan.files}
        gone = [n for n in sorted(there - ours) if n.startswith("specifications-")]
        # Streams: paths would go by xet where its package is installed, which not every Hub has.
        streams = [
            (f.path, opened.enter_context((plan.folder / f.path).open("rb")))
            for f in plan.summary.files
        ]
        api.create_commit(
            plan.to,
            [
                CommitOperationAdd(_CARD, io.BytesIO(plan.card)),
                CommitOperationAdd(INDEX, io.BytesIO(plan.index)),
                *(CommitOperationAdd(name, stream) for name, stream in streams),
                *(CommitOperationDelete(name) for name in gone),
            ],
            commit_message=f"Index of {plan.summary.learnwares} learnwares",
            repo_type="dataset",
        )
    context.progress(plan.summary.size, plan.summary.size, f"publishing {plan.to}")
    return f"{hub.endpoint()}/datasets/{plan.to}"


def _card(to: str, summary: Summary) -> bytes:
    spaces = "\n".join(f"| `{kind}` | {count} |" for kind, count in summary.spaces.items())
    return f"""---
pretty_name: Index of learnwares
tags:
- learnware
- {TAG}
configs:
- config_name: default
  data_files: {SEMANTICS}
---

# An index of {summary.learnwares} learnwares

Specifications of models on the Hub, {human_size(summary.size)} in all, so that a model can be found
by what it was trained on, on one's own machine:

    lwtui index add {to}

| space and recipe | specifications |
| --- | --- |
{spaces}

`{SEMANTICS}` has a row per learnware with its repository, commit, licence and manifest;
`specifications-*.safetensors` hold the vectors. They hold no text of any dataset. Each model has
the licence that its own repository states.
""".encode()
