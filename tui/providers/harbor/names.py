"""Names at a Harbor: projects, repositories in paths, robot accounts, versions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from tui.oci.reference import InvalidReference, is_repository
from tui.oci.saying import N_, phrase

_PROJECT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", re.ASCII)
_VERSION = re.compile(r"v?(?P<major>[0-9]{1,4})\.(?P<minor>[0-9]{1,4})")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A Harbor release, as far as it decides what the API can do; (0, 0) when it is not known."""

    major: int = 0
    minor: int = 0

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version in a text such as `v2.13.1-8f3c2a`."""
        match = _VERSION.match(text)
        return cls(int(match["major"]), int(match["minor"])) if match else cls()

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" if self.major else N_("of an unknown version")


def is_project_name(name: str) -> bool:
    """Return whether Harbor takes `name` for a new project (its own expression, 1 to 255 characters)."""
    return len(name) <= 255 and _PROJECT.fullmatch(name) is not None


def split_path(path: str) -> tuple[str, str]:
    """Return project and repository of `project/repository`. Raises InvalidReference: at Harbor all have both."""
    project, _, repository = path.partition("/")
    if not repository or not is_repository(path):
        raise InvalidReference(
            phrase("{path!r} is no repository of a Harbor: project/repository was expected", path=path)
        )
    return project, repository


def segment(name: str) -> str:
    """Return a name as one part of a request path."""
    return quote(name, safe="")


def repository_segment(repository: str) -> str:
    """Return a repository, without its project, as a part of a request path.

    Encoded twice, because proxies before Harbor decode it once (swagger, "repositoryName").
    """
    return quote(quote(repository, safe=""), safe="")


def project_of_robot(username: str) -> str:
    """Return the project of a robot account such as `robot$project+name`, '' for every other user."""
    prefix, dollar, rest = username.rpartition("$")
    project, plus, _ = rest.partition("+")
    return project if prefix and dollar and plus and is_project_name(project) else ""
