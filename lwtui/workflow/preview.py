"""Look at a dataset before using it: its first rows and the fields that were found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lwtui.dataset import Example, FieldMap, Problem, open_dataset
from lwtui.errors import BadInput


@dataclass(frozen=True)
class DatasetPreview:
    """The beginning of a dataset."""

    name: str
    files: tuple[str, ...]
    """Files in use, relative to the folder."""
    fields: FieldMap
    """Of the first file in use."""
    examples: tuple[Example, ...]
    problems: tuple[Problem, ...]
    """Those met so far; reading everything may find more."""
    skipped: int
    """Rows and whole files left out so far."""
    rows_estimate: int
    """About how many rows there are in all."""
    columns: tuple[str, ...] = ()
    """Every column there is, to choose fields from."""


def preview(path: Path, fields: FieldMap | None = None, limit: int = 20) -> DatasetPreview:
    """The first ``limit`` rows of a folder or file, read without reading the rest.

    Raises ``BadInput`` when nothing can be used or a column named in ``fields`` is not there.
    """
    dataset = open_dataset(path, fields)
    examples = dataset.preview(limit)
    return DatasetPreview(
        dataset.name,
        dataset.files,
        dataset.fields,
        tuple(examples),
        tuple(dataset.problems),
        dataset.skipped,
        dataset.rows_estimate(),
        dataset.columns,
    )


def columns(path: Path) -> tuple[str, ...]:
    """Every column of the data there, also where nothing looks like a prompt, so that the user can
    say which is one. Empty where there is no such file or no columns."""
    from lwtui.dataset.dataset import Dataset
    from lwtui.dataset.find import find_sources

    path = path.expanduser()
    try:
        path.stat()
        return Dataset(path, find_sources(path), None).columns
    except (BadInput, OSError, ValueError):
        return ()
