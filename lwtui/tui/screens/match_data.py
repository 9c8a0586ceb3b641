"""The part of Match that chooses the data: places, the tree, a typed or dropped path, fields."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.widgets import Input

from lwtui.errors import LwtuiError
from lwtui.tui import messages
from lwtui.tui.dropped import dropped_paths
from lwtui.tui.match_messages import NothingFound
from lwtui.tui.match_services import DataChoice, DatasetView, Place
from lwtui.tui.screens.mode import ModeScreen
from lwtui.tui.text import one_line
from lwtui.tui.widgets.data_preview import DataPreview
from lwtui.tui.widgets.folder_picker import FolderPicker
from lwtui.tui.widgets.path_input import PathInput

if TYPE_CHECKING:
    from lwtui.tui.messages import RunningJob


class MatchData(ModeScreen):
    step = "pick"

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        """The data that was chosen last."""
        self._view: DatasetView | None = None
        """Its beginning; None while it is not read."""
        self._given: DataChoice | None = None
        """How a saved requirement was read, while its data is not."""
        self._job: RunningJob | None = None

    def _go(self, step: str, keep_focus: bool = False) -> None:
        raise NotImplementedError

    @property
    def picker(self) -> FolderPicker:
        return self.query_one(FolderPicker)

    @property
    def choice(self) -> DataChoice | None:
        """How the data is read; None while that is not known: as it was kept, then."""
        return self._view.choice if self._view is not None else self._given

    # What is offered

    @work(thread=True, exclusive=True, group="places")
    def read_places(self) -> None:
        places = self.services.places()
        self.app.call_from_thread(self._offer, places)

    def _offer(self, places: list[Place]) -> None:
        self.picker.offer(places)
        self.refresh_bindings()

    @on(FolderPicker.Highlighted)
    def _highlighted(self, event: FolderPicker.Highlighted) -> None:
        event.stop()
        self.refresh_bindings()

    def can_forget(self, *kinds: str) -> bool:
        """Is the cursor of the list on a place of these kinds?"""
        if self.step not in ("pick", "preview"):
            return False
        place = self.picker.place
        on_list = self.focused is not None and self.focused.id == "places"
        return on_list and place is not None and place.kind in kinds

    def action_forget(self) -> None:
        place = self.picker.place
        if place is None or not self.can_forget("recent", "saved"):
            return
        if place.kind == "recent":
            self.forget_place(place)
            return
        from lwtui.tui.screens.ask import ConfirmScreen

        name = one_line(place.label, 80)
        text = f"Its specification and what its matches found go. The data stays.\n\n{place.note}"

        def confirmed(yes: bool | None) -> None:
            if yes:
                self.forget_place(place)

        title = f"Delete the requirement {name}?"
        self.app.push_screen(ConfirmScreen(title, text, "Delete"), confirmed)

    def action_rename(self) -> None:
        place = self.picker.place
        if place is None or not self.can_forget("saved"):
            return
        from lwtui.tui.screens.ask import AskScreen

        def named(name: str | None) -> None:
            if name:
                self.rename_place(place, name)

        self.app.push_screen(AskScreen("Rename the requirement", place.label), named)

    @work(thread=True, group="forget")
    def forget_place(self, place: Place) -> None:
        try:
            if place.kind == "saved":
                self.services.delete_requirement(place.label)
            else:
                self.services.forget(place.path)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("It could not be removed", error))
        self.app.call_from_thread(self.read_places)

    @work(thread=True, group="forget")
    def rename_place(self, place: Place, name: str) -> None:
        try:
            self.services.rename_requirement(place.label, name)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("It could not be renamed", error))
        self.app.call_from_thread(self.read_places)

    # The tree

    def action_hidden(self) -> None:
        self.picker.toggle_hidden()

    def action_up(self) -> None:
        self.picker.go_up()

    def action_home(self) -> None:
        self.picker.go_home()

    # A path

    @on(FolderPicker.Picked)
    def _picked(self, event: FolderPicker.Picked) -> None:
        self._show_path(event.shown)
        self.read_preview(event.path, event.passing)

    def _show_path(self, text: str) -> None:
        field = self.query_one("#path", Input)
        with self.prevent(Input.Changed):
            field.value = one_line(text)

    @on(Input.Submitted, "#path")
    def _typed(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        paths = dropped_paths(text) or ((Path(text.strip("'\"")),) if text else ())
        if paths:
            self.open_dropped(paths)

    @on(PathInput.Dropped)
    def _dropped(self, event: PathInput.Dropped) -> None:
        event.stop()
        self.open_dropped(event.paths)

    def on_paste(self, event: events.Paste) -> None:
        """A folder dropped anywhere on this screen."""
        paths = dropped_paths(event.text)
        if paths:
            event.stop()
            self.open_dropped(paths)

    def open_dropped(self, paths: tuple[Path, ...]) -> None:
        """Read the first of these paths that is there. A job that runs is not disturbed."""
        if self._job is not None:
            self.lwtui.tell_user("A match is running: wait for it, or stop it with escape.")
            return
        self.find_dropped(paths)

    @work(thread=True, exclusive=True, group="dropped")
    def find_dropped(self, paths: tuple[Path, ...]) -> None:
        path = self.services.first_there(paths)
        self.app.call_from_thread(self._open_found, path)

    def _open_found(self, path: Path) -> None:
        self._show_path(str(path))
        self.read_preview(path)

    # The preview

    @work(thread=True, exclusive=True, group="preview")
    def read_preview(
        self, path: Path, passing: bool = False, choice: DataChoice | None = None
    ) -> None:
        """``choice``: how to read it, kept for the next time if that works."""
        try:
            view = self.services.preview(path, choice)
            if choice is not None:
                self.services.keep_choice(path, choice)
        except (LwtuiError, OSError) as error:
            if not passing:
                columns = self.services.columns(path) if isinstance(error, LwtuiError) else ()
                self.post_message(NothingFound(path, columns, error))
            return
        self.post_message(messages.PreviewReady(path, view, passing))

    def on_preview_ready(self, message: messages.PreviewReady) -> None:
        if self._job is not None and message.path != self._path:
            return  # a job was started meanwhile: it goes on with its own data
        self._path, self._view, self._given = message.path, message.view, None
        self.query_one(DataPreview).show(message.view)
        if self._job is None:
            self._go("preview", keep_focus=message.passing)

    def on_nothing_found(self, message: NothingFound) -> None:
        if self._job is not None:
            return
        if message.columns and self.is_current:
            name = message.path.name or str(message.path)
            self._ask_fields(message.path, name, message.columns, (), str(message.error))
            return
        self.lwtui.complain(message.error, "This data cannot be used")

    # Fields

    def action_fields(self) -> None:
        view, path = self._view, self._path
        if view is not None and path is not None:
            self._ask_fields(path, view.name, view.columns, view.fields)

    def _ask_fields(
        self,
        path: Path,
        name: str,
        columns: tuple[str, ...],
        found: tuple[tuple[str, str], ...],
        problem: str = "",
    ) -> None:
        from lwtui.tui.screens.fields_form import FieldsScreen

        choice = self.choice if path == self._path else None
        screen = FieldsScreen(name, columns, found, choice or DataChoice(), problem)

        def chosen(wanted: DataChoice | None) -> None:
            if wanted is not None:
                self.read_preview(path, choice=wanted)

        self.app.push_screen(screen, chosen)
