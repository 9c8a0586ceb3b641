"""Hostile text, and the check that a screen shows it as text and nothing else.

A test enumerates the widgets and screens there are, so that none is forgotten.
"""

from __future__ import annotations

import random
import unicodedata

from rich.cells import cell_len
from textual.widget import Widget

from lwtui.tui.app import LwtuiApp

PIECES = (
    *("[bold]", "[/]", "[/bold", "[@click=app.quit]x[/]", "[link=http://e]", "\\[", "{x}"),
    *("\x1b[2J", "\x1b]0;t\x07", "\x1b[31m", "\x9b1m", "\r", "\n", "\t", "\x00", "\x7f", "\x85"),
    *("\x1b]8;;http://e\x1b\\", "\x1b]52;c;eA==\x07", "\x1bP+q\x1b\\", "\b\b", "\x0e", "\x9d"),
    *("\u202e", "\u2066", "\u200f", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d", "\u061c"),
    *("漢字", "ｗｉ", "한글", "ｶﾞ", "\u3000", "👩\u200d👩\u200d👧", "🇩🇪", "❤\ufe0f", "🏳️\u200d🌈"),
    *("e\u0301\u0302", "\u0e01\u0e33", "\ufeff", "\u2028", "\u2029", "\u0915\u094d\u0937\u093f"),
    *("a" + "\u0301" * 30, "\u1100\u1161\u11a8", "\u0f0b\u0f90", "\ufff9x\ufffa", "\U000e0041"),
    *("\ud800", "\udfff", "\u00ad", "\u200b", "`", "```\n", "# ", "<b>", "&amp;", "$text", "%s"),
    *("![i](http://e)", "[l](javascript:x)", "|a|b|\n|-|-|\n", "- ", "1. ", "~~", "> ", "a" * 300),
)
"""Markup, commands of terminals, letters that take two cells, none, or several to make one."""
_REORDERING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def hostile_texts(count: int, seed: int = 0) -> list[str]:
    """``count`` texts, in which every one of ``PIECES`` stands at least once, among each other and
    among any letters of Unicode. The same for the same seed."""
    dice = random.Random(seed)
    texts: list[list[str]] = [[] for _ in range(count)]
    for number, piece in enumerate(dice.sample(PIECES, len(PIECES))):
        texts[number % count].append(piece)
    for text in texts:
        for _ in range(dice.randrange(6)):
            text.append(dice.choice(PIECES))
        for _ in range(dice.randrange(4)):
            text.append(chr(dice.randrange(dice.choice((0x250, 0x3000, 0x10000, 0x110000)))))
        dice.shuffle(text)
    return ["".join(text) for text in texts]


def check_screen(app: LwtuiApp) -> None:
    """Every line is as wide as the terminal and holds no character that commands it."""
    for strip in app.screen._compositor.render_strips():
        line = "".join(segment.text for segment in strip if not segment.control)
        assert strip.cell_length == app.size.width
        assert cell_len(line) == app.size.width, repr(line)
        for character in line:
            assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), repr(line)
            assert unicodedata.bidirectional(character) not in _REORDERING, repr(line)
    _note(app)


def _note(app: LwtuiApp) -> None:
    """Which of our widgets were on that screen."""
    seen: set[str] = app.__dict__.setdefault("seen_hostile", set())
    for screen in (app.screen, *app._background_screens):
        for node in screen.walk_children(Widget, with_self=True):
            if node.is_on_screen or node is screen:
                seen.update(each.__name__ for each in type(node).__mro__)


SHOWN = {
    "browse, match, chat": """
        BrowseScreen CollectionPane LearnwareDetail MatchScreen FolderPicker DataPreview MatchView
        ChatScreen Transcript PromptPart AnswerPart PromptArea SessionPane RowTable TopBar
    """,
    "hub": """
        HubPane HubDetail AdoptScreen EndPullScreen UpdatesScreen PublishScreen JobsScreen JobDetail
        PullPlanScreen
    """,
    "evaluate": """
        EvaluateScreen Matrix ReadingPane RunForm RunList RunPanel RunPlan SampleBrowser AskScreen
        ConfirmScreen
    """,
}
"""What each flow shows, full of hostile text."""


def check_shown(app: LwtuiApp, flow: str) -> None:
    """:func:`check_screen` has looked at all that ``SHOWN`` says."""
    missing = set(SHOWN[flow].split()) - app.__dict__.get("seen_hostile", set())
    assert not missing


def seen(app: LwtuiApp) -> set[str]:
    """The names of all classes, base classes included, that :func:`check_screen` looked at."""
    return set(app.__dict__.get("seen_hostile", ()))
