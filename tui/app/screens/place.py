"""The frame every place shares: where I am at the top, the place itself, what happened last, and the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from tui.app.i18n import N_, _
from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import clean, shorten, width
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.parts_line import PartsLine

if TYPE_CHECKING:
    from tui.app.app import RegferryApp
    from tui.app.session import Session

PLACES = (
    ("home", N_("Home")),
    ("endpoints", N_("Endpoints")),
    ("browse", N_("Browse")),
    ("plan", N_("Plan")),
    ("runs", N_("Runs")),
)
"""Modes of the app with their titles; the keys 1 to 5 go there."""


class PlaceBar(PartsLine):
    """The line at the top: the places with their keys, the one in front highlighted, and where in it I am."""

    DEFAULT_CSS = "PlaceBar { dock: top; background: $panel; }"

    def __init__(self, mode: str, crumbs: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._mode = mode
        self._crumbs = crumbs

    def go(self, *crumbs: str) -> None:
        """Show where inside the place I am."""
        self._crumbs = crumbs
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return the places, and the crumbs where there is room for them."""
        used = 0
        for number, (mode, title) in enumerate(PLACES, 1):
            word = _(title)
            here = mode == self._mode
            yield f" {number}", "accent" if here else "muted"
            yield f" {word} ", "accent" if here else ""
            used += width(word) + 4
        crumbs = " › ".join(clean(crumb) for crumb in self._crumbs)
        if crumbs and used + width(crumbs) + 2 <= cells:
            yield " " * (cells - used - width(crumbs) - 1), ""
            yield crumbs, "muted"


class NoticeLine(PartsLine):
    """The line above the keys: the last thing that happened or went wrong; it stays until the next."""

    def __init__(self) -> None:
        super().__init__()
        self._notice: Part = ("", "")

    def say(self, text: str, style: str = "") -> None:
        """Show one line; `style` is that of a cell part: '' or 'success', 'warning', 'error'."""
        self._notice = (clean(text), style)
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return the notice."""
        text, style = self._notice
        if not text:
            return
        if width(text) < cells:
            yield f" {text}", style
        else:
            more = " " + _("m: all of it") + " "
            yield f" {shorten(text, cells - width(more) - 1)}", style
            yield more, "accent"


class Foot(Vertical):
    """The lowest two lines."""

    DEFAULT_CSS = "Foot { dock: bottom; height: 2; } Foot > KeyHints { dock: none; }"


class Place(Screen[None]):
    """A screen of the app. Subclasses set `MODE` and compose their content in `content`."""

    MODE: ClassVar[str] = "home"
    PASSING: ClassVar[bool] = False
    """Whether the key of its place leaves it for the first screen of that place: nothing typed is lost with it."""
    app: RegferryApp

    @property
    def session(self) -> Session:
        """What all screens share."""
        return self.app.session

    def compose(self) -> ComposeResult:
        """Yield the frame around the content."""
        yield PlaceBar(self.MODE)
        yield from self.content()
        with Foot():
            yield NoticeLine()
            yield KeyHints()

    def content(self) -> ComposeResult:
        """Yield what the place is about."""
        yield from ()

    def crumbs(self, *crumbs: str) -> None:
        """Show where inside the place I am, in the line at the top."""
        self.query_one(PlaceBar).go(*crumbs)

    def say(self, text: str, style: str = "") -> None:
        """Show what happened; also kept for the message log."""
        self.app.keep_message(text, style)
        if self.is_mounted:
            self.query_one(NoticeLine).say(text, style)
