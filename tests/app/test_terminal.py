"""What is made of the environment of a terminal."""

from __future__ import annotations

import pytest

from tui.app import i18n, terminal
from tui.app.terminal import TRUE_COLOUR


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "screen-256color"}, 256),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, TRUE_COLOUR),
        ({"TERM": "xterm-direct"}, TRUE_COLOUR),
        ({"TERM": "xterm"}, 16),
        ({"TERM": "screen"}, 16),
        ({"TERM": "linux"}, 16),
        ({"TERM": "vt100"}, 0),
        ({"TERM": "dumb"}, 0),
        ({}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, 256),
    ],
)
def test_colours(environ: dict[str, str], expected: int) -> None:
    assert terminal.colours(environ) == expected
    assert terminal.detect(environ).mono == (expected == 0)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.utf8"}, True),
        ({"LANG": "zh_CN.GB18030"}, False),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, False),
        ({"LANG": "C", "REGFERRY_ASCII": "0"}, True),
        ({"LANG": "en_US.UTF-8", "REGFERRY_ASCII": "1"}, False),
    ],
)
def test_characters(environ: dict[str, str], expected: bool) -> None:
    assert terminal.utf8(environ) is expected


def test_multiplexer_clipboard_and_background() -> None:
    seen = terminal.detect({"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0", "COLORFGBG": "0;15"})
    assert (seen.multiplexer, seen.clipboard, seen.light, seen.usable) == ("tmux", True, True, True)
    seen = terminal.detect({"TERM": "linux", "STY": "1.tty"})
    assert (seen.multiplexer, seen.clipboard, seen.light) == ("screen", False, False)
    assert not terminal.detect({"TERM": "dumb"}).usable


@pytest.mark.parametrize(
    ("width", "height", "expected"), [(80, 24, "normal"), (59, 24, "compact"), (200, 14, "compact"), (140, 40, "wide")]
)
def test_size_classes(width: int, height: int, expected: str) -> None:
    assert terminal.size_class(width, height) == expected


@pytest.mark.parametrize(
    ("environ", "setting", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "", "zh_CN"),
        ({"LANG": "zh_TW.UTF-8"}, "", "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:zh_CN:en"}, "", "zh_CN"),
        ({"LANG": "C", "LANGUAGE": "zh_CN"}, "", "en"),
        ({"LANG": "zh_CN.GB2312"}, "", "en"),
        ({"LANG": "en_US.UTF-8"}, "zh_CN", "zh_CN"),
        ({"LANG": "zh_CN.UTF-8"}, "en", "en"),
        ({"LANG": "zh_CN.UTF-8", "REGFERRY_LANG": "en"}, "zh_CN", "en"),
        ({"REGFERRY_LANG": "zh-Hans"}, "", "zh_CN"),
        ({}, "", "en"),
    ],
)
def test_the_language(environ: dict[str, str], setting: str, expected: str) -> None:
    assert i18n.choose(environ, setting) == expected
