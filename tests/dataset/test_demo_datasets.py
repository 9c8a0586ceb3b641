"""The demo folders: read without a problem, and right."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from lwtui.dataset import open_dataset
from lwtui.paths import demo_root

_EQUATION = re.compile(r"(-?\d+(?:\.\d+)?(?: [*/+-] \d+(?:\.\d+)?)+) = £?(-?\d+(?:\.\d+)?)")


@pytest.mark.parametrize(
    ("name", "rows", "kind"),
    [
        ("finance-support", 84, "message/label"),
        ("clinic-questions", 66, "question/answer"),
        ("school-maths", 66, "problem/solution"),
    ],
)
def test_demo(name: str, rows: int, kind: str) -> None:
    dataset = open_dataset(demo_root() / name)
    sample = dataset.sample(1000)
    assert (sample.rows_seen, sample.skipped, sample.problems) == (rows, 0, ())
    assert dataset.fields.kind == kind
    assert len({example.question for example in sample.examples}) == rows
    assert all(example.answer for example in sample.examples)
    assert (demo_root() / name / "README.md").is_file()


def test_intents_are_the_choices() -> None:
    examples = open_dataset(demo_root() / "finance-support").sample(84).examples
    assert {len(example.choices) for example in examples} == {14}
    assert all(example.answer in example.choices for example in examples)


def _value(expression: str) -> Fraction:
    """Left to right, * and / before + and -."""
    numbers = [Fraction(piece) for piece in expression.split()[::2]]
    signs = expression.split()[1::2]
    for level in ("*/", "+-"):
        index = 0
        while index < len(signs):
            if signs[index] not in level:
                index += 1
                continue
            left, right = numbers[index], numbers.pop(index + 1)
            sign = signs.pop(index)
            results = {"*": left * right, "+": left + right, "-": left - right}
            numbers[index] = left / right if sign == "/" else results[sign]
    return numbers[0]


def test_every_calculation_is_right() -> None:
    for example in open_dataset(demo_root() / "school-maths"):
        assert example.answer is not None
        steps = _EQUATION.findall(example.answer)
        assert steps, example.answer
        for expression, result in steps:
            assert _value(expression) == Fraction(result), example.answer
        assert example.answer.endswith(f" The answer is {steps[-1][1]}.")
