"""A real terminal: tmux with a server of its own, driven by keys and read as text."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.cli import REPOSITORY, environment
from tests.support.programs import path_of

WIDTH, HEIGHT = 80, 24


class Tmux:
    """A tmux server without anybody's settings. `folder` holds its socket, and settings and state of the app."""

    def __init__(self, folder: Path, extra: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._env = {**environment(folder, extra), "TERM": "xterm-256color", "SHELL": "/bin/sh"}
        self._socket = folder / "tmux.sock"
        self._settings = folder / "tmux.conf"

    def __enter__(self) -> Self:
        # A server that ends with its last terminal may be ending while the next one is opened.
        self._settings.write_text("set-option -s exit-empty off\n", "utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(
            [path_of("tmux"), "-S", str(self._socket), "kill-server"], env=self._env, capture_output=True, check=False
        )

    def open(self, name: str, *arguments: str, width: int = WIDTH, height: int = HEIGHT) -> Terminal:
        """Open a terminal in which `regferry ARGUMENTS` runs; it stays open when that ends, and shows how it did."""
        command = shlex.join([sys.executable, "-m", "tui", *arguments])
        script = f'cd {shlex.quote(str(REPOSITORY))}; {command}; echo "[ended with $?]"; exec cat'
        self._tmux("new-session", "-d", "-x", str(width), "-y", str(height), "-s", name, script)
        return Terminal(self, name)

    def _tmux(self, *arguments: str) -> str:
        command = [str(path_of("tmux")), "-f", str(self._settings), "-S", str(self._socket), *arguments]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"tmux {' '.join(arguments)}: {done.stderr}")
        return done.stdout


class Terminal:
    """One window of a terminal."""

    def __init__(self, tmux: Tmux, name: str) -> None:
        self._tmux = tmux
        self._name = name

    def press(self, *keys: str) -> None:
        """Send keys by their tmux names: `j`, `Enter`, `Escape`, `C-p`."""
        for key in keys:
            self._tmux._tmux("send-keys", "-t", self._name, key)

    def step(self, *keys: str) -> None:
        """Send keys one by one, each when the one before shows: those that move the focus must not be overtaken."""
        for key in keys:
            before = self._looks()
            self.press(key)
            until = time.monotonic() + 60.0
            while self._looks() == before:
                assert time.monotonic() < until, f"{key} changed nothing on the screen:\n{self.screen()}"
                time.sleep(0.05)

    def _looks(self) -> str:
        """Return the screen with its colours, and where its cursor is."""
        return self._tmux._tmux("capture-pane", "-p", "-e", "-t", self._name) + self._tmux._tmux(
            "display-message", "-p", "-t", self._name, "#{cursor_x},#{cursor_y}"
        )

    def type(self, text: str) -> None:
        """Send characters as they are."""
        self._tmux._tmux("send-keys", "-t", self._name, "-l", text)

    def screen(self) -> str:
        """Return what stands on the screen."""
        return self._tmux._tmux("capture-pane", "-p", "-t", self._name)

    def wait_for(self, *words: str, seconds: float = 60.0) -> str:
        """Return the screen once all these words stand on it. Raises AssertionError with the screen after a while."""
        until = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if all(word in screen for word in words):
                return screen
            if time.monotonic() > until:
                raise AssertionError(f"{words} did not appear on the screen:\n{screen}")
            time.sleep(0.1)

    def settle(self, seconds: float = 0.4) -> str:
        """Return the screen once it has not changed for so long: what was begun on it is done, the focus is set.

        The seconds are those of a machine that has nothing else to do; one that has gets as many times more.
        """
        seconds *= max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        last, since = self.screen(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.05)
            if (screen := self.screen()) != last:
                last, since = screen, time.monotonic()
        return last

    def kill(self) -> None:
        """Close the terminal, as a lost connection does."""
        self._tmux._tmux("kill-session", "-t", self._name)
