"""A copy that takes longer than the logins it is lent, by the command line in a process of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support import images
from tests.support.cli import Cli
from tests.support.clouds.front import RegistryFront
from tests.support.pusher import Pusher
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry
from tui.endpoints.file import EndpointFile
from tui.endpoints.model import Endpoint

LIFE = 4.0
"""Seconds a login is good for in this run, which takes some three times as long."""
TOKEN_LIFE = 2.0
_IMAGES = 24
_VARIABLE = "SECRET_OF_THE_KEY"


async def copy_for_long(folder: Path, endpoint: Endpoint, secret: str, front: RegistryFront) -> dict[str, Any]:
    """Copy images and a Helm chart to `endpoint` slowly, check them there, and return what the command line says.

    The secret is in a variable that the endpoint names. Raises AssertionError when anything failed or is missing.
    """
    front.delay = 0.15
    front.cloud.life = LIFE
    front.tokens_last(TOKEN_LIFE)
    cli = Cli(folder)
    config = folder / "config"
    config.mkdir()
    EndpointFile(config / "endpoints.toml").save([replace(endpoint, store="env", password_env=_VARIABLE)])
    with RealRegistry() as source:
        pusher = Pusher(source)
        pairs = {f"apps/app-{number:02}": f"team/app-{number:02}" for number in range(_IMAGES)}
        for path in pairs:
            pusher.manifest(path, images.image([images.layer(path)], label=path), ["v1"])
        pusher.manifest("apps/app-00", images.chart("app"), ["1.0.0"])
        pusher.close()
        rules: dict[str, str | list[str]] = {
            f"{source.address}/{here}": f"{front.address}/{there}" for here, there in pairs.items()
        }
        arguments = cli.sync_arguments(rules, source, options=("--json", "--proc", "2", "--retries", "0"))
        result = await asyncio.to_thread(cli.run, *arguments, env={_VARIABLE: secret})
        document = result.expect(0)
        assert document["tasks"]["done"] == _IMAGES + 1
        assert document["failed"] == []
        assert document["seconds"] > LIFE
        front.tokens_last(300.0)
        await asyncio.to_thread(assert_same, source, front.real, pairs)
    written = [path for path in (folder / "state").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in (*written, config / "endpoints.toml") if secret.encode() in path.read_bytes()]
    assert secret not in result.out + result.err
    return document
