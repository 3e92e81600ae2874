"""What the guided migration has come to so far, beside the basket and the draft that all places share."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field

from tui.app.basket import EVERY_TAG
from tui.app.screens.browse.shelf import Shelf
from tui.app.screens.guide.routes import FREE, Route
from tui.app.screens.planning.forecasting import Forecast
from tui.app.session import Session
from tui.endpoints.model import Endpoint
from tui.engine.runs import RunFolder
from tui.plan.model import TagSelection


@dataclass(slots=True)
class Journey:
    """`marked` are the repositories chosen, `selection` says which of their tags. `folder` is the run that was
    checked (`forecast`), by `process` as long as that goes on.
    """

    session: Session
    route: Route | None = None
    tried: set[str] = field(default_factory=set)
    """The endpoints that worked when they were tried on the way, by id."""
    shelf: Shelf | None = None
    marked: set[str] = field(default_factory=set)
    selection: TagSelection = EVERY_TAG
    folder: RunFolder | None = None
    process: subprocess.Popen[bytes] | None = None
    forecast: Forecast = field(default_factory=Forecast)
    checked: bool = False

    @property
    def source(self) -> Endpoint | None:
        """Where it comes from."""
        return self.shelf.endpoint if self.shelf is not None else None

    @property
    def target(self) -> Endpoint | None:
        """Where it goes."""
        return self.session.draft.target

    @property
    def way(self) -> Route:
        """The migration; any to any where none was picked."""
        return self.route or FREE

    @property
    def harbors(self) -> list[Endpoint]:
        """The Harbors at the two sides, that of the source first: each could replicate."""
        return [each for each in (self.source, self.target) if each is not None and each.kind == "harbor"]

    def begin_at(self, source: Endpoint) -> None:
        """Take the source; what was chosen at another one is forgotten."""
        if self.shelf is None or self.shelf.endpoint.id != source.id:
            self.shelf = Shelf(source)
            basket = self.session.basket
            same = basket.source is not None and basket.source.id == source.id
            self.marked = set(basket.paths) if same else set()
            self.selection = EVERY_TAG
        else:
            self.shelf.endpoint = source

    def fill_basket(self) -> None:
        """Put what is marked into the basket; tags that were chosen by name while browsing stay chosen."""
        assert self.shelf is not None
        basket = self.session.basket
        source = self.shelf.endpoint
        same = basket.source is not None and basket.source.id == source.id
        by_name = {path: tags for path, tags in basket.tags.items() if same and path in self.marked}
        basket.clear(source)
        basket.listed.update(self.shelf.listed)
        basket.take_repositories(sorted(self.marked - by_name.keys()), self.selection)
        for path, tags in by_name.items():
            basket.take_tags(path, tags)
