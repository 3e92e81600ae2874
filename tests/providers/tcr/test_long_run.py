"""A run longer than the logins Tencent Cloud lends finishes with no failed task, and leaves no secret behind."""

from __future__ import annotations

from pathlib import Path

from tests.providers.tcr.conftest import SECRET, Tcr
from tests.support.clouds.long_run import LIFE, copy_for_long


async def test_logins_are_renewed_while_a_run_goes_on(tcr: Tcr, tmp_path: Path) -> None:
    document = await copy_for_long(tmp_path, tcr.endpoint(), SECRET, tcr.front)
    assert len(tcr.cloud.loans) >= document["seconds"] / LIFE
    assert {status for _, status in tcr.front.tokens} == {200}
    assert document["attempts"]["retried"] == 0
