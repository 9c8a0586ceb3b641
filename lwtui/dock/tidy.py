"""What strangers say of their learnwares, cut and cleaned to what a list can show."""

from __future__ import annotations

import dataclasses

from lwtui.learnware.model import DataSource, Score, Semantic
from lwtui.safe_text import one_line


def tidy_semantic(semantic: Semantic) -> Semantic:
    """Every text on one line, without controls and escape codes, and no longer than is of use."""
    return dataclasses.replace(
        semantic,
        title=one_line(semantic.title, 200),
        description=one_line(semantic.description, 2_000),
        domain=one_line(semantic.domain, 60),
        task=one_line(semantic.task, 100),
        languages=tuple(one_line(each, 20) for each in semantic.languages[:50]),
        licence=one_line(semantic.licence, 80),
        tags=tuple(one_line(each, 80) for each in semantic.tags[:50]),
        data=tuple(
            DataSource(
                one_line(each.name, 200),
                one_line(each.licence, 80),
                one_line(each.source, 200),
                each.rows,
            )
            for each in semantic.data[:200]
        ),
    )


def tidy_scores(scores: tuple[Score, ...]) -> tuple[Score, ...]:
    """Likewise."""
    return tuple(
        dataclasses.replace(each, task=one_line(each.task, 200), metric=one_line(each.metric, 60))
        for each in scores[:200]
    )
