"""The migrations the guide knows by name."""

from __future__ import annotations

from dataclasses import dataclass

from tui.app.i18n import N_, _
from tui.app.screens.guide.places import (
    ACR_DEFAULT,
    ACR_ENTERPRISE,
    ACR_PERSONAL,
    ANY,
    HARBOR,
    HUB,
    TCR,
    TCR_PERSONAL,
    Place,
)


@dataclass(frozen=True, slots=True)
class Route:
    """From where to where; `about` says for whom it is."""

    key: str
    source: Place
    target: Place
    about: str

    @property
    def title(self) -> str:
        """Its name for people."""
        title = _("{source} to {target}").format(source=_(self.source.title), target=_(self.target.title))
        return title[:1].upper() + title[1:]


ROUTES = (
    Route("harbor-acr", HARBOR, ACR_DEFAULT, N_("registry.REGION.aliyuncs.com, the default instance")),
    Route("harbor-acr-personal", HARBOR, ACR_PERSONAL, N_("crpi-….personal.cr.aliyuncs.com, an instance of your own")),
    Route("harbor-acr-ee", HARBOR, ACR_ENTERPRISE, N_("NAME-registry.REGION.cr.aliyuncs.com, a paid instance")),
    Route("harbor-tcr", HARBOR, TCR, N_("NAME.tencentcloudcr.com, a paid instance")),
    Route("harbor-tcr-personal", HARBOR, TCR_PERSONAL, N_("ccr.ccs.tencentyun.com, free of charge")),
    Route("hub-any", HUB, ANY, N_("images of Docker Hub to a registry of your own")),
    Route("any-harbor", ANY, HARBOR, N_("moving in")),
    Route("any", ANY, ANY, N_("between two registries of any kind")),
)
FREE = ROUTES[-1]
