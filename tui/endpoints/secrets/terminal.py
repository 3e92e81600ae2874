"""A question on the controlling terminal, without echo and without blocking the event loop (POSIX)."""

from __future__ import annotations

import asyncio
import os
import termios
from types import TracebackType

_ECHO_FLAG = 3  # index of the local modes in what tcgetattr returns


class Terminal:
    """The terminal of this process, `/dev/tty`. Use as a context manager; getpass would block the loop or a thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def open(cls) -> Terminal | None:
        """Return the terminal, None when this process has none (a service, a detached run, cron)."""
        try:
            return cls(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        except OSError:
            return None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.close(self._descriptor)

    def say(self, text: str) -> None:
        """Write a line."""
        os.write(self._descriptor, f"{text}\n".encode())

    async def ask_hidden(self, question: str) -> str:
        """Return the line typed, without its end; '' at end of file. Restores the terminal when cancelled."""
        shown = termios.tcgetattr(self._descriptor)
        hidden = termios.tcgetattr(self._descriptor)
        hidden[_ECHO_FLAG] &= ~termios.ECHO
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        # TCSAFLUSH: what was typed before the question is no answer to it
        termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, hidden)
        try:
            os.write(self._descriptor, question.encode())
            loop.add_reader(self._descriptor, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(self._descriptor)
            # In canonical mode a terminal is readable when a whole line is there.
            line = os.read(self._descriptor, 4096)
        finally:
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, shown)
            os.write(self._descriptor, b"\n")
        return line.decode("utf-8", "surrogateescape").rstrip("\r\n")
