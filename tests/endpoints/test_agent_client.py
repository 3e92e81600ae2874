"""The helper process when it is not as it should be."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.endpoints.secret_service import wait_for
from tests.support.loop_lag import LoopLag, blocked_on_purpose
from tui.endpoints.errors import StoreAbsent, StoreNotAnswering, StoreRefused
from tui.endpoints.model import Endpoint
from tui.endpoints.secrets.agent_client import Answer, KeyringAgent
from tui.endpoints.secrets.keyring_store import KeyringStore

E1 = Endpoint("e", "a.example.com", username="bob", store="keyring")
READY = 'import sys,os,time,json\nsys.stdin.readline(); print(\'{"id": 0, "reason": "ready"}\', flush=True)\n'


@pytest.fixture
async def agent_running(tmp_path: Path):
    """Return a maker of agents that run a script in place of the helper; they are ended after the test."""
    agents: list[KeyringAgent] = []

    def make(script: str, environ: dict[str, str] | None = None) -> KeyringAgent:
        program = tmp_path / f"agent{len(agents)}.py"
        program.write_text(READY + script)
        agents.append(KeyringAgent(environ or {}, command=(sys.executable, "-I", str(program))))
        return agents[-1]

    yield make
    for agent in agents:
        await agent.close()


async def until_ended(pid: int) -> None:
    await asyncio.to_thread(wait_for, lambda: not _running(pid))


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_helper_that_hangs_is_killed_with_its_children_and_replaced(agent_running, tmp_path):
    agent = agent_running(
        f"""import subprocess
for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "hang":
        child = subprocess.Popen(["sleep", "600"])
        open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
        time.sleep(600)
    print(json.dumps({{"id": request["id"], "reason": "ready", "value": str(os.getpid())}}), flush=True)
"""
    )
    first = await agent.ask("get", seconds=10)
    assert first.value == str(agent.pid)
    async with LoopLag() as lag:
        assert await agent.ask("hang", seconds=1) == Answer("timeout")
    assert lag.longest_seconds < 0.2, lag.culprit
    await until_ended(int(str(first.value)))
    await until_ended(int((tmp_path / "child").read_text()))
    again = await agent.ask("get", seconds=10)
    assert again.reason == "ready"
    assert again.value != first.value


async def test_a_helper_killed_between_requests_is_not_noticed(agent_running):
    agent = agent_running(
        'for line in sys.stdin: print(json.dumps({"id": json.loads(line)["id"], "reason": "ready"}), flush=True)'
    )
    assert await agent.ask("get", seconds=10) == Answer("ready")
    pid = agent.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert await agent.ask("get", seconds=10) == Answer("ready")
    assert agent.pid != pid


@pytest.mark.parametrize(
    "script",
    [
        "sys.exit(0)",
        "sys.stdin.readline(); os.kill(os.getpid(), 9)",
        "sys.stdin.readline(); print('planted-secret', flush=True); time.sleep(600)",
        "sys.stdin.readline(); print('[1]', flush=True); time.sleep(600)",
        'sys.stdin.readline(); print(\'{"id": 77, "reason": "ready", "value": "planted-secret"}\', flush=True)',
        "sys.stdin.readline(); print('x' * 3_000_000, flush=True); time.sleep(600)",
        "sys.stdin.readline(); sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush(); time.sleep(600)",
    ],
    ids=["ends", "killed", "garbage", "not-an-object", "answer-to-another", "endless-line", "not-text"],
)
async def test_a_helper_that_answers_nonsense_is_an_error_that_repeats_none_of_it(agent_running, script):
    agent = agent_running(script)
    store = KeyringStore(agent=agent)
    with pytest.raises(StoreNotAnswering, match="ended unexpectedly") as caught:
        await store.get(E1)
    assert "planted" not in f"{caught.value!r} {caught.value.hint} {caught.value.__context__!r}"
    assert agent.pid is None


async def test_a_cancelled_request_leaves_no_answer_for_the_next_one(agent_running):
    agent = agent_running(
        """for line in sys.stdin:
    request = json.loads(line)
    time.sleep(0.5 if request["op"] == "slow" else 0)
    print(json.dumps({"id": request["id"], "reason": "ready", "value": request["op"]}), flush=True)
"""
    )
    assert (await agent.ask("first", seconds=10)).value == "first"
    slow = asyncio.create_task(agent.ask("slow", seconds=10))
    await asyncio.sleep(0.05)
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)
    assert agent.pid is None
    assert (await agent.ask("next", seconds=10)).value == "next"


async def test_a_stuck_keyring_is_asked_once_for_many_endpoints(agent_running, tmp_path):
    asked = tmp_path / "asked"
    store = KeyringStore(
        agent=agent_running(f"sys.stdin.readline(); open({str(asked)!r}, 'a').write('x'); time.sleep(600)"),
        seconds=0.5,
    )
    for _ in range(5):
        with pytest.raises(StoreNotAnswering):
            await store.get(E1)
    assert asked.read_text() == "x"
    assert (await store.status()).state == "stuck"
    assert asked.read_text() == "xx"


async def test_a_helper_that_cannot_start_is_an_absent_store():
    with pytest.raises(StoreAbsent, match="cannot be started"):
        await KeyringStore(agent=KeyringAgent(command=("/nonexistent/python",))).get(E1)


async def test_only_what_a_keyring_needs_is_in_the_environment_of_the_helper(agent_running):
    agent = agent_running(
        'request = json.loads(sys.stdin.readline())\nprint(json.dumps({"id": request["id"], "reason": "ready", '
        '"value": json.dumps(dict(os.environ))}), flush=True)',
        {"HOME": "/h", "XDG_RUNTIME_DIR": "/r", "LC_ALL": "C.UTF-8", "MY_PASSWORD": "planted", "AWS_SECRET": "planted"},
    )
    environ = json.loads(str((await agent.ask("get", seconds=10)).value))
    assert {"HOME", "XDG_RUNTIME_DIR"} <= environ.keys()
    assert "planted" not in environ.values()


async def test_the_helper_ends_with_its_parent(tmp_path):
    program = (
        "import asyncio,os\nfrom tui.endpoints.secrets.agent_client import KeyringAgent\n"
        "async def main():\n agent = KeyringAgent({})\n await agent.ask('status', seconds=20)\n"
        " print(agent.pid, flush=True)\n os.kill(os.getpid(), 9)\nasyncio.run(main())"
    )
    root = str(Path(__file__).parents[2])
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env={"PYTHONPATH": root}, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await parent.communicate()
    await until_ended(int(printed))


@pytest.mark.parametrize(
    ("backend", "error", "words"),
    [
        ("keyring.backends.null.Keyring", StoreRefused, "keeps nothing"),
        ("keyring.backends.fail.Keyring", StoreRefused, "keeps nothing"),
        ("keyring.backends.nowhere.Keyring", StoreAbsent, "No OS keyring is supported"),
    ],
)
async def test_a_configured_backend_that_keeps_nothing_is_refused(backend, error, words):
    store = KeyringStore({"PYTHON_KEYRING_BACKEND": backend, "HOME": "/nonexistent"})
    try:
        with pytest.raises(error, match=words):
            await store.get(E1)
    finally:
        await store.close()


async def test_a_backend_that_prompts_on_the_terminal_gets_no_input_and_spoils_no_answer(tmp_path):
    (tmp_path / "prompting.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class Keyring(KeyringBackend):\n"
        "    priority = 1\n"
        "    def get_password(self, service, username):\n"
        "        print('Please set a password for your new keyring: ')\n"
        "        return repr(__import__('sys').stdin.readline()) + repr(input('') if 0 else '')\n"
        "    def set_password(self, service, username, password): raise ValueError(password)\n"
    )
    sys.path.append(str(tmp_path))
    agent = KeyringAgent({"PYTHON_KEYRING_BACKEND": "prompting.Keyring"})
    try:
        assert await agent.ask("get", seconds=20, service="s", account="a") == Answer("ready", "''''")
        assert await agent.ask("set", seconds=20, service="s", account="a", secret="planted") == Answer("failed")
    finally:
        sys.path.remove(str(tmp_path))
        await agent.close()


async def test_the_watch_sees_a_blocked_loop_and_who_blocks_it():
    async with LoopLag() as lag:
        await blocked_on_purpose(0.5)
    assert lag.longest_seconds > 0.4
    assert "blocked_on_purpose" in lag.culprit
    async with LoopLag() as lag:
        await asyncio.sleep(0.2)
    assert lag.culprit == "" or "blocked_on_purpose" not in lag.culprit


async def test_the_watch_does_not_count_what_others_took_of_the_processor():
    everywhere = os.sched_getaffinity(0)
    busy = f"import os; os.sched_setaffinity(0, [{min(everywhere)}]); print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE) as rival:  # noqa: ASYNC220
        assert rival.stdout is not None
        rival.stdout.readline()
        try:
            async with LoopLag() as lag:
                os.sched_setaffinity(0, {min(everywhere)})
                begun, worked = time.monotonic(), time.thread_time()
                while time.thread_time() < worked + 0.3:
                    pass
                lasted = time.monotonic() - begun
        finally:
            os.sched_setaffinity(0, everywhere)
            rival.kill()
    assert 0.2 < lag.longest_seconds < lasted - 0.1
