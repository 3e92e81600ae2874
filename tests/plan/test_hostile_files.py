"""Whatever is in a file, reading it ends with a plan or with an error that says where."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.plan.detect import detect_and_load
from tui.plan.errors import PlanFileError
from tui.plan.image_syncer import load
from tui.plan.imported import Imported

KEYS = st.sampled_from(
    [
        "auth",
        "images",
        "sync",
        "creds",
        "defaults",
        "version",
        "source",
        "target",
        "type",
        "tags",
        "tagSets",
        "repos",
        "allow",
        "deny",
        "semverRange",
        "platform",
        "platforms",
        "registry",
        "user",
        "pass",
        "tls",
        "parallel",
        "images-by-tag-regex",
        "images-by-semver",
        "credentials",
        "tls-verify",
        "cert-dir",
        "username",
        "password",
        "insecure",
        "h.io",
        "h.io/a/b",
        "h.io/a/b:v1",
        "nginx",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["h.io/a:v1", "a.io/b", "image", "repository", "registry", "h.io/a:/x/", "x:v1,v2", "linux/amd64", ""]
    ),
    st.text(max_size=8),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)
TEXTS = st.text(
    st.sampled_from("ab1:,-#&*!|>%@`'\"{}[]?\t \n\\/.\x00\u2028é$") | st.characters(codec="utf-8"), max_size=40
)


def read(name: str, content: bytes) -> None:
    """Read a file in every way there is; anything but a plan or a PlanFileError fails the test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        for call in (
            lambda: detect_and_load(path, registry="a.io", namespace="n", environ={}),
            lambda: detect_and_load(path, auth=path, environ={"P": "x"}),
            lambda: load(None, path, path, environ={"P": "x"}),
            lambda: load(path, None, None, registry="a.io", namespace="n", environ={}),
        ):
            with contextlib.suppress(PlanFileError):
                assert isinstance(call(), Imported)


@given(DOCUMENTS, st.sampled_from(["x.json", "x.yaml"]))
@settings(max_examples=200)
def test_documents_of_any_shape(document: object, name: str) -> None:
    read(name, json.dumps(document).encode())


@given(TEXTS, st.sampled_from(["x.json", "x.yaml", "x.toml"]))
@settings(max_examples=300)
def test_texts_of_any_kind(text: str, name: str) -> None:
    read(name, text.encode())


@given(st.binary(max_size=30), st.sampled_from(["x.json", "x.yaml", "x.toml", "x"]))
def test_bytes_of_any_kind(data: bytes, name: str) -> None:
    read(name, data)
