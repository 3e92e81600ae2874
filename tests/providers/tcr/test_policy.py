"""The policy for a sub-account: enough for everything we do in a namespace, and for nothing beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.providers.tcr.conftest import KEY_ID, Tcr
from tests.support.chinese import in_chinese
from tests.support.clouds.tencent import INSTANCE, REGION
from tui.oci.access import Access, Connection, Credential
from tui.oci.errors import Denied
from tui.oci.reference import Repository
from tui.providers.preparing import Policy
from tui.providers.tcr.policy import INSTANCE as UNKNOWN
from tui.providers.tcr.preparing import TcrPreparer


def allowed(policy: Policy) -> dict[str, Any]:
    return {action: each["resource"] for each in json.loads(policy.document)["statement"] for action in each["action"]}


async def test_a_key_may_do_all_of_it_with_that_policy_and_nothing_beside(tcr: Tcr) -> None:
    policy = await TcrPreparer().policy(tcr.access(), ["fresh"])
    assert policy.file == "cam-policy-fresh.json"
    for sentence in (policy.title, policy.paste, policy.unconfirmed):
        in_chinese(sentence)
    found = allowed(policy)
    assert found["tcr:PushRepository"] == [
        f"qcs::tcr:{REGION}::repository/{INSTANCE}/fresh",
        f"qcs::tcr:{REGION}::repository/{INSTANCE}/fresh/*",
    ]
    assert not any("*" in action or "Delete" in action for action in found)
    tcr.cloud.keys[KEY_ID].policy = json.loads(policy.document)
    preparer, account = TcrPreparer(), tcr.account()
    [problem] = [
        each
        for each in await preparer.inspect(tcr.access(), [Repository(tcr.front.address, "fresh/app")])
        if each.severity == "problem"
    ]
    assert problem.action is not None
    await preparer.perform(tcr.access(), problem.action)
    await account.create_repository("fresh/app")
    assert [page async for page in account.repositories("fresh")] == [["fresh/app"]]
    assert [page async for page in account.tags("fresh/app")] in ([], [[]])
    for beside in (account.create_namespace("other"), account.create_repository("team/app")):
        with pytest.raises(Denied, match="lacks a permission"):
            await beside


async def test_who_may_not_look_for_the_instance_fills_it_in(tcr: Tcr) -> None:
    tcr.cloud.keys[KEY_ID].allowed = frozenset()
    policy = await TcrPreparer().policy(tcr.access(), ["team"])
    assert allowed(policy)["tcr:CreateInstanceToken"] == [f"qcs::tcr:::instance/{UNKNOWN}"]
    assert UNKNOWN in policy.unconfirmed
    given = await TcrPreparer().policy(tcr.access(), ["team"], instance="tcr-7")
    assert allowed(given)["tcr:CreateNamespace"] == ["qcs::tcr:::repository/tcr-7/team"]
    assert UNKNOWN not in given.unconfirmed


async def test_the_policy_of_the_personal_edition() -> None:
    access = Access(Connection("ccr.ccs.tencentyun.com"), Credential("100036950234", "x"))
    policy = await TcrPreparer().policy(access, ["team", "apps"])
    assert policy.file == "cam-policy.json"
    found = allowed(policy)
    assert found["tcr:PushRepositoryPersonal"] == [
        "qcs::tcr:::repo/apps",
        "qcs::tcr:::repo/apps/*",
        "qcs::tcr:::repo/team",
        "qcs::tcr:::repo/team/*",
    ]
    assert not any("Delete" in action for action in found)
