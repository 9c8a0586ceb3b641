"""Keeps Python's garbage collector from holding up the screen.

A full collection walks over everything that lives. Textual and huggingface_hub together make some
hundred thousand objects that stay as long as the app does: walking over them took 40 to 170 ms,
several times while one scrolls. Set aside, they are not walked over again, and a collection takes
a few milliseconds.
"""

from __future__ import annotations

import gc


def set_aside() -> None:
    """What lives now stays: collections leave it alone. For moments when much has been loaded."""
    gc.freeze()
