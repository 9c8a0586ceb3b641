"""A specification for a learnware that has none: published, of named datasets, of its answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from lwtui import __version__
from lwtui.dock.probe import probe_set
from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.isolated import run_isolated
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.grade import NAMED_DATASETS, OWN_ANSWERS, PUBLISHED, grade_of
from lwtui.learnware.known import Known
from lwtui.learnware.model import MINIMUM_ROWS, DataSource, Learnware, SpecificationEntry
from lwtui.workflow.own_answers import PARTS, write_answers
from lwtui.workflow.specify import DEFAULT_RECIPE, DEFAULT_ROWS, DEFAULT_SPACE, specify
from lwtui.workflow.work_folder import work_folder

if TYPE_CHECKING:
    from lwtui.spec.specification import Specification

Method = Literal["auto", "published", "datasets", "answers"]
_TYPE = "pave"


def specify_learnware(
    id: str,
    *,
    method: Method = "auto",
    rows: int = DEFAULT_ROWS,
    context: JobContext | None = None,
) -> Learnware:
    """Give a learnware a specification and record where it came from; return it as it then is.

    ``published``: the one in its repository. ``datasets``: of ``rows`` rows of the datasets that
    its card names, sampled from the Hub. ``answers``: of its own answers to all probe prompts, for
    which it must be here and run. ``auto``: the first of these that works. A better one that is
    there is never replaced. Raises ``BadInput``, ``Cancelled``, ``LwtuiError`` (that says of each
    way why it failed). No row stays on the disk.
    """
    if method not in get_args(Method):
        raise BadInput(f"{method!r} is no method.", hint=f"Use {', '.join(get_args(Method))}.")
    if rows < MINIMUM_ROWS:
        raise BadInput(f"At least {MINIMUM_ROWS} rows are needed.", field="rows")
    with Collection.open() as collection:
        job = _Job(collection, collection.get(id), rows, context or JobContext())
        if collection.is_builtin(job.learnware):
            raise BadInput(f"{job.learnware.id} is built into lwtui and cannot be changed.")
        ways: dict[str, Callable[[], Learnware]] = {
            "published": job.published,
            "datasets": job.named_datasets,
            "answers": job.own_answers,
        }
        if method != "auto":
            return ways[method]()
        return _first_that_works(job.learnware, ways)


def _first_that_works(learnware: Learnware, ways: dict[str, Callable[[], Learnware]]) -> Learnware:
    names = {"published": PUBLISHED, "datasets": NAMED_DATASETS, "answers": OWN_ANSWERS}
    failures: list[tuple[str, LwtuiError]] = []
    for name, way in ways.items():
        try:
            return way()
        except Cancelled:
            raise
        except LwtuiError as error:
            failures.append((names[name], error))
    told = " ".join(f"{name.capitalize()}: {error.message}" for name, error in failures)
    hint = next((error.hint for _, error in failures if error.hint), None)
    raise LwtuiError(f"{learnware.id} could not be specified. {told}", hint=hint)


class _Job:
    """One learnware, and the ways to specify it."""

    def __init__(
        self, collection: Collection, learnware: Learnware, rows: int, context: JobContext
    ) -> None:
        self._collection = collection
        self.learnware = learnware
        self._rows = rows
        self._context = context
        origin = learnware.provenance
        on_hub = origin.source == "hub" or not learnware.pulled
        self._repository = (origin.location or learnware.id) if on_hub else ""

    def published(self) -> Learnware:
        """What its repository holds under ``learnware/``."""
        from lwtui.dock.hub_errors import NotOnHub
        from lwtui.dock.remote import remote_learnware

        if not self._repository:
            raise BadInput(f"{self.learnware.id} does not come from the Hub.")
        self._context.progress(0, None, f"looking at {self._repository}")
        ours = self.learnware.provenance.revision
        for revision in dict.fromkeys((ours, "")):
            try:
                found = remote_learnware(self._repository, revision)
            except NotOnHub:
                if not revision:
                    raise
                continue  # its history was rewritten since
            if found is not None and (revision == ours or _same_weights(found[0], self.learnware)):
                return self._take(*found)
        raise LwtuiError(f"{self._repository} holds no specification of these weights.")

    def named_datasets(self) -> Learnware:
        """Of a sample of the datasets that its card names."""
        from lwtui.dock.named_datasets import is_dataset_name

        self._check_better(NAMED_DATASETS)
        names = [name for name in self._dataset_names() if is_dataset_name(name)]
        if not names:
            raise LwtuiError(f"The card of {self.learnware.id} names no dataset of the Hub.")
        with work_folder("specify") as folder:
            request = {"names": names, "rows": self._rows, "folder": str(folder)}
            told = run_isolated("lwtui.dock.named_datasets:run", request, self._context)
            read = [each for each in told["datasets"] if each["rows"]]
            if told["rows"] < MINIMUM_ROWS:
                raise LwtuiError(_no_rows(told["datasets"]))
            made = self._specify(folder / "rows.jsonl", self._rows)
            sources = [_source(each) for each in read]
            return self._keep(made, folder, NAMED_DATASETS, _sampled_words(read), sources)

    def own_answers(self) -> Learnware:
        """Of what it answers to the probe prompts."""
        self._check_better(OWN_ANSWERS)
        base = self._collection.base_of(self.learnware)
        with work_folder("specify") as folder:
            file = folder / "answers.jsonl"
            count = write_answers(self.learnware, base, file, self._context)
            made = self._specify(file, count)
            parts = {name: part for name, part in made.parts.items() if name in PARTS}
            made = dataclasses.replace(made, parts=parts, groups={})
            return self._keep(made, folder, OWN_ANSWERS, probe_set().name)

    def _specify(self, file: Path, rows: int) -> Specification:
        return specify(file, rows=rows, export=True, context=self._context)

    def _dataset_names(self) -> Sequence[str]:
        named = [source.name for source in self.learnware.semantic.data]
        if named or not self._repository:
            return named
        from lwtui.dock.search import details

        self._context.progress(0, None, f"looking at {self._repository}")
        return details(self._repository, self.learnware.provenance.revision).datasets

    def _check_better(self, origin: str) -> None:
        """Raise ``BadInput`` if it has a specification of a better origin, to match with in the
        same way."""
        from lwtui.spec.space import find_space

        key = (_TYPE, DEFAULT_RECIPE, find_space(DEFAULT_SPACE).id)
        for entry in self.learnware.specifications:
            grade = grade_of(entry.origin)
            if _key(entry) == key and grade.letter < grade_of(origin).letter:
                raise BadInput(
                    f"{self.learnware.id} has a better specification: grade {grade.letter}, "
                    f"{grade.words}."
                )

    def _keep(
        self,
        made: Specification,
        folder: Path,
        origin: str,
        how: str,
        sources: Sequence[DataSource] = (),
    ) -> Learnware:
        made_by = f"lwtui {__version__}, {how}"
        made = dataclasses.replace(made, made_by=made_by)
        file = folder / f"pave-{made.space}.safetensors"
        made.export(file)
        entry = SpecificationEntry(
            _TYPE, made.recipe, made.space, file.name, "", made.rows, origin, made_by
        )
        return self._add(file, entry, sources)

    def _add(
        self, file: Path, entry: SpecificationEntry, sources: Sequence[DataSource] = ()
    ) -> Learnware:
        identifier = self.learnware.id
        if self.learnware.pulled:
            return self._collection.add_specification(identifier, file, entry, sources)
        from lwtui.learnware.storage import hash_file

        entry = dataclasses.replace(entry, sha256=hash_file(file)[1])
        Known(self._collection.home).add_specification(identifier, file.read_bytes(), entry)
        self._collection.refresh()
        return self._collection.get(identifier)

    def _take(self, theirs: Learnware, files: dict[str, bytes]) -> Learnware:
        """Enter the specifications of a published manifest, each with the origin it states."""
        if not theirs.specifications:
            raise LwtuiError(f"{self._repository} holds a manifest without a specification.")
        if not self.learnware.pulled:
            Known(self._collection.home).put(
                dataclasses.replace(theirs, id=self.learnware.id), files, "hub"
            )
            self._collection.refresh()
            return self._collection.get(self.learnware.id)
        kept = self.learnware
        with work_folder("specify") as folder:
            for entry in theirs.specifications:
                file = folder / "published.safetensors"
                file.write_bytes(files[entry.file])
                kept = self._add(file, entry, theirs.semantic.data)
        return kept


def _no_rows(datasets: list[dict[str, Any]]) -> str:
    why = "; ".join(f"{each['name']}: {each['problem'] or 'too few rows'}" for each in datasets)
    return f"The datasets that its card names could not be sampled. {why}"


def _source(read: dict[str, Any]) -> DataSource:
    return DataSource(read["name"], licence=read["licence"])


def _sampled_words(read: list[dict[str, Any]]) -> str:
    """``openai/gsm8k@1a2b3c4 (mit) 32 rows``: what was sampled, of which commit and licence."""
    return "; ".join(
        f"{each['name']}@{each['revision'][:7]} ({each['licence'] or 'no licence told'}) "
        f"{each['rows']} rows"
        for each in read
    )


def _same_weights(theirs: Learnware, ours: Learnware) -> bool:
    """Whether a manifest speaks of the very weights that are here."""
    weights = ("peft", "safetensors", "gguf", "gguf-lora")
    known = {file.sha256 for file in theirs.model.files if file.format in weights} - {""}
    return any(file.sha256 in known for file in ours.model.files if file.format in weights)


def _key(entry: SpecificationEntry) -> tuple[str, str, str]:
    return entry.type, entry.recipe, entry.space
