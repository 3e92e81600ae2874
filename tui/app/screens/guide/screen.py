"""The guided migration: which one, source, what, target, naming, engine, prepare, check, run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.app.i18n import N_, _
from tui.app.screens.browse.loader import plain
from tui.app.screens.guide.check_step import CheckStep
from tui.app.screens.guide.endpoint_steps import SourceStep, TargetStep
from tui.app.screens.guide.engine_step import EngineStep
from tui.app.screens.guide.journey import Journey
from tui.app.screens.guide.naming_step import NamingStep
from tui.app.screens.guide.prepare_step import PrepareStep
from tui.app.screens.guide.route_step import RouteStep
from tui.app.screens.guide.run_step import RunStep
from tui.app.screens.guide.step import Step
from tui.app.screens.guide.what_step import WhatStep
from tui.app.screens.place import Place
from tui.app.screens.planning.forecasting import discard
from tui.app.screens.work import begin
from tui.app.widgets.cell import Part
from tui.app.widgets.filter_input import FilterInput
from tui.app.widgets.fitted import width
from tui.app.widgets.parts_line import PartsLine
from tui.endpoints.errors import EndpointsError
from tui.oci.errors import LocalError, RegistryError


def steps_of(journey: Journey) -> tuple[type[Step], ...]:
    """Return the steps; who moves the bytes is a question only where a side is a Harbor."""
    first = (RouteStep, SourceStep, WhatStep, TargetStep, NamingStep)
    way = journey.way
    harbor = "harbor" in (way.source.kind, way.target.kind) or journey.harbors
    return (*first, *((EngineStep,) if harbor else ()), PrepareStep, CheckStep, RunStep)


class StepLine(PartsLine):
    """How far one has come: `Step 2 of 6`, and the steps by name."""

    DEFAULT_CSS = "StepLine { margin-bottom: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._at = 0
        self._steps: tuple[type[Step], ...] = ()

    def go(self, at: int, steps: tuple[type[Step], ...]) -> None:
        """Show another step as the one in front."""
        self._at, self._steps = at, steps
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return number and names; on a narrow screen those behind make room for those to come."""
        words = _("Step {number} of {count}").format(number=self._at + 1, count=len(self._steps))
        yield f" {words}  ", "accent"
        titles = [_(step.TITLE) for step in self._steps]
        room, first = cells - width(words) - 2, 0
        while first < self._at and sum(width(title) + 2 for title in titles[first:]) > room - (2 if first else 0):
            first += 1
        if first:
            yield "✓ ", "success"
        for number, title in list(enumerate(titles))[first:]:
            if number < self._at:
                yield f"✓{title}", "success"
            elif number == self._at:
                yield f"►{title}", "accent"
            else:
                yield f" {title}", "muted"
            yield " ", ""


class Guide(Place):
    """One step at a time; what was chosen stays when one goes back."""

    MODE: ClassVar[str] = "home"
    AUTO_FOCUS = None
    BINDING_GROUP_TITLE = N_("Guided migration")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", N_("Go on"), priority=True),
        Binding("escape", "back", N_("Back")),
        Binding("tab", "app.focus_next", N_("Next field"), show=False),
        Binding("shift+tab", "app.focus_previous", N_("Field before"), show=False),
    ]
    DEFAULT_CSS = "Guide #step { height: 1fr; padding-top: 1; } Guide StepLine { margin: 1 0 0 0; }"

    def __init__(self) -> None:
        super().__init__()
        self._at = 0
        self._journey: Journey | None = None

    def content(self) -> ComposeResult:
        """Yield how far one has come, and the step."""
        yield StepLine()
        yield Container(id="step")

    async def on_mount(self) -> None:
        """Begin at the beginning."""
        self._journey = Journey(self.session)
        self.crumbs(_("guided migration"))
        await self._go(0)

    @property
    def journey(self) -> Journey:
        """What was chosen so far."""
        assert self._journey is not None
        return self._journey

    @property
    def steps(self) -> tuple[type[Step], ...]:
        """The steps of this migration."""
        return steps_of(self.journey)

    @property
    def step(self) -> Step:
        """The step in front."""
        return self.query_one(Step)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter belongs to the filter while that is typed."""
        return not (action == "next" and isinstance(self.focused, FilterInput))

    async def action_next(self) -> None:
        """Go on, unless something is missing."""
        problem = self.step.problem()
        if problem:
            self.say(problem, "warning")
            return
        if self.step.hold():
            return
        self.step.keep()
        if self._at + 1 < len(self.steps):
            self.say("")
            await self._go(self._at + 1)
        else:
            begin(self, self._start, "start")

    async def action_back(self) -> None:
        """Go one step back; from the first one leave."""
        if self._at == 0:
            self.dismiss()
            return
        if isinstance(self.step, CheckStep | RunStep):
            self._discard()
        # From the last step the check would have to be made again, and it is the names one wants to change.
        await self._go(self.steps.index(NamingStep) if isinstance(self.step, RunStep) else self._at - 1)

    @on(Step.Finished)
    async def _finished(self) -> None:
        await self.action_next()

    @on(Step.Rerouted)
    def _rerouted(self) -> None:
        self.query_one(StepLine).go(self._at, self.steps)

    @on(Step.Said)
    def _said(self, event: Step.Said) -> None:
        self.say(event.text, event.style)

    def on_unmount(self) -> None:
        """Forget a check that leads nowhere."""
        self._discard()

    async def _go(self, at: int) -> None:
        room = self.query_one("#step", Container)
        await room.remove_children()
        self._at = at
        self.query_one(StepLine).go(at, self.steps)
        await room.mount(self.steps[at](self.journey))
        self.refresh_bindings()

    def _discard(self) -> None:
        journey = self._journey
        if journey is None or journey.folder is None:
            return
        folder, process = journey.folder, journey.process
        journey.folder = journey.process = None
        self.app.run_worker(discard(folder, process), group="discard")

    async def _start(self) -> None:
        journey = self.journey
        folder = journey.folder
        if folder is None:
            return
        self.say(_("Starting…"))
        try:
            process = await self.session.start(folder)
        except (RegistryError, EndpointsError, LocalError, OSError) as error:
            self.say(plain(error), "error")
            return
        # From now on the run is not the guide's to remove.
        journey.folder = None
        self.session.basket.clear()
        self.session.draft.overrides.clear()
        app = self.app
        self.dismiss()
        app.show_run(folder, process)
