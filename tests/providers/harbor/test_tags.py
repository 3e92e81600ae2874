"""Deleting a tag over Harbor's own API."""

from __future__ import annotations

import pytest

from tests.providers.harbor.conftest import ADMIN, GUEST, Fleet, Open
from tests.support.harbor.state import immutable_rule
from tui.oci.errors import Conflict, Denied, NotFound
from tui.providers.harbor.tags import delete_tag

pytestmark = pytest.mark.real


async def test_the_tag_goes_and_its_artifact_stays(fleet: Fleet, opened: Open) -> None:
    harbor = fleet.start()
    harbor.add_project("shop")
    made = fleet.fill(harbor, "shop/a/b", "1", "2")
    await delete_tag(opened(harbor), "shop/a/b", made.digest, "2")
    tags = fleet.registries[harbor.address].root / "docker/registry/v2/repositories/shop/a/b/_manifests/tags"
    assert [path.name for path in tags.iterdir()] == ["1"]
    with pytest.raises(NotFound):
        await delete_tag(opened(harbor), "shop/a/b", made.digest, "2")


async def test_a_tag_that_moved_an_immutable_one_and_one_of_others_stay(fleet: Fleet, opened: Open) -> None:
    harbor = fleet.start(ADMIN, GUEST)
    project = harbor.add_project("shop")
    made = fleet.fill(harbor, "shop/app", "1")
    with pytest.raises(NotFound):
        await delete_tag(opened(harbor), "shop/app", "sha256:" + "0" * 64, "1")
    with pytest.raises(Denied) as denied:
        await delete_tag(opened(harbor, GUEST), "shop/app", made.digest, "1")
    assert "delete tags" in denied.value.hint
    project.immutable.append(immutable_rule("1"))
    with pytest.raises(Conflict):
        await delete_tag(opened(harbor), "shop/app", made.digest, "1")
