"""The layouts that people's rows come in, and the fields found in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lwtui.dataset import Example, FieldMap, open_dataset
from lwtui.errors import BadInput
from lwtui.workflow.preview import preview

CASES: list[tuple[str, dict[str, Any], Example]] = [
    (
        "alpaca",
        {"instruction": "Translate.", "input": "chat", "output": "cat"},
        Example("Translate.", "chat", "cat"),
    ),
    (
        "alpaca with choices",
        {"instruction": "Which?", "input": "hm", "output": "b", "choices": ["a", "b"]},
        Example("Which?", "hm", "b", ("a", "b")),
    ),
    (
        "share-GPT",
        {
            "conversations": [
                {"from": "system", "value": "Be kind."},
                {"from": "human", "value": "Hello"},
                {"from": "gpt", "value": "Hi!"},
                {"from": "human", "value": "Who?"},
                {"from": "gpt", "value": "Me."},
            ]
        },
        Example("Who?", "", "Me.", (), "Be kind.", (("user", "Hello"), ("assistant", "Hi!"))),
    ),
    (
        "ChatML",
        {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]},
        Example("Q", "", "A"),
    ),
    (
        "ChatML that ends with a question, its parts a list",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Q"}]}]},
        Example("Q"),
    ),
    (
        "ChatML with a tool and two turns of one role",
        {
            "system": "S",
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "user", "content": "b"},
                {"role": "tool", "content": "42"},
                {"role": "assistant", "content": "c"},
            ],
        },
        Example("a\nb", "", "c", (), "S"),
    ),
    (
        "SQuAD, flat",
        {"context": "Oslo is cold.", "question": "What?", "answers": {"text": ["Oslo"], "n": [0]}},
        Example("What?", "Oslo is cold.", "Oslo"),
    ),
    ("question/answer", {"question": "Q?", "answer": "A."}, Example("Q?", "", "A.")),
    ("prompt/completion", {"prompt": "Q", "completion": "A"}, Example("Q", "", "A")),
    ("query/response", {"query": "Q", "response": "A"}, Example("Q", "", "A")),
    ("prompt/chosen", {"prompt": "Q", "chosen": "A", "rejected": "B"}, Example("Q", "", "A")),
    (
        "preference data as turns",
        {
            "prompt": [{"role": "user", "content": "Q"}],
            "chosen": [{"role": "assistant", "content": "A"}],
            "rejected": [{"role": "assistant", "content": "B"}],
        },
        Example("Q", "", "A"),
    ),
    ("input/output", {"input": "Q", "output": "A"}, Example("Q", "", "A")),
    ("document/summary", {"document": "Long.", "summary": "L."}, Example("Long.", "", "L.")),
    ("SVAMP", {"Body": "B.", "Question": "Q?", "Answer": 3.0}, Example("Q?", "B.", "3.0")),
    ("a number as answer", {"question": "2+2", "answer": 4}, Example("2+2", "", "4")),
    ("a truth as answer", {"question": "Wet?", "answer": True}, Example("Wet?", "", "true")),
    ("text alone", {"text": "Just this."}, Example("Just this.")),
    (
        "longer column names",
        {"customer_message": "Hi", "agent_reply": "Hello"},
        Example("Hi", "", "Hello"),
    ),
    (
        "MMLU: list and index",
        {"question": "Q", "choices": ["w", "x", "y"], "answer": 2},
        Example("Q", "", "y", ("w", "x", "y")),
    ),
    (
        "list and letter",
        {"question": "Q", "options": ["A) one", "B) two"], "correct": "B"},
        Example("Q", "", "two", ("one", "two")),
    ),
    (
        "ARC: labels and texts",
        {"question": "Q", "choices": {"text": ["p", "q"], "label": ["1", "2"]}, "answerKey": "2"},
        Example("Q", "", "q", ("p", "q")),
    ),
    (
        "choices by letter",
        {"question": "Q", "choices": {"A": "p", "B": "q"}, "answer": "A"},
        Example("Q", "", "p", ("p", "q")),
    ),
    (
        "a list of objects",
        {
            "question": "Q",
            "choices": [{"label": "A", "text": "p"}, {"label": "B", "text": "q"}],
            "answer": "B",
        },
        Example("Q", "", "q", ("p", "q")),
    ),
    (
        "MMLU: columns and letter",
        {"question": "Q", "A": 1, "B": 2, "C": 3, "D": 4, "answer": "C"},
        Example("Q", "", "3", ("1", "2", "3", "4")),
    ),
    (
        "MedMCQA: op columns",
        {"question": "Q", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "cop": 0},
        Example("Q", "", "w", ("w", "x", "y", "z")),
    ),
    (
        "COPA: choice1, choice2",
        {"premise": "It rained.", "choice1": "wet", "choice2": "dry", "label": 0},
        Example("It rained.", "", "wet", ("wet", "dry")),
    ),
    (
        "the answer as text",
        {"question": "Q", "choices": ["red", "blue"], "answer": "Blue"},
        Example("Q", "", "blue", ("red", "blue")),
    ),
    (
        "choices written into one cell",
        {"question": "Q", "choices": "['red', 'blue']", "answer": "1"},
        Example("Q", "", "blue", ("red", "blue")),
    ),
    (
        "a hidden answer",
        {"question": "Q", "choices": ["red", "blue"], "answer": -1},
        Example("Q", "", None, ("red", "blue")),
    ),
]


@pytest.mark.parametrize(("row", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_layout(write: Any, row: dict[str, Any], expected: Example) -> None:
    dataset = open_dataset(write("data/rows.jsonl", [row]))

    assert dataset.sample(5).examples == (expected,)
    assert dataset.problems == []


def test_answers_that_count_from_one(write: Any) -> None:
    rows = [{"question": "Q", "options": ["a", "b", "c"], "answer": n} for n in (1, 3, 2)]
    examples = list(open_dataset(write("rows.jsonl", rows)))
    assert [example.answer for example in examples] == ["a", "c", "b"]


def test_an_answer_outside_the_choices_is_reported(write: Any) -> None:
    rows = [
        {"question": "Q", "choices": ["a", "b"], "answer": "A"},
        {"question": "Q", "choices": ["a", "b"], "answer": "maybe"},
    ]
    sample = open_dataset(write("rows.jsonl", rows)).sample(5)
    assert (len(sample.examples), sample.skipped) == (1, 1)
    assert str(sample.problems[0]) == (
        "rows.jsonl:2: the answer 'maybe' is none of the 2 choices; the row was skipped"
    )


def test_classes_become_the_choices(write: Any) -> None:
    rows = [{"text": f"t{n}", "label": "spam" if n % 3 else "ham"} for n in range(30)]
    dataset = open_dataset(write("rows.jsonl", rows))
    assert dataset.fields.kind == "text/label"
    assert {e.choices for e in dataset.sample(4).examples} == {("ham", "spam")}
    assert next(iter(dataset)) == Example("t0", "", "ham", ("ham", "spam"))


@pytest.mark.parametrize(("classes", "offered"), [(100, 100), (101, 0)])
def test_too_many_classes_are_no_choices(write: Any, classes: int, offered: int) -> None:
    rows = [{"text": f"t{n}", "label": f"c{n % classes}"} for n in range(400)]
    sample = open_dataset(write("rows.jsonl", rows)).sample(3)
    assert {len(example.choices) for example in sample.examples} == {offered}


def test_classes_that_are_all_different_are_no_choices(write: Any) -> None:
    rows = [{"text": f"t{n}", "label": f"free text {n}"} for n in range(30)]
    assert open_dataset(write("rows.jsonl", rows)).sample(1).examples[0].choices == ()


def test_two_files_share_their_classes(write: Any) -> None:
    for name, label in (("a.csv", "yes"), ("b.csv", "no")):
        folder = write(f"data/{name}", f"text,label\nhello {label},{label}\n").parent
    assert {e.choices for e in open_dataset(folder)} == {("no", "yes")}


def test_named_fields_win(write: Any) -> None:
    rows = [{"question": "Q", "answer": "A", "title": "T", "reply": {"text": "R"}}]
    path = write("rows.jsonl", rows)
    given = FieldMap.parse("prompt=title, answer=reply.text")
    seen = preview(path, given)
    assert seen.examples[0].prompt == "T"
    assert seen.examples[0].answer == "R"
    assert seen.columns == ("question", "answer", "title", "reply")


def test_a_named_answer_with_few_values_is_a_class(write: Any) -> None:
    rows = [{"words": f"w{n}", "topic": "ab"[n % 2], "x": n} for n in range(20)]
    dataset = open_dataset(write("rows.jsonl", rows), FieldMap.parse("prompt=words,answer=topic"))
    assert dataset.sample(1).examples[0].choices == ("a", "b")


def test_named_choice_columns(write: Any) -> None:
    path = write("rows.jsonl", [{"frage": "Q", "x1": "a", "x2": "b", "richtig": "B"}])
    given = FieldMap.parse("prompt=frage,choices=x1|x2,answer=richtig")
    assert open_dataset(path, given).preview() == [Example("Q", "", "b", ("a", "b"))]


def test_a_column_that_is_not_there(write: Any) -> None:
    path = write("rows.jsonl", [{"question": "Q", "answer": "A"}])
    with pytest.raises(BadInput) as caught:
        open_dataset(path, FieldMap.parse("prompt=question,answer=reply"))
    assert str(caught.value) == (
        f"{path}: field 'fields': no file has a column 'reply'. "
        "The columns are 'question', 'answer'."
    )


def test_a_file_without_the_named_column_is_left_out(write: Any) -> None:
    write("data/a.jsonl", [{"frage": "Q"}])
    folder = write("data/b.jsonl", [{"text": "T"}]).parent
    dataset = open_dataset(folder, FieldMap.parse("prompt=frage"))
    assert dataset.files == ("a.jsonl",)
    assert [str(problem) for problem in dataset.problems] == [
        "b.jsonl: has no column 'frage'; it has 'text'; the file was skipped"
    ]


@pytest.mark.parametrize("text", ["prompt", "prompt=", "quest=a", "prompt=a,=b"])
def test_fields_that_cannot_be_read(text: str) -> None:
    with pytest.raises(BadInput, match="roles: prompt, input, answer, choices, messages, system"):
        FieldMap.parse(text)


def test_preview_reads_the_beginning(tmp_path: Path, write: Any, questions: list[Any]) -> None:
    seen = preview(write("pets/rows.jsonl", questions).parent, limit=3)
    assert (seen.name, seen.files, len(seen.examples)) == ("pets", ("rows.jsonl",), 3)
    assert (seen.rows_estimate, seen.skipped, seen.problems) == (8, 0, ())
    assert str(seen.fields) == "prompt=question, answer=answer"
