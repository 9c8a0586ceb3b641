"""Actions of the mode Chat."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

_MESSAGE = "Open a conversation first: ask something, or choose one with ctrl+s."
_IDLE = "Wait for the answer, or stop it with escape."
_WHICH = "Put the cursor on a conversation of the list (ctrl+s), or open one."

ACTIONS: tuple[Action, ...] = (
    Action("chat.stop", "escape", "stop", "Stop", "Stop the answer and keep its text", footer=True,
           needs="Nothing is being written or loaded."),
    Action("chat.leave", "escape", "leave", "Leave the prompt",
           "To the messages, where letters are keys and 1 to 5 change the mode", needs=_IDLE),
    Action("chat.sessions", "ctrl+s", "sessions", "Chats", "The list of conversations",
           footer=True, priority=True),
    Action("chat.regenerate", "ctrl+r", "regenerate", "Regenerate", "Answer the last prompt anew",
           footer=True, priority=True, needs=_MESSAGE),
    Action("chat.last", "ctrl+r", "last", "Go on", "Open the conversation that was used last",
           footer=True, priority=True, needs="A conversation is open already, or there is none."),
    Action("chat.edit", "e", "edit", "Edit", "Ask the marked message in other words",
           needs=_MESSAGE),
    Action("chat.copy", "ctrl+y", "copy", "Copy", "Copy the marked message, or the last answer",
           priority=True, needs=_MESSAGE),
    Action("chat.copy_marked", "y", "copy_marked", "Copy message", "Copy the marked message",
           needs="Mark a message first: escape, then j and k."),
    Action("chat.copy_code", "Y", "copy_code", "Copy code",
           "Copy the code in the marked message, or in the last answer", needs=_MESSAGE),
    Action("chat.go_on", "c", "go_on", "Continue", "Go on with the last answer, stopped or cut",
           needs="There is no answer to go on with."),
    Action("chat.fork", "f", "fork", "Fork", "A new conversation up to the marked message",
           needs=_MESSAGE),
    Action("chat.find", "slash", "find", "Find", "Find words in this conversation",
           needs=_MESSAGE),
    Action("chat.next_hit", "n", "hit(1)", "Next hit", "Where the words stand next",
           needs="Find something first: press /."),
    Action("chat.previous_hit", "N", "hit(-1)", "Previous hit", "Where the words stood before",
           needs="Find something first: press /."),
    Action("chat.new", "ctrl+n", "new", "New", "Begin again with an empty transcript",
           footer=True, priority=True, needs="This conversation is empty: just ask."),
    Action("chat.pick", "ctrl+l", "pick", "Learnware", "Choose who answers from here on",
           footer=True, priority=True),
    Action("chat.search", "ctrl+f", "search", "Search chats",
           "Search the messages of all conversations", priority=True),
    Action("chat.rename", "R", "rename", "Rename", "Give the conversation a name", needs=_WHICH),
    Action("chat.delete", "D,delete", "delete", "Delete",
           "Move the conversation to the trash", needs=_WHICH),
    Action("chat.undelete", "u", "undelete", "Bring back", "Take the last deleted one back",
           needs="No conversation was deleted since lwtui was opened."),
    Action("chat.prompt", "i", "prompt", "Prompt", "Back to the prompt"),
)  # fmt: skip
