from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from tui.endpoints.errors import StoreRefused
from tui.endpoints.secrets.passphrase import PassphraseRequest, ask_on_terminal, passphrase_source

REQUEST = PassphraseRequest("/vault.json")
AGAIN = PassphraseRequest("/vault.json", problem="The passphrase does not open the vault.")


async def test_a_descriptor_is_read_once_and_is_not_inherited():
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    ask = passphrase_source({"REGFERRY_VAULT_PASSPHRASE_FD": str(reading)})
    assert not os.get_inheritable(reading)
    os.write(writing, "pässphrase\r\nmore".encode())
    os.close(writing)
    assert await asyncio.gather(ask(REQUEST), ask(REQUEST)) == ["pässphrase", "pässphrase"]
    assert await ask(AGAIN) is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)


async def test_a_descriptor_that_stays_open_is_enough_with_a_line():
    reading, writing = os.pipe()
    ask = passphrase_source({"REGFERRY_VAULT_PASSPHRASE_FD": str(reading)})
    os.write(writing, b"passphrase\n")
    assert await ask(REQUEST) == "passphrase"
    os.close(writing)


@pytest.mark.parametrize("value", ["x", "-1", "9999", "3.5"])
async def test_a_variable_that_names_no_descriptor_is_refused_without_repeating_it(value):
    with pytest.raises(StoreRefused, match="not the number of an open descriptor"):
        passphrase_source({"REGFERRY_VAULT_PASSPHRASE_FD": value})


async def test_a_private_file_is_read(tmp_path: Path):
    file = tmp_path / "passphrase"
    file.write_text("from file\n")
    file.chmod(0o644)
    environ = {"REGFERRY_VAULT_PASSPHRASE_FILE": str(file)}
    with pytest.raises(StoreRefused, match="can be read by others") as caught:
        await passphrase_source(environ)(REQUEST)
    assert caught.value.hint == f"chmod 600 {file}"
    file.chmod(0o600)
    assert await passphrase_source(environ)(REQUEST) == "from file"
    file.unlink()
    with pytest.raises(StoreRefused, match="cannot read"):
        await passphrase_source(environ)(REQUEST)


async def test_an_empty_file_is_no_passphrase(tmp_path: Path):
    (tmp_path / "passphrase").touch(0o600)
    assert await passphrase_source({"REGFERRY_VAULT_PASSPHRASE_FILE": str(tmp_path / "passphrase")})(REQUEST) is None


def test_the_terminal_is_the_last_resort():
    assert passphrase_source({}) is ask_on_terminal


ASKING = """
import asyncio, sys
from tui.endpoints.secrets.passphrase import PassphraseRequest, ask_on_terminal
async def main():
    request = PassphraseRequest("/vault.json", new="new" in sys.argv, problem="")
    asking = asyncio.create_task(ask_on_terminal(request))
    ticks = 0
    while not asking.done() and not ("cancel" in sys.argv and ticks > 30):
        ticks += 1
        await asyncio.sleep(0.01)
    asking.cancel()
    print("answer", (await asyncio.gather(asking, return_exceptions=True))[0], ticks > 1)
asyncio.run(main())
"""


def on_a_terminal(*arguments: str, typed: tuple[tuple[str, str], ...] = ()) -> tuple[str, bool]:
    """Run ASKING on a terminal, type each answer after its question; return what was shown and whether it echoes."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
        os.execv(sys.executable, [sys.executable, "-c", ASKING, *arguments])
    shown, since, echoes = "", "", False
    answers = list(typed)
    try:
        while part := _read(terminal):
            shown += part
            since += part
            if answers and answers[0][0] in since:
                time.sleep(0.05)  # the asking program's loop goes round meanwhile
                os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
                since = ""
            echoes = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    return shown, echoes


def _read(terminal: int) -> str:
    assert select.select([terminal], [], [], 30)[0], "the program neither asks nor ends"
    try:
        return os.read(terminal, 4096).decode()
    except OSError:  # Linux says so when the other end is closed
        return ""


def test_a_terminal_shows_no_passphrase_and_the_loop_goes_on():
    shown, echoes = on_a_terminal(typed=(("Passphrase of the vault /vault.json: ", "planted one"),))
    assert shown.count("planted one") == 1
    assert "answer planted one True" in shown
    assert echoes


def test_a_new_passphrase_is_typed_twice():
    shown, _ = on_a_terminal(
        "new", typed=(("New passphrase: ", "first"), ("Once more: ", "second"), ("New passphrase: ", ""))
    )
    assert "Without its passphrase nobody can open it." in shown
    assert "The two differ." in shown
    assert "answer None" in shown
    assert "first" not in shown
    shown, _ = on_a_terminal("new", typed=(("New passphrase: ", "same one"), ("Once more: ", "same one")))
    assert "answer same one True" in shown


def test_a_cancelled_question_gives_the_terminal_back():
    shown, echoes = on_a_terminal("cancel")
    assert "answer  True" in shown
    assert echoes


async def test_without_a_terminal_there_is_no_answer(tmp_path: Path):
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ASKING,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    printed, _ = await child.communicate()
    assert b"answer None" in printed
