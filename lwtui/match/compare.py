"""Two matches side by side: what rose, what fell, what is new, what is gone."""

from __future__ import annotations

from dataclasses import dataclass

from lwtui.match.ranking import Ranked, Ranking


@dataclass(frozen=True)
class Line:
    """A learnware in both matches, or in one of them. Places count from 1; None: not ranked."""

    id: str
    before: int | None
    after: int | None
    similarity: float
    """In the later match, or in the earlier if it is gone."""
    change: float | None = None
    """Of its similarity, later minus earlier; None where the two cannot be compared."""

    @property
    def climbed(self) -> int:
        """Places up (negative: down); 0 for what is in one match only."""
        if self.before is None or self.after is None:
            return 0
        return self.before - self.after

    @property
    def word(self) -> str:
        """``new``, ``gone``, ``up 2``, ``down 1`` or ``same``."""
        if self.before is None:
            return "new"
        if self.after is None:
            return "gone"
        if not self.climbed:
            return "same"
        return f"up {self.climbed}" if self.climbed > 0 else f"down {-self.climbed}"


@dataclass(frozen=True)
class Comparison:
    """``lines``: those of the later match in its order, then what is gone."""

    before: Ranking
    after: Ranking
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    """What makes the two hard to compare, in sentences."""

    @property
    def new(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.before is None)

    @property
    def gone(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.after is None)

    @property
    def same_winner(self) -> bool:
        return self.before.selected == self.after.selected


def compare(before: Ranking, after: Ranking) -> Comparison:
    """Lay an earlier match beside a later one (or those of two datasets).

    A change of similarity is told where both were computed in one specification space with one
    recipe; elsewhere only places are. ``new`` means not among those that the earlier match
    remembers (:data:`~lwtui.match.ranking.KEPT` at most, fewer if it was told to rank fewer).
    """
    comparable = (before.space, before.recipe) == (after.space, after.recipe)
    earlier = {each.id: (place, each) for place, each in enumerate(before.matches, 1)}
    lines = [
        _line(place, each, earlier.get(each.id), comparable)
        for place, each in enumerate(after.matches, 1)
    ]
    kept = {each.id for each in after.matches}
    lines += [
        Line(each.id, place, None, each.similarity)
        for place, each in enumerate(before.matches, 1)
        if each.id not in kept
    ]
    return Comparison(before, after, tuple(lines), _notes(before, after, comparable))


def _line(place: int, each: Ranked, earlier: tuple[int, Ranked] | None, comparable: bool) -> Line:
    if earlier is None:
        return Line(each.id, None, place, each.similarity)
    change = each.similarity - earlier[1].similarity if comparable else None
    return Line(each.id, earlier[0], place, each.similarity, change)


def _notes(before: Ranking, after: Ranking, comparable: bool) -> tuple[str, ...]:
    notes = []
    if before.dataset != after.dataset:
        notes.append(f"Two datasets: {before.dataset} and {after.dataset}.")
    if not comparable:
        notes.append(
            f"Similarities of {before.space}/{before.recipe} and {after.space}/{after.recipe} "
            "cannot be compared: only the places are."
        )
    if before.rows != after.rows:
        notes.append(f"Of {before.rows} rows and of {after.rows} rows.")
    counts = len(before.matches), len(after.matches)
    if counts[0] != counts[1]:
        notes.append(f"{counts[0]} learnwares were ranked then, {counts[1]} later.")
    return tuple(notes)
