"""The place 'endpoints': the list, the form to add or change one, dialogs for logins and stores."""

from tui.app.screens.endpoints.form import EndpointForm
from tui.app.screens.endpoints.screen import Endpoints

__all__ = ["EndpointForm", "Endpoints"]
