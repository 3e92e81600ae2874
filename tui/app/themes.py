"""The colours: dark, light and high contrast, each with a single accent; meaning is never colour alone."""

from __future__ import annotations

from textual.theme import Theme

from tui.app.i18n import N_
from tui.app.terminal import Terminal

DARK = Theme(
    name="regferry-dark",
    primary="#56c2b6",
    secondary="#56c2b6",
    accent="#56c2b6",
    foreground="#d8dee6",
    background="#11151a",
    surface="#161b21",
    panel="#1f262e",
    success="#86c98a",
    warning="#e3b55f",
    error="#f07f77",
    dark=True,
    variables={
        "block-cursor-background": "#24504c",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#232b33",
        "border": "#56c2b6",
        "border-blurred": "#37424e",
        "scrollbar": "#37424e",
        "scrollbar-background": "#161b21",
        "input-selection-background": "#24504c",
    },
)
LIGHT = Theme(
    name="regferry-light",
    primary="#0b6e66",
    secondary="#0b6e66",
    accent="#0b6e66",
    foreground="#1c242c",
    background="#fbfbf9",
    surface="#f3f4f2",
    panel="#e6e9e8",
    success="#2a6f33",
    warning="#8a5a00",
    error="#b3261e",
    dark=False,
    variables={
        "block-cursor-background": "#bfe3de",
        "block-cursor-foreground": "#0b1a19",
        "block-cursor-blurred-background": "#dde3e1",
        "border": "#0b6e66",
        "border-blurred": "#b5bdbb",
        "scrollbar": "#b5bdbb",
        "scrollbar-background": "#f3f4f2",
        "input-selection-background": "#bfe3de",
    },
)
CONTRAST = Theme(
    name="regferry-contrast",
    primary="#00ffff",
    secondary="#00ffff",
    accent="#00ffff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#00ff00",
    warning="#ffff00",
    error="#ff5555",
    dark=True,
    text_alpha=1.0,
    luminosity_spread=0.0,
    variables={
        "block-cursor-background": "#00ffff",
        "block-cursor-foreground": "#000000",
        "block-cursor-blurred-background": "#555555",
        "text-muted": "#ffffff",
        "foreground-muted": "#ffffff",
        "text-disabled": "#aaaaaa",
        "text-accent": "#00ffff",
        "text-success": "#00ff00",
        "text-warning": "#ffff00",
        "text-error": "#ff5555",
        "border": "#00ffff",
        "border-blurred": "#ffffff",
        "scrollbar": "#ffffff",
        "scrollbar-background": "#000000",
    },
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST)}
TITLES = {DARK.name: N_("Dark"), LIGHT.name: N_("Light"), CONTRAST.name: N_("High contrast")}
"""What the themes are called; translate when shown."""


def choose(terminal: Terminal, setting: str = "") -> str:
    """Return the name of the theme to begin with: the setting, else what suits the terminal.

    With 16 colours or none, shades of one colour look the same, so that is high contrast.
    """
    if setting in THEMES:
        return setting
    if terminal.colours <= 16:
        return CONTRAST.name
    return LIGHT.name if terminal.light else DARK.name
