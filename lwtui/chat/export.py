"""A conversation as a file for other programs and for people."""

from __future__ import annotations

import json
from dataclasses import asdict

from lwtui.chat.session import ChatSession

SCHEMA = 1


def to_json(session: ChatSession) -> str:
    """Everything there is, as JSON: ``messages`` holds role and content as chat APIs have them."""
    data = {
        "schema": SCHEMA,
        "id": session.id,
        "title": session.title,
        "learnware": session.learnware,
        "system": session.system,
        "settings": asdict(session.settings),
        "created": session.created,
        "updated": session.updated,
        "forked_from": session.forked_from,
        "messages": [asdict(turn) for turn in session.turns],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def to_markdown(session: ChatSession) -> str:
    """For people: a heading for every turn, then its text as it is.

    Messages are Markdown themselves, so their headings stand beside ours; only JSON can be told
    apart by a program.
    """
    parts = [f"# {_line(session.title) or 'Conversation'}\n"]
    facts = [f"- learnware: {_line(session.learnware)}", f"- begun: {session.created[:16]} UTC"]
    parts.append("\n".join(facts) + "\n")
    if session.system.strip():
        parts.append(f"## System prompt\n\n{session.system.strip()}\n")
    for turn in session.turns:
        who = "You" if turn.role == "user" else _line(turn.learnware) or "Answer"
        parts.append(f"## {who}\n\n{turn.content.strip()}\n")
        if turn.status != "complete":
            parts.append(f"*({turn.status}{': ' + _line(turn.note) if turn.note else ''})*\n")
    return "\n".join(parts)


def _line(text: str) -> str:
    return " ".join(text.split())
