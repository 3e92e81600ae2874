"""The endpoint list on disk: endpoints.toml, one `[[endpoint]]` table each, without any secret."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tui.endpoints.errors import EndpointFileError, EndpointsError
from tui.endpoints.model import Endpoint
from tui.endpoints.private_file import exclusive, write_private
from tui.endpoints.toml_table import endpoint_of, line_of, table_of
from tui.oci.errors import LocalError
from tui.oci.saying import N_, phrase

VERSION = 1


class EndpointFile:
    """Reads and changes endpoints.toml at `path`.

    Every change reads the file again under a lock, so two regferrys do not undo each other's additions. Comments
    somebody wrote into the file are lost with the first change.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> tuple[Endpoint, ...]:
        """Return the endpoints in the order of the file; none when there is no file yet.

        Raises EndpointFileError (file, line, key) for content, LocalError when the file cannot be read.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except UnicodeDecodeError:
            raise EndpointFileError(self.path, N_("the file is not UTF-8 text")) from None
        except OSError as error:
            raise LocalError(
                phrase(
                    "cannot read {path}: {strerror}", path=self.path, strerror=error.strerror or type(error).__name__
                ),
                hint=N_("make the file readable for you, or set REGFERRY_CONFIG_DIR to another folder"),
            ) from error
        return self._parse(text)

    def save(self, endpoints: Sequence[Endpoint]) -> None:
        """Write the whole list. Raises EndpointFileError when a name or id is used twice, LocalError from the disk."""
        import tomli_w

        self._check_unique(endpoints, "")
        document = {"version": VERSION, "endpoint": [table_of(endpoint) for endpoint in endpoints]}
        write_private(self.path, tomli_w.dumps(document).encode())

    def edit(self, change: Callable[[tuple[Endpoint, ...]], Sequence[Endpoint]]) -> tuple[Endpoint, ...]:
        """Read, `change` and write the list under the lock; return what was written."""
        with exclusive(self.path):
            changed = tuple(change(self.load()))
            self.save(changed)
        return changed

    def add(self, endpoint: Endpoint) -> None:
        """Append an endpoint. Raises EndpointFileError when its name is taken."""
        self.edit(lambda known: (*known, endpoint))

    def replace(self, name: str, endpoint: Endpoint) -> None:
        """Put `endpoint` in the place of the one called `name` (the name may change). Raises EndpointsError."""

        def change(known: tuple[Endpoint, ...]) -> list[Endpoint]:
            find(known, name)
            return [endpoint if each.name == name else each for each in known]

        self.edit(change)

    def update(self, name: str, /, **changes: object) -> Endpoint:
        """Change fields of one endpoint (see Endpoint) as the file has it now; return it.

        Raises EndpointsError when there is no such endpoint, InvalidEndpoint for a bad value.
        """

        def change(known: tuple[Endpoint, ...]) -> list[Endpoint]:
            changed = replace(find(known, name), **changes)  # type: ignore[arg-type]  # checked by Endpoint
            return [changed if each.name == name else each for each in known]

        return find(self.edit(change), str(changes.get("name", name)))

    def remove(self, name: str) -> Endpoint:
        """Take an endpoint out of the list and return it (its secret stays where it is). Raises EndpointsError."""
        removed: list[Endpoint] = []

        def change(known: tuple[Endpoint, ...]) -> list[Endpoint]:
            removed.append(find(known, name))
            return [each for each in known if each.name != name]

        self.edit(change)
        return removed[0]

    def _parse(self, text: str) -> tuple[Endpoint, ...]:
        import tomllib

        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise EndpointFileError(self.path, phrase("not valid TOML: {error}", error=error)) from None
        for key in document.keys() - {"version", "endpoint"}:
            raise EndpointFileError(
                self.path,
                N_("unknown key; a list of endpoints has 'version' and [[endpoint]] tables"),
                line=line_of(text, None, key),
                key=key,
            )
        if document.get("version", VERSION) != VERSION:
            raise EndpointFileError(
                self.path,
                phrase("this regferry reads version {version}", version=VERSION),
                line=line_of(text, None, "version"),
                key="version",
                hint=N_("a newer regferry wrote this file; update regferry"),
            )
        tables = document.get("endpoint", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise EndpointFileError(
                self.path, N_("endpoints are written as [[endpoint]] tables"), line=line_of(text, None, "endpoint")
            )
        endpoints = [endpoint_of(table, index, self.path, text) for index, table in enumerate(tables)]
        self._check_unique(endpoints, text)
        return tuple(endpoints)

    def _check_unique(self, endpoints: Sequence[Endpoint], text: str) -> None:
        names: set[str] = set()
        ids: set[str] = set()
        for index, endpoint in enumerate(endpoints):
            if endpoint.name in names:
                raise EndpointFileError(
                    self.path,
                    phrase("there are two endpoints called {name!r}", name=endpoint.name),
                    line=line_of(text, index, "name"),
                    key="name",
                    hint=N_("choose another name; several accounts on one registry are several endpoints"),
                )
            if endpoint.id in ids:
                raise EndpointFileError(
                    self.path,
                    phrase("{name!r} has the id of another endpoint", name=endpoint.name),
                    line=line_of(text, index, "id"),
                    key="id",
                    hint=N_("remove the line 'id = ...' of a copied endpoint; a new id is made"),
                )
            names.add(endpoint.name)
            ids.add(endpoint.id)


def find(endpoints: Sequence[Endpoint], name: str) -> Endpoint:
    """Return the endpoint called `name`. Raises EndpointsError that names the nearest one there is."""
    for endpoint in endpoints:
        if endpoint.name == name:
            return endpoint
    from difflib import get_close_matches

    near = get_close_matches(name, [each.name for each in endpoints], n=1)
    known = phrase("did you mean {near!r}?", near=near[0]) if near else N_("see 'regferry endpoint list'")
    raise EndpointsError(phrase("there is no endpoint called {name!r}", name=name), hint=known)
