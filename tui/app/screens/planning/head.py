"""What a plan is about, above its tasks: source, target, names and options; and the sums below them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tui.app.basket import Basket
from tui.app.draft import Draft
from tui.app.i18n import N_, _, ngettext
from tui.app.screens.browse.basket_line import tally_text
from tui.app.widgets.cell import Part
from tui.app.widgets.figures import bytes_text, rate_text
from tui.app.widgets.fitted import clean, width
from tui.app.widgets.parts_line import PartsLine
from tui.engine.room import Room
from tui.plan.model import Options

LABELS = (N_("Source"), N_("Target"), N_("Names"), N_("Options"))
POLICIES = {
    "overwrite": N_("overwrite"),
    "skip": N_("keep existing tags"),
    "fail": N_("conflict where tags differ"),
    "backup": N_("back up existing tags"),
}
DRIFTS = {"keep": "", "latest": N_("moved tags as they are"), "fail": N_("moved tags fail")}
ORDERS = {"any": "", "oldest-first": N_("oldest tags first"), "version": N_("lowest versions first")}


class LabelledLine(PartsLine):
    """A label in the width all of them have, and what there is to say."""

    def __init__(self, label: str, *, id: str) -> None:
        super().__init__(id=id)
        self._label = label
        self._said: Sequence[Part] = ()

    def show(self, *said: Part) -> None:
        """Say something."""
        self._said = [(clean(text), style) for text, style in said]
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return label and words."""
        yield label(self._label), "muted"
        yield from self._said


class FreeLine(PartsLine):
    """A line of any parts."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._said: Sequence[Part] = ()

    def show(self, *said: Part) -> None:
        """Say something."""
        self._said = [(clean(text), style) for text, style in said]
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return the words."""
        yield " ", ""
        yield from self._said


class NamesInput(Input):
    """Where the names are typed; the line of keys says how to leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", N_("Done")),
        Binding("escape", "screen.leave_naming", N_("Back")),
    ]


class PlanHead(Vertical):
    """Four lines; the names are typed in the third."""

    DEFAULT_CSS = """
    PlanHead { height: auto; background: $surface; }
    PlanHead Horizontal { height: 1; }
    PlanHead Horizontal > Static { width: auto; color: $text-muted; }
    PlanHead #naming { width: 1fr; padding: 0; }
    PlanHead #wrong { display: none; }
    PlanHead.-wrong #wrong { display: block; }
    """

    def compose(self) -> ComposeResult:
        """Yield the lines."""
        yield LabelledLine(_("Source"), id="source-line")
        yield LabelledLine(_("Target"), id="target-line")
        with Horizontal():
            yield Static(label(_("Names")), markup=False)
            yield Static("", id="registry", markup=False)
            yield NamesInput(id="naming", compact=True, placeholder="{path}", select_on_focus=False)
        yield LabelledLine("", id="wrong")
        yield LabelledLine(_("Options"), id="options-line")

    def on_mount(self) -> None:
        """Let the names begin right behind the registry; the room other fields leave would look like a space."""
        self.query_one("#naming", Input).styles.padding = (0, 1, 0, 0)

    def show(self, draft: Draft, basket: Basket) -> None:
        """Say what the draft is about."""
        source = self.query_one("#source-line", LabelledLine)
        if draft.opened is not None:
            rules = len(draft.opened.rules)
            count = ngettext("{count} rule", "{count} rules", rules).format(count=f"{rules:,}")
            source.show(
                (_("file {path}").format(path=draft.path.name if draft.path else ""), "accent"), (f"  {count}", "")
            )
        elif basket.source is not None:
            tally = tally_text(basket.tally()) if not basket.empty else _("nothing selected")
            source.show((basket.source.name, "accent"), (f"  {tally}", ""))
        else:
            source.show((_("nothing selected"), "muted"))
        registry = f"{draft.target.address}/" if draft.target and draft.opened is None else ""
        self.query_one("#registry", Static).update(clean(registry))
        naming = self.query_one("#naming", Input)
        naming.disabled = draft.opened is not None
        if draft.opened is not None:
            naming.value = _("as in the file")
        elif naming.value != draft.names:
            naming.value = draft.names
        self.query_one("#options-line", LabelledLine).show((options_text(draft), ""))

    def show_target(self, draft: Draft, words: str = "", style: str = "muted") -> None:
        """Say where it goes, and what is known of the permission to write there."""
        line = self.query_one("#target-line", LabelledLine)
        if draft.opened is not None:
            name = draft.target.name if draft.target else _("as in the file")
        else:
            name = draft.target.name if draft.target else _("press t to choose one")
        said = f"  {words or (draft.target.address if draft.target else '')}"
        line.show((name, "accent"), (said, style if words else "muted"))

    def show_wrong(self, words: str) -> None:
        """Say what is wrong with the names, '' for nothing."""
        self.set_class(bool(words), "-wrong")
        self.query_one("#wrong", LabelledLine).show((words, "error"))


def label(text: str) -> str:
    """Return a label as wide as all of them."""
    cells = max(width(_(each)) for each in LABELS)
    return f" {text}{' ' * (cells - width(text))}  "


def options_text(draft: Draft) -> str:
    """Return the options in words."""
    options: Options = draft.options
    said = [
        _("{count} at a time").format(count=options.concurrency),
        ngettext("{count} retry", "{count} retries", options.retries).format(count=options.retries),
        _(POLICIES[options.on_conflict]),
        " ".join(map(str, draft.platforms)) if draft.platforms else _("all platforms"),
    ]
    if draft.opened is not None and not draft.platforms:
        said[-1] = _("platforms as in the file")
    if drift := DRIFTS[options.on_drift]:
        said.append(_(drift))
    if order := ORDERS[options.order]:
        said.append(_(order))
    if draft.artifacts.include:
        said.append(_("only {kinds}").format(kinds=" ".join(draft.artifacts.include)))
    if draft.artifacts.exclude:
        said.append(_("no {kinds}").format(kinds=" ".join(draft.artifacts.exclude)))
    if draft.replication is not None:
        said.insert(0, _("moved by the Harbor {harbor}").format(harbor=draft.replication.harbor))
    if not options.referrers:
        said.append(_("without what is attached"))
    elif options.check_referrers:
        said.append(_("with what is attached later"))
    if options.force:
        said.append(_("copy what looks unchanged, too"))
    return ", ".join(said)


def room_text(room: Room) -> str:
    """Return what room there is on a disk that is written to."""
    if room.free is None:
        return _("free space not known")
    return (_("{free} free") if room.enough else _("only {free} free")).format(free=bytes_text(room.free))


def assumption(draft: Draft) -> str:
    """Return the throughput a rough time stands on."""
    return _("at an assumed {rate}").format(rate=rate_text(draft.throughput))
