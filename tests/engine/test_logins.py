"""Where a run finds its logins is kept with it; a secret never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.endpoints.origins import Override
from tui.engine.logins import LoginSources
from tui.oci.access import Credential


def through_json(sources: LoginSources) -> LoginSources:
    return LoginSources.from_document(json.loads(json.dumps(sources.to_document())))


def test_nothing_said() -> None:
    assert through_json(LoginSources()) == LoginSources()


def test_everything_said(tmp_path: Path) -> None:
    sources = LoginSources(
        auth_file=tmp_path / "auth.yaml",
        source=Override(scheme="http", verify=False, proxy=""),
        target=Override(
            verify=True,
            ca_file=tmp_path / "ca.pem",
            client_cert=tmp_path / "cert.pem",
            client_key=tmp_path / "key.pem",
            proxy="http://proxy.example:3128",
        ),
        source_endpoint="harbor",
        target_endpoint="acr",
    )
    assert through_json(sources) == sources


def test_paths_hold_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sources = LoginSources(auth_file=Path("auth.yaml"), target=Override(ca_file=Path("ca.pem")))
    kept = sources.to_document()
    monkeypatch.chdir("/")
    back = LoginSources.from_document(kept)
    assert (back.auth_file, back.target.ca_file) == (tmp_path / "auth.yaml", tmp_path / "ca.pem")


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_credential_is_refused(side: str) -> None:
    override = Override(credential=Credential("robot", "s3cret"))
    sources = LoginSources(source=override) if side == "source" else LoginSources(target=override)
    with pytest.raises(ValueError, match="not kept") as caught:
        sources.to_document()
    assert "s3cret" not in str(caught.value)
