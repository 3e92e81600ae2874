"""Places on a disk in references: read as people write them, and written so that they read the same again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.place import InvalidPlace, absolute_path, is_archive, is_place, path_of, split_place
from tui.oci.reference import InvalidReference, Reference, Repository

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=20)
FOLDERS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("text", "registry", "path", "target"),
    [
        ("oci:/media/usb/export//library/nginx:1.27", "oci:/media/usb/export/", "library/nginx", "1.27"),
        ("oci:/a:b@c//nginx", "oci:/a:b@c/", "nginx", ""),
        ("oci:/a/../b///".removesuffix("/") + "x:1", "oci:/b/", "x", "1"),
        ("oci-archive:/x.tar//a/b@sha256:" + "1" * 64, "oci-archive:/x.tar/", "a/b", "sha256:" + "1" * 64),
    ],
)
def test_a_reference_into_a_place(text: str, registry: str, path: str, target: str) -> None:
    reference = Reference.parse(text)
    assert (reference.repository, reference.target) == (Repository(registry, path), target)
    assert Reference.parse(str(reference)) == reference


@given(FOLDERS, st.sampled_from(["oci:", "oci-archive:"]))
def test_any_path_comes_back(folders: list[str], scheme: str) -> None:
    path = "/" + "/".join(folders)
    reference = Reference.parse(f"{scheme}{path}//library/app:v1")
    assert path_of(reference.registry) == Path(path)
    assert is_place(reference.registry)
    assert is_archive(reference.registry) == (scheme == "oci-archive:")
    assert Reference.parse(str(reference)) == reference


def test_a_path_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert split_place("oci:./export//a/b:1") == (f"oci:{tmp_path}/export/", "a/b:1")
    assert split_place("oci:~/export") == ("oci:/home/me/export/", "")
    assert absolute_path("export") == absolute_path("oci:./export") == str(tmp_path / "export")


@pytest.mark.parametrize("text", ["oci:5000/app", "oci:5000", "registry/oci:1", "oci", "nginx:1"])
def test_a_host_or_image_called_oci_is_no_place(text: str) -> None:
    assert split_place(text) is None


@pytest.mark.parametrize(
    "text", ["oci:export", "oci:", "oci:latest", "oci://x", "oci-archive:x.tar//a", "oci:/", "oci:/\0"]
)
def test_what_only_looks_like_a_place_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidPlace):
        split_place(text)
    with pytest.raises(InvalidReference):
        Reference.parse(text)


def test_a_path_alone_is_told_how_to_be_one() -> None:
    with pytest.raises(InvalidReference, match=r"named oci:\./export"):
        Reference.parse("./export")


def test_a_repository_is_expected_inside() -> None:
    with pytest.raises(InvalidReference, match="a repository inside is expected"):
        Reference.parse("oci:/media/usb/export")
