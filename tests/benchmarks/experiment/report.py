"""Puts the results into the document: every table between its two markers in specs/README.md.

    python -m tests.benchmarks.experiment.report [--data DIR --work DIR]

A table that has no results yet is left as it is.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.benchmarks.experiment.study import GROUPS, RESULTS

DOCUMENT = Path(__file__).parents[3] / "specs" / "README.md"
Rows = list[dict[str, str]]
Lines = list[str]


def read(name: str) -> Rows:
    with (RESULTS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> Lines:
    """Markdown; the first ``left`` columns to the left, numbers to the right."""
    marks = ["---" if place < left else "---:" for place in range(len(head))]
    lines = [head, marks, *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def number(text: str, digits: int = 3) -> str:
    return f"{float(text):.{digits}f}" if text else ""


def paper_table() -> Lines:
    """Loss and rank of each way of choosing."""
    found = read("table.csv")
    names = ["base", "random", "best single", "pick", "oracle"]
    rows = []
    for group in GROUPS:
        for has in ("answers", "prompts only"):
            own = {r["way"]: r for r in found if (r["group"], r["user_has"]) == (group, has)}
            if not own:
                continue
            users = next(iter(own.values()))["users"]
            cells = [f"{number(own[way]['loss'])} ({number(own[way]['rank'], 2)})" for way in names]
            rows.append([f"{group}, {has}", users, *cells])
    return table(["users", "", *names], rows, 1)


def exact_table() -> Lines:
    found = read("table.csv")
    names = ["base", "random", "best single", "pick", "oracle"]
    rows = []
    for group in GROUPS:
        own = {r["way"]: r for r in found if (r["group"], r["user_has"]) == (group, "answers")}
        shares = [number(own[way]["exact_with_choices"]) for way in names]
        rows.append([group, *shares])
    return table(["users", *names], rows)


def _line(found: Rows, recipe: str, has: str, order: str) -> list[str] | None:
    """Loss of the pick and the best of the top three by group, then own first and correlation."""
    own = {
        r["group"]: r
        for r in found
        if (r["recipe"], r["user_has"], r["ordered_by"]) == (recipe, has, order)
    }
    if not own:
        return None
    cells = []
    for group in GROUPS:
        if group not in own:
            cells += ["", ""]
            continue
        cells += [number(own[group]["pick"]), number(own[group]["top3"])]
    seen = own.get("seen")
    cells += [
        seen["own_first"] if seen else "",
        seen["ties"] if seen else "",
        number(own["unseen"]["correlation"], 2) if "unseen" in own else "",
    ]
    return cells


HEAD = [
    *(f"{group}: {what}" for group in GROUPS for what in ("pick", "top 3")),
    "own first", "ties with oracle", "ρ unseen",
]  # fmt: skip


def recipe_table(order: str, has: str = "answers") -> Lines:
    """All recipes ordered by one thing, the published pool apart."""
    found = read("recipes.csv")
    names = list(dict.fromkeys(r["recipe"] for r in found if " sets, " not in r["recipe"]))
    rows = []
    for name in names:
        cells = _line(found, name, has, order)
        if cells is not None:
            rows.append([name, *cells])
    return table(["recipe", *HEAD], rows)


def regret_table() -> Lines:
    """Loss of the best of the top 1, 3 and 8 over the oracle's, default recipe."""
    found = read("recipes.csv")
    rows = []
    for has in ("answers", "prompts only"):
        for order in ("similarity", "expected gain"):
            for r in found:
                key = (r["recipe"], r["user_has"], r["ordered_by"])
                if key != ("row unit norm, centred", has, order):
                    continue
                cells = [
                    f"{float(r[k]) - float(r['oracle']):.3f}" for k in ("pick", "top3", "top8")
                ]
                rows.append([f"{r['group']}, {has}", order, *cells])
    return table(["users", "ordered by", "top 1", "top 3", "top 8"], rows, 2)


def published_table() -> Lines:
    found = [r for r in read("recipes.csv") if " sets, " in r["recipe"]]
    names = list(dict.fromkeys(r["recipe"] for r in found))
    rows = [[name, *(_line(found, name, "answers", "similarity") or [])] for name in names]
    return table(["recipe", *HEAD], rows)


def layout_table() -> Lines:
    """Mean over the layouts other than the usual one."""
    found = [r for r in read("layouts.csv") if r["layout"] != "instruction"]
    fields = [name for name in found[0] if name not in ("recipe", "layout")]
    rows = []
    for recipe in dict.fromkeys(r["recipe"] for r in found):
        own = [r for r in found if r["recipe"] == recipe]
        means = [sum(float(r[f]) for r in own) / len(own) for f in fields]
        rows.append([recipe, *(f"{mean:.3f}" for mean in means)])
    return table(["recipe", *(f.replace("_", " ") for f in fields)], rows)


def layout_detail() -> Lines:
    """The default recipe, layout by layout."""
    from tests.benchmarks.experiment.layout import DEFAULT

    found = [r for r in read("layouts.csv") if r["recipe"] == DEFAULT]
    fields = [name for name in found[0] if name not in ("recipe", "layout")]
    rows = [[r["layout"], *(number(r[f]) for f in fields)] for r in found]
    return table(["layout", *(f.replace("_", " ") for f in fields)], rows)


def plain(name: str, left: int = 1, skip: Sequence[str] = ()) -> Callable[[], Lines]:
    """A results file as it is."""

    def made() -> Lines:
        found = read(name)
        fields = [field for field in found[0] if field not in skip]
        rows = [[r[field] for field in fields] for r in found]
        return table([field.replace("_", " ") for field in fields], rows, left)

    return made


def mixture_table() -> Lines:
    """Mean over all mixes of several tasks, by layout and what the user has."""
    found = [r for r in read("mixture.csv") if r["group"] != "one task"]
    kinds = list(dict.fromkeys((r["layout"], r["user_has"]) for r in found))
    rows = []
    for way in dict.fromkeys(r["way"] for r in found):
        cells = []
        for kind in kinds:
            own = [r for r in found if r["way"] == way and (r["layout"], r["user_has"]) == kind]
            mixes = sum(int(r["mixes"]) for r in own)
            mean = sum(float(r["loss"]) * int(r["mixes"]) for r in own) / max(1, mixes)
            cells.append(f"{mean:.3f}" if own else "")
        rows.append([way, *cells])
    return table(["way", *(", ".join(kind) for kind in kinds)], rows)


def noise_table() -> Lines:
    """Share of the way from base to oracle, unseen and seen users, of the shipped subspace."""
    found = [r for r in read("privacy_value.csv") if "random" not in r["subspace"]]
    fields = ["subspace", "rows", "epsilon", "share_unseen", "share_seen", "own_first"]
    rows = [[r[f] for f in fields] for r in found if int(r["rows"]) in (16, 64, 128)]
    return table([f.replace("_", " ") for f in fields], rows)


def attack_table() -> Lines:
    """Means over the tasks."""
    found = [r for r in read("privacy_attacks.csv") if "/" in r["task"]]
    fields = ["auc", "tpr_at_0.01", "nearest_is_member", "members_among_nearest", "chance"]
    rows = []
    for key in dict.fromkeys((r["epsilon"], r["rows"]) for r in found):
        own = [r for r in found if (r["epsilon"], r["rows"]) == key]
        known = [[float(r[f]) for r in own if r[f]] for f in fields]
        rows.append([*key, *(f"{sum(k) / len(k):.3f}" if k else "" for k in known)])
    return table(["ε", "rows", *(f.replace("_", " ") for f in fields)], rows, 1)


TABLES: dict[str, tuple[str, Callable[[], Lines]]] = {
    "paper": ("table.csv", paper_table),
    "exact": ("table.csv", exact_table),
    "regret": ("recipes.csv", regret_table),
    "width": ("width.csv", plain("width.csv")),
    "recipes by similarity": ("recipes.csv", lambda: recipe_table("similarity")),
    "recipes by gain": ("recipes.csv", lambda: recipe_table("expected gain")),
    "recipes, prompts only": (
        "recipes.csv",
        lambda: recipe_table("expected gain", "prompts only"),
    ),
    "published": ("recipes.csv", published_table),
    "layouts": ("layouts.csv", layout_table),
    "layouts of the default": ("layouts.csv", layout_detail),
    "verified": ("verified.csv", plain("verified.csv", 4)),
    "reliability": ("reliability.csv", plain("reliability.csv")),
    "noise": ("privacy_value.csv", noise_table),
    "speed": ("specification_speed.csv", plain("specification_speed.csv", 2)),
    "index": ("index_scale.csv", plain("index_scale.csv", 2)),
    "mixture": ("mixture.csv", mixture_table),
    "merging": ("mixture_merge.csv", plain("mixture_merge.csv", 2)),
    "attacks": ("privacy_attacks.csv", attack_table),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not read")
    parser.add_argument("--work", type=Path, help="not read")
    parser.parse_args()
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, (file, made) in TABLES.items():
        if not (RESULTS / file).exists():
            continue
        begin, end = f"<!-- table: {name} -->", "<!-- end -->"
        pattern = re.compile(re.escape(begin) + r"\n.*?" + re.escape(end), re.DOTALL)
        filled = "\n".join([begin, *made(), end])
        text = pattern.sub(lambda _, new=filled: new, text)
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
