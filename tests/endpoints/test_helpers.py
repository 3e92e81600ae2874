from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from tests.endpoints.secret_service import wait_for
from tui.endpoints.errors import LoginError
from tui.endpoints.helpers import CredentialHelper

PASSWORD = "planted-secret$1:x"


@pytest.fixture
def write_helper(tmp_path: Path):
    """Write `docker-credential-<suffix>` as a shell script and return the helper with only it on PATH."""

    def write(script: str, suffix: str = "test", seconds: float = 5.0, **environ: str) -> CredentialHelper:
        program = tmp_path / f"docker-credential-{suffix}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        path = f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return CredentialHelper(suffix, {"PATH": path, **environ}, seconds=seconds)

    return write


def answer(username: str, secret: str) -> str:
    return json.dumps({"ServerURL": "a", "Username": username, "Secret": secret})


async def test_get_asks_by_standard_input_and_reads_the_login(write_helper, tmp_path):
    helper = write_helper(f"cat >{tmp_path}/asked; echo \"$@\" >{tmp_path}/argv; echo '{answer('bob', PASSWORD)}'")
    found = await helper.get("harbor.example.com")
    assert found is not None
    assert (found.username, found.password, found.identity_token) == ("bob", PASSWORD, "")
    assert (tmp_path / "asked").read_text() == "harbor.example.com"
    assert (tmp_path / "argv").read_text() == "get\n"


async def test_the_user_token_means_an_identity_token(write_helper):
    found = await write_helper(f"echo '{answer('<token>', PASSWORD)}'").get("a")
    assert found is not None
    assert (found.username, found.password, found.identity_token) == ("", "", PASSWORD)


@pytest.mark.parametrize(
    "script", ["echo 'credentials not found in native keychain'; exit 1", f"echo '{answer('', '')}'"]
)
async def test_a_helper_without_the_login_is_no_error(write_helper, script):
    assert await write_helper(script).get("a") is None


async def test_store_hands_the_secret_over_by_standard_input_only(write_helper, tmp_path):
    helper = write_helper(f'cat >{tmp_path}/given; env >{tmp_path}/env; echo "$@" >{tmp_path}/argv')
    await helper.store("a.example.com", "bob", PASSWORD)
    assert json.loads((tmp_path / "given").read_text()) == {
        "ServerURL": "a.example.com",
        "Username": "bob",
        "Secret": PASSWORD,
    }
    assert PASSWORD not in (tmp_path / "env").read_text() + (tmp_path / "argv").read_text()


async def test_erase_and_list(write_helper, tmp_path):
    helper = write_helper(f'cat >{tmp_path}/given; [ $1 = erase ] || echo \'{{"https://a": "bob"}}\'')
    await helper.erase("a.example.com")
    assert (tmp_path / "given").read_text() == "a.example.com"
    assert await helper.users() == {"https://a": "bob"}


async def test_our_variables_and_the_terminal_of_gpg_are_not_inherited(write_helper, tmp_path):
    helper = write_helper(f"env >{tmp_path}/env", GPG_TTY="/dev/tty", REGFERRY_X="1", AWS_PROFILE="p")
    assert await helper.users() == {}
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert "AWS_PROFILE" in names
    assert not {"GPG_TTY", "REGFERRY_X"} & names


async def test_there_is_no_terminal(write_helper):
    helper = write_helper("if (exec </dev/tty) 2>/dev/null; then exit 0; else echo 'credentials not found'; exit 1; fi")
    assert await helper.get("a") is None


async def test_a_helper_that_hangs_is_killed_with_its_children(write_helper, tmp_path):
    helper = write_helper(f"sleep 600 & echo $! >{tmp_path}/child; wait", seconds=0.5)
    with pytest.raises(LoginError, match=r"did not answer within 0\.5 seconds"):
        await helper.get("a")
    assert await ended(int((tmp_path / "child").read_text()))


async def ended(pid: int) -> bool:
    """Wait until a process that is not ours to collect has ended (nobody may collect it: a zombie has ended too)."""
    await asyncio.to_thread(wait_for, lambda: process_state(pid) in ("", "Z"))
    return True


def process_state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize(
    "script", [f"echo '{PASSWORD}'", f"echo 'error: {PASSWORD}'; exit 3", f"echo '[\"{PASSWORD}\"]'"]
)
async def test_errors_name_the_helper_and_repeat_nothing_it_printed(write_helper, script):
    with pytest.raises(LoginError, match="docker-credential-test") as caught:
        await write_helper(script).get("a")
    assert "planted" not in f"{caught.value!r} {caught.value.hint} {caught.value.__cause__!r}"


@pytest.mark.parametrize("suffix", ["absent", "../../bin/sh", "x/y"])
async def test_a_helper_that_is_not_installed_or_is_a_path_is_refused(tmp_path, suffix):
    (tmp_path / "docker-credential-x").mkdir()
    with pytest.raises(LoginError, match="is not installed") as caught:
        await CredentialHelper(suffix, {"PATH": str(tmp_path)}).get("a")
    assert "credsStore" in caught.value.hint


async def test_a_helper_that_cannot_run_is_told(write_helper, tmp_path):
    helper = write_helper("")
    (tmp_path / "docker-credential-test").write_text("#!/nonexistent/interpreter\n")
    with pytest.raises(LoginError, match="cannot be run"):
        await helper.get("a")
