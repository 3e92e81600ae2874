"""What things are called at the target, and what templates are refused."""

from __future__ import annotations

import pytest

from tui.oci.reference import Repository
from tui.plan.naming import TemplateError, check_template, render_target

SOURCE = Repository("harbor.example.com", "team/sub/app")
DIGEST = "sha256:" + "14" * 32


@pytest.mark.parametrize(
    ("template", "tag", "target"),
    [
        ("acr.io/ns/{name}", "v1", "acr.io/ns/app:v1"),
        ("acr.io/ns/{path}", "v1", "acr.io/ns/team/sub/app:v1"),
        ("acr.io/{registry}/{project}-{name}", "v1", "acr.io/harbor.example.com/team-app:v1"),
        ("acr.io/ns/{name}:{tag}-old", "v1", "acr.io/ns/app:v1-old"),
        ("acr.io/ns/{name}:{project}-{tag}", "v1", "acr.io/ns/app:team-v1"),
        ("acr.io/ns/{name}:prod", "v1", "acr.io/ns/app:prod"),
        ("acr.io/ns/{name}-{tag}", "v1", "acr.io/ns/app-v1:v1"),
        ("localhost:5000/{name}", "v1", "localhost:5000/app:v1"),
        ("{registry}/copy/{path}", "v1", "harbor.example.com/copy/team/sub/app:v1"),
        ("acr.io/ns/app", DIGEST, f"acr.io/ns/app@{DIGEST}"),
        ("acr.io/ns/app:v9", DIGEST, "acr.io/ns/app:v9"),
        ("me/{name}", "v1", "docker.io/me/app:v1"),
        ("{name}", "v1", "docker.io/library/app:v1"),
    ],
)
def test_render(template: str, tag: str, target: str) -> None:
    assert str(render_target(template, SOURCE, tag)) == target


def test_the_port_of_a_source_may_lead_but_not_stand_in_a_path() -> None:
    source = Repository("127.0.0.1:5000", "a/b")
    assert str(render_target("{registry}/{path}", source, "t")) == "127.0.0.1:5000/a/b:t"
    with pytest.raises(TemplateError, match=r"port of 127\.0\.0\.1:5000"):
        render_target("acr.io/{registry}/{path}", source, "t")
    with pytest.raises(TemplateError, match=r"port of 127\.0\.0\.1:5000"):
        render_target("acr.io/{registry}", source, "t")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("acr.io/ns/{nme}", "did you mean {name}"),
        ("acr.io/ns/{}", "known are {registry}"),
        ("acr.io/ns/{name", "brace"),
        ("acr.io/ns/name}", "brace"),
        ("acr.io/ns/{{name}}", "brace"),
        ("acr.io/NS/{name}", "upper case"),
        ("acr.io/n:s/{name}", "repository path"),
        ("acr.io//{name}", "repository path"),
        ("acr.io/ns/{name}:", "ends in ':'"),
        ("acr.io/ns/{name}:-{tag}", "not a tag"),
        ("acr.io/ns/{name}@" + DIGEST, "not by a digest"),
        ("acr.io/" + "a" * 252 + "/{name}", "longer than"),
        ("", "repository path"),
    ],
)
def test_templates_that_are_refused(template: str, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        check_template(template)
    assert words in str(caught.value)


def test_a_digest_cannot_be_part_of_a_name() -> None:
    with pytest.raises(TemplateError, match="is a digest"):
        render_target("acr.io/ns/{name}:{tag}-old", SOURCE, DIGEST)
