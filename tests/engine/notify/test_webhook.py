"""Sending to the chats: what they take, what they refuse, and what nobody ever gets to read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest
from aiohttp import web

from tests.support.webhooks import SECRET, TOKEN, Webhooks
from tui.engine.notify.message import Message, message_of
from tui.engine.notify.webhook import NotSent, Webhook, send
from tui.oci.retry import RetryPolicy
from tui.plan.notify import Shape

QUICK = RetryPolicy(tries=3, base=0.001, cap=0.002, throttled_total=0.5)
SHAPES: tuple[Shape, ...] = get_args(Shape)
SIGNED: tuple[Shape, ...] = ("generic", "dingtalk", "feishu")


def report(**changes: Any) -> dict[str, Any]:
    states = ("done", "unchanged", "skipped", "conflict", "cancelled", "failed")
    return {
        "run": "20261121-030000-nightly",
        "seconds": 65.0,
        "state": "ended",
        "tasks": {"total": 3, **dict.fromkeys(states, 0), "done": 2, "failed": 1},
        "rules": {"total": 1, "failed": 0},
        "bytes": {"read": 1024, "written": 1024, "mounted": 0, "present": 0},
        "requests": {"source": 4, "target": 5},
        "attempts": {"retried": 1},
        "failed": [
            {"target": "t.io/app:1", "class": "DENIED", "message": '<!channel> <at user_id="all"> <@all> no & never'}
        ],
        **changes,
    }


@pytest.fixture
async def hooks() -> AsyncIterator[Webhooks]:
    async with Webhooks() as made:
        yield made


def hook(hooks: Webhooks, shape: Shape, secret: str = SECRET) -> Webhook:
    return Webhook(hooks.url(shape), shape, secret if shape in SIGNED else "")


def message(**changes: Any) -> Message:
    return message_of(report(**changes), "nightly", 1)


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_chat_takes_its_shape_and_signature(hooks: Webhooks, shape: Shape) -> None:
    await send(hook(hooks, shape), message(), QUICK)
    assert hooks.refused == []
    ((told, text),) = hooks.texts
    assert told == shape
    assert "regferry: nightly failed (exit 1" in text
    assert "3 tasks in 1:05: 2 done, 1 failed" in text
    assert "t.io/app:1: DENIED" in text


async def test_programs_get_the_whole_report(hooks: Webhooks) -> None:
    await send(hook(hooks, "generic"), message(), QUICK)
    (document,) = hooks.documents
    assert (document["event"], document["plan"], document["exit"]) == ("run.ended", "nightly", 1)
    assert document["tasks"]["done"] == 2
    assert document["failed"][0]["target"] == "t.io/app:1"


@pytest.mark.parametrize("shape", SIGNED)
async def test_a_wrong_secret_is_refused_in_the_chats_own_words(hooks: Webhooks, shape: Shape) -> None:
    with pytest.raises(NotSent) as caught:
        await send(hook(hooks, shape, "another secret"), message(), QUICK)
    assert "sign" in str(caught.value) or "401" in str(caught.value)
    assert hooks.texts == []
    assert hooks.requests == 1, "the same again would be refused again"


async def test_a_long_message_fits(hooks: Webhooks) -> None:
    failure = {"target": "t.io/镜像:1", "class": "DENIED", "message": "镜" * 5000}
    for shape in SHAPES:
        await send(hook(hooks, shape), message(failed=[failure] * 100), QUICK)
    assert hooks.refused == []
    assert "and 95 more failures" in hooks.texts[1][1]


async def test_a_break_and_a_5xx_are_tried_again(hooks: Webhooks) -> None:
    answers = iter([web.Response(status=503), web.Response(status=500)])
    hooks.interrupt = lambda request: next(answers, None)
    await send(hook(hooks, "slack"), message(), QUICK)
    assert (hooks.requests, len(hooks.texts)) == (3, 1)


async def test_too_many_messages_are_waited_out_a_little(hooks: Webhooks) -> None:
    answers = iter([web.json_response({"errcode": 45009, "errmsg": "api freq out of limit"})])
    hooks.interrupt = lambda request: next(answers, None)
    patient = RetryPolicy(tries=3, base=0.001, cap=0.002, throttled_total=5)
    await send(hook(hooks, "wecom"), message(), patient)
    assert (hooks.requests, len(hooks.texts)) == (2, 1)


async def test_it_gives_up_after_a_few(hooks: Webhooks) -> None:
    hooks.interrupt = lambda request: web.Response(status=500)
    with pytest.raises(NotSent):
        await send(hook(hooks, "generic"), message(), QUICK)
    assert hooks.requests == 3


async def test_a_redirect_is_not_followed(hooks: Webhooks) -> None:
    async with Webhooks() as other:
        hooks.interrupt = lambda request: web.Response(status=302, headers={"Location": other.url("slack")})
        with pytest.raises(NotSent, match="it sends us elsewhere") as caught:
            await send(hook(hooks, "slack"), message(), QUICK)
        assert other.requests == 0
    assert TOKEN not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_address_never_shows_in_what_is_said(hooks: Webhooks, shape: Shape) -> None:
    echo = {"errors": [{"code": TOKEN, "message": hooks.url(shape)}], "errcode": 1, "errmsg": hooks.url(shape)}
    for status in (200, 400, 404, 500):
        hooks.interrupt = lambda request, status=status: web.json_response(echo, status=status)  # type: ignore[misc]
        if status == 200 and shape in ("generic", "slack"):
            continue
        with pytest.raises(NotSent) as caught:
            await send(hook(hooks, shape), message(), QUICK)
        assert TOKEN not in f"{caught.value} {caught.value.hint}"
        assert SECRET not in f"{caught.value} {caught.value.hint}"
    assert TOKEN not in repr(hook(hooks, shape))


@pytest.mark.parametrize(
    "url", ["", "hooks.example.com/x", "ftp://h/x", "https://user:pw@h/x", "http://[", "https://h:x/y"]
)
async def test_an_address_that_is_none_is_not_repeated(url: str) -> None:
    with pytest.raises(NotSent) as caught:
        await send(Webhook(url), message(), QUICK)
    assert str(caught.value) == "the address is not https://host/path"


async def test_nobody_there(hooks: Webhooks) -> None:
    url = hooks.url("generic")
    await hooks.__aexit__()
    with pytest.raises(NotSent, match="no connection to"):
        await send(Webhook(url), message(), QUICK)
