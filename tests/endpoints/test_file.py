from __future__ import annotations

import stat
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.endpoints.errors import EndpointFileError, EndpointsError, InvalidEndpoint
from tui.endpoints.file import EndpointFile
from tui.endpoints.model import Endpoint, LastTest
from tui.endpoints.private_file import exclusive
from tui.oci.errors import LocalError

FULL = Endpoint(
    name="harbor",
    address="harbor.example.com",
    kind="harbor",
    scheme="auto",
    verify=False,
    ca_file=Path("/etc/ssl/ca.crt"),
    client_cert=Path("/c.cert"),
    client_key=Path("/c.key"),
    proxy="",
    username="robot$ci",
    store="env",
    username_env="HARBOR_USER",
    password_env="HARBOR_PASSWORD",
    repositories=("library/nginx", "library/redis"),
    note='two\nlines and "quotes"',
    last_test=LastTest(datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), ok=False, latency_ms=12, message="401"),
)


@pytest.fixture
def file(tmp_path: Path) -> EndpointFile:
    return EndpointFile(tmp_path / "new" / "endpoints.toml")


def test_no_file_is_no_endpoints(file):
    assert file.load() == ()


def test_everything_comes_back_as_it_was_saved(file):
    other = Endpoint("second account", "harbor.example.com", username="bob", store="keyring")
    file.save([FULL, other])
    assert file.load() == (FULL, other)


def test_the_file_is_private_and_only_names_what_departs_from_the_defaults(file):
    file.add(Endpoint("hub", "docker.io", id="00000001"))
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert tomllib.loads(file.path.read_text()) == {
        "version": 1,
        "endpoint": [{"name": "hub", "id": "00000001", "address": "docker.io", "scheme": "https", "store": "docker"}],
    }


def test_a_link_to_the_file_stays_a_link(tmp_path):
    target = tmp_path / "dotfiles" / "endpoints.toml"
    target.parent.mkdir()
    target.touch()
    link = tmp_path / "endpoints.toml"
    link.symlink_to(target)
    EndpointFile(link).add(FULL)
    assert link.is_symlink()
    assert EndpointFile(target).load() == (FULL,)


def test_a_hand_written_endpoint_needs_only_name_and_address(file):
    file.path.parent.mkdir()
    file.path.write_text('[[endpoint]]\nname = "a"\naddress = "localhost:5000"\nca_file = "~/ca.crt"\n')
    (endpoint,) = file.load()
    assert endpoint.scheme == "auto"
    assert endpoint.ca_file == Path.home() / "ca.crt"
    assert file.load()[0].id == endpoint.id


def test_endpoints_are_added_changed_and_removed(file):
    file.add(FULL)
    file.add(Endpoint("b", "b.example.com"))
    with pytest.raises(EndpointFileError, match="two endpoints called 'harbor'"):
        file.add(Endpoint("harbor", "c.example.com"))
    assert file.update("b", note="n", name="c").note == "n"
    assert [endpoint.name for endpoint in file.load()] == ["harbor", "c"]
    with pytest.raises(InvalidEndpoint):
        file.update("c", scheme="gopher")
    file.replace("c", Endpoint("d", "d.example.com"))
    assert file.remove("harbor") == FULL
    assert [endpoint.name for endpoint in file.load()] == ["d"]


def test_an_unknown_name_is_answered_with_the_nearest(file):
    file.add(FULL)
    with pytest.raises(EndpointsError, match="no endpoint called 'habor'") as caught:
        file.remove("habor")
    assert caught.value.hint == "did you mean 'harbor'?"


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ('version = 1\n[[endpoint]]\nname = "a"\nadress = "a.example.com"\n', 4, "adress", "'address'"),
        ('[[endpoint]]\nname = "a"\naddress = "a.example.com"\n\n[[endpoint]]\nname = "b"\n', 5, "address", "missing"),
        ('[[endpoint]]\nname = "a"\naddress = "a.example.com"\nverify = "yes"\n', 4, "verify", "true or false"),
        ('[[endpoint]]\nname = "a"\naddress = "a.example.com"\nverify = 1\n', 4, "verify", "true or false"),
        ('[[endpoint]]\nname = "a"\naddress = "a.example.com"\nrepositories = "x"\n', 4, "repositories", "list"),
        ('[[endpoint]]\nname = "a"\naddress = "a.example.com"\nscheme = "htps"\n', 4, "scheme", "https, http, auto"),
        ('[[endpoint]]\nname = "a"\naddress = "a.example.com"\nstore = "file"\n', 4, "store", "keyring"),
        ('[[endpoint]]\nname = "a"\naddress = "a.example.com"\n[endpoint.last_test]\nok = 1\n', 4, "last_test", "ok"),
        ('[[endpoint]]\nname = "a"\naddress = "a.b"\n[[endpoint]]\nname = "a"\naddress = "b.c"\n', 5, "name", "two"),
        ('version = 2\n', 1, "version", "update"),
        ('colour = 2\n', 1, "colour", "unknown"),
        ('[endpoint]\nname = "a"\n', 1, "", "[[endpoint]]"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_key(file, text, line, key, words):
    file.path.parent.mkdir()
    file.path.write_text(text)
    with pytest.raises(EndpointFileError) as caught:
        file.load()
    assert (caught.value.line, caught.value.key) == (line, key)
    assert f"{file.path}:{line}" in caught.value.message
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_broken_toml_is_told_with_its_line(file):
    file.path.parent.mkdir()
    file.path.write_text('[[endpoint]]\nname = "a\n')
    with pytest.raises(EndpointFileError, match="line 2"):
        file.load()


@pytest.mark.parametrize("key", ["password", "secret", "api_token"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(file, key):
    file.path.parent.mkdir()
    file.path.write_text(f'[[endpoint]]\nname = "a"\naddress = "a.example.com"\n{key} = "planted-secret"\n')
    with pytest.raises(EndpointFileError, match="secrets are not kept") as caught:
        file.load()
    assert caught.value.line == 4
    assert "planted-secret" not in f"{caught.value!r} {caught.value.hint}"


def test_two_ids_alike_are_refused(file):
    with pytest.raises(EndpointFileError, match="id of another"):
        file.save([FULL, Endpoint("b", "b.example.com", id=FULL.id)])
    assert not file.path.exists()


def test_writers_at_the_same_time_lose_nothing(file):
    program = (
        "import sys; from pathlib import Path; from tui.endpoints.file import EndpointFile; "
        "from tui.endpoints.model import Endpoint; file = EndpointFile(Path(sys.argv[1]))\n"
        "for i in range(10): file.add(Endpoint(f'{sys.argv[2]}{i}', 'a.example.com'))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, file.path, name]) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert {endpoint.name for endpoint in file.load()} == {f"{name}{i}" for name in "abc" for i in range(10)}
    assert [path.name for path in file.path.parent.iterdir() if "endpoints.toml." not in path.name] == [
        "endpoints.toml"
    ]


def test_a_writer_that_never_finishes_is_told_about(file):
    with (
        exclusive(file.path),
        pytest.raises(LocalError, match=r"writing endpoints\.toml"),
        exclusive(file.path, seconds=0.05),
    ):
        pass


def test_a_folder_that_cannot_be_made_says_what_to_set(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(LocalError) as caught:
        EndpointFile(tmp_path / "taken" / "endpoints.toml").add(FULL)
    assert "REGFERRY_CONFIG_DIR" in caught.value.hint
    assert caught.value.kind == "LOCAL"
