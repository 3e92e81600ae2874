from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from tui.endpoints.docker_login import DockerLogins, Login, find_login, list_logins
from tui.endpoints.errors import LoginError
from tui.oci.access import Credential
from tui.oci.reference import Repository

PASSWORD = "planted-secret$1:x"


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


class Home:
    """A home folder with the login files of docker and podman, and helpers on PATH."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "bin").mkdir()
        self.environ = {"HOME": str(root), "XDG_RUNTIME_DIR": str(root / "run"), "PATH": f"{root}/bin:/usr/bin:/bin"}

    def write(self, name: str, content: object) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def docker(self, **content: object) -> Path:
        return self.write(".docker/config.json", content)

    def helper(self, suffix: str, script: str) -> None:
        path = self.write(f"bin/docker-credential-{suffix}", f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def memory_helper(self, suffix: str, logins: dict[str, tuple[str, str]]) -> None:
        """A helper that knows `logins`, and notes every server it is asked for in bin/<suffix>.asked."""
        cases = "".join(
            f"""{server}) echo '{json.dumps({"ServerURL": server, "Username": user, "Secret": secret})}';;\n"""
            for server, (user, secret) in logins.items()
        )
        users = json.dumps({server: user for server, (user, _) in logins.items()})
        self.helper(
            suffix,
            f"server=$(cat)\n[ $1 = list ] && {{ echo '{users}'; exit; }}\n"
            f'echo "$server" >>{self.root}/bin/{suffix}.asked\n'
            f'case "$server" in\n{cases}*) echo credentials not found in native keychain; exit 1;;\nesac',
        )

    def asked(self, suffix: str) -> list[str]:
        return (self.root / "bin" / f"{suffix}.asked").read_text().split()

    async def find(self, reference: str) -> Credential | None:
        return await find_login(Repository.parse(reference), self.environ)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


async def test_no_files_is_no_login(home):
    assert await home.find("a.example.com/x") is None
    assert await list_logins(home.environ) == ()


async def test_a_login_is_split_at_the_first_colon_and_taken_as_it_is(home):
    home.docker(auths={"a.example.com": auth("robot$lib+ci", f"{PASSWORD}\0\0")})
    found = await home.find("a.example.com/x")
    assert found == Credential("robot$lib+ci", PASSWORD)
    assert found.origin == "login in ~/.docker/config.json"
    assert "planted" not in repr(found)


async def test_tokens_are_told_from_passwords(home):
    home.docker(
        auths={
            "identity.example.com": {**auth("bob", ""), "identitytoken": PASSWORD},
            "bearer.example.com": {"registrytoken": PASSWORD},
            "token.example.com": auth("<token>", PASSWORD),
            "plain.example.com": {"username": "bob", "password": PASSWORD},
        }
    )
    assert await home.find("identity.example.com/x") == Credential("bob", identity_token=PASSWORD)
    assert await home.find("bearer.example.com/x") == Credential(registry_token=PASSWORD)
    assert await home.find("token.example.com/x") == Credential(identity_token=PASSWORD)
    assert await home.find("plain.example.com/x") == Credential("bob", PASSWORD)


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"])
async def test_docker_hub_has_many_keys(home, key):
    home.docker(auths={key: auth("bob", PASSWORD), "https://index.docker.io/v1/access-token": auth("web", "x")})
    assert await home.find("nginx") == Credential("bob", PASSWORD)


async def test_old_keys_are_urls(home):
    home.docker(auths={"https://a.example.com/v1/": auth("old", "1"), "http://b.example.com:5000": auth("plain", "2")})
    assert await home.find("a.example.com/x") == Credential("old", "1")
    assert await home.find("b.example.com:5000/x") == Credential("plain", "2")
    assert await home.find("b.example.com/x") is None


async def test_the_most_specific_key_of_a_repository_wins(home):
    home.write(
        "run/containers/auth.json",
        {
            "auths": {
                "a.example.com": auth("host", "1"),
                "a.example.com/team": auth("team", "2"),
                "a.example.com/team/app": auth("app", "3"),
            }
        },
    )
    names = {}
    for reference in ("a.example.com/team/app", "a.example.com/team/app2", "a.example.com/team/x/y", "a.example.com/z"):
        found = await home.find(reference)
        assert found is not None
        names[reference.partition("/")[2]] = found.username
    assert names == {"team/app": "app", "team/app2": "team", "team/x/y": "team", "z": "host"}


async def test_podman_s_files_come_before_docker_s_and_the_first_match_wins(home):
    home.write("run/containers/auth.json", {"auths": {"a.example.com": auth("run", "1")}})
    home.write(
        ".config/containers/auth.json", {"auths": {h: auth("config", "2") for h in ("a.example.com", "b.example.com")}}
    )
    home.docker(auths={h: auth("docker", "3") for h in ("a.example.com", "b.example.com", "c.example.com")})
    home.write(".dockercfg", {h: auth("old", "4") for h in ("c.example.com", "https://d.example.com/v1/")})
    users = [await home.find(f"{host}.example.com/x") for host in "abcd"]
    assert [user and user.username for user in users] == ["run", "config", "docker", "old"]


async def test_the_variables_that_choose_a_file(home, tmp_path):
    home.docker(auths={"a.example.com": auth("docker", "1")})
    chosen = home.write("chosen.json", {"auths": {"a.example.com": auth("chosen", "2")}})
    other = home.write("other/config.json", {"auths": {"a.example.com": auth("other", "3")}})
    home.environ["DOCKER_CONFIG"] = str(other.parent)
    assert (await home.find("a.example.com/x")) == Credential("other", "3")
    home.environ["REGISTRY_AUTH_FILE"] = str(chosen)
    assert (await home.find("a.example.com/x")) == Credential("chosen", "2")
    home.environ["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"a.example.com": auth("variable", "4")}})
    found = await home.find("a.example.com/x")
    assert found == Credential("variable", "4")
    assert found.origin == "login in DOCKER_AUTH_CONFIG"


async def test_helpers_have_docker_s_precedence_and_server_names(home):
    home.memory_helper("one", {"a.example.com": ("<token>", PASSWORD)})
    home.memory_helper("all", {"https://index.docker.io/v1/": ("hub", "2"), "a.example.com": ("wrong", "3")})
    home.docker(
        credsStore="all",
        credHelpers={"a.example.com": "one"},
        auths={"https://index.docker.io/v1/": {}, "a.example.com": {}, "b.example.com": auth("plain", "4")},
    )
    assert await home.find("a.example.com/x") == Credential(identity_token=PASSWORD)
    found = await home.find("nginx")
    assert found == Credential("hub", "2")
    assert found.origin == "docker-credential-all (~/.docker/config.json)"
    assert await home.find("b.example.com/x") == Credential("plain", "4")
    assert home.asked("one") == ["a.example.com"]
    assert home.asked("all") == ["https://index.docker.io/v1/", "b.example.com"]


async def test_a_namespace_login_is_more_specific_than_the_general_helper(home):
    home.memory_helper("all", {"a.example.com": ("host", "1")})
    home.docker(credsStore="all", auths={"a.example.com/team": auth("team", "2")})
    assert await home.find("a.example.com/team/x") == Credential("team", "2")
    assert await home.find("a.example.com/x") == Credential("host", "1")


async def test_a_helper_is_asked_once_per_server(home):
    home.memory_helper("all", {"a.example.com": ("host", "1")})
    home.docker(credsStore="all")
    logins = DockerLogins(home.environ)
    for _ in range(3):
        assert await logins.find(Repository("a.example.com", "x")) == Credential("host", "1")
    assert home.asked("all") == ["a.example.com"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"auths": {"a": "planted-secret"}', "not valid JSON"),
        ('["planted-secret"]', "not a JSON object"),
        ('{"auths": ["planted-secret"]}', "auths is not an object"),
        ('{"auths": {"a.example.com": "planted-secret"}}', "entry of auths"),
        ('{"auths": {"a.example.com": {"auth": "planted-secret"}}}', "not base64"),
        ('{"credsStore": ["planted-secret"]}', "credsStore"),
        ('{"credsStore": "missing"}', "docker-credential-missing is not installed"),
    ],
)
async def test_a_broken_file_or_helper_is_an_error_that_names_it_and_not_its_content(home, content, words):
    home.write(".docker/config.json", content)
    with pytest.raises(LoginError, match=words) as caught:
        await home.find("a.example.com/x")
    assert "~/.docker/config.json" in caught.value.message or "missing" in content
    assert caught.value.hint
    assert (
        "planted" not in f"{caught.value!r} {caught.value.hint} {caught.value.__cause__!r} {caught.value.__context__!r}"
    )


async def test_a_broken_file_does_not_hide_a_login_elsewhere(home):
    home.write("run/containers/auth.json", "{")
    home.docker(auths={"a.example.com": auth("bob", "1")}, credHelpers={"a.example.com": "missing"})
    assert await home.find("a.example.com/x") == Credential("bob", "1")
    with pytest.raises(LoginError, match=r"auth\.json is not valid JSON"):
        await home.find("b.example.com/x")


async def test_an_entry_without_a_user_is_passed_over(home):
    home.docker(
        auths={"a.example.com": {"auth": base64.b64encode(b"nocolon").decode()}, "b.example.com": auth("", "x")}
    )
    assert await home.find("a.example.com/x") is None
    assert await home.find("b.example.com/x") is None


async def test_the_list_shows_who_is_logged_in_where_and_no_secret(home):
    home.memory_helper(
        "all", {"https://index.docker.io/v1/": ("hub", PASSWORD), "a.example.com": ("<token>", PASSWORD)}
    )
    home.docker(credsStore="all", auths={"https://index.docker.io/v1/": {}, "b.example.com": auth("bob", PASSWORD)})
    home.write("run/containers/auth.json", {"auths": {"c.example.com/team": auth("carol", PASSWORD)}})
    listed = await list_logins(home.environ)
    assert {(each.registry, each.user, each.helper) for each in listed} == {
        ("a.example.com", "", "docker-credential-all"),
        ("b.example.com", "bob", ""),
        ("c.example.com/team", "carol", ""),
        ("docker.io", "hub", "docker-credential-all"),
    }
    assert Login("b.example.com", "bob", "~/.docker/config.json") in listed
    assert "planted" not in repr(listed)


ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


async def test_amazon_s_helper_is_asked_where_nobody_named_one(home):
    home.memory_helper("ecr-login", {ECR: ("AWS", PASSWORD), "public.ecr.aws": ("AWS", "public")})
    logins = DockerLogins(home.environ)
    for _ in range(2):
        assert await logins.find(Repository(ECR, "x")) == Credential("AWS", PASSWORD)
    assert await logins.find(Repository("public.ecr.aws", "x")) == Credential("AWS", "public")
    assert await logins.find(Repository("a.example.com", "x")) is None
    assert await logins.find(Repository(f"{ECR}.example.com", "x")) is None
    assert home.asked("ecr-login") == [ECR, "public.ecr.aws"]


async def test_without_amazon_s_helper_there_is_no_login(home):
    home.environ["PATH"] = f"{home.root}/bin"
    assert await home.find(f"{ECR}/x") is None


async def test_a_login_that_is_named_goes_before_amazon_s_helper(home):
    home.memory_helper("ecr-login", {ECR: ("AWS", "1")})
    home.docker(auths={ECR: auth("AWS", "2")})
    assert await home.find(f"{ECR}/x") == Credential("AWS", "2")
