"""A run longer than the logins Alibaba Cloud lends finishes with no failed task, and leaves no secret behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.acr.conftest import KEY_ID, SECRET, Acr
from tests.support.clouds.long_run import LIFE, copy_for_long


async def test_logins_are_renewed_while_a_run_goes_on(edition: Acr, tmp_path: Path) -> None:
    document = await copy_for_long(tmp_path, edition.endpoint(), SECRET, edition.front)
    assert len(edition.cloud.loans) >= document["seconds"] / LIFE
    assert {status for _, status in edition.front.tokens} == {200}
    assert document["attempts"]["retried"] == 0


async def test_a_key_that_is_refused_fails_the_run_with_the_step_to_take(enterprise: Acr, tmp_path: Path) -> None:
    enterprise.cloud.keys[KEY_ID].enabled = False
    with pytest.raises(AssertionError, match="this AccessKey is disabled"):
        await copy_for_long(tmp_path, enterprise.endpoint(), SECRET, enterprise.front)
    assert enterprise.cloud.actions.count("GetAuthorizationToken") <= 2
