"""Fields of a Harbor's answers that are not what its API promises."""

from __future__ import annotations

import pytest

from tui.providers.harbor.fields import number


@pytest.mark.parametrize("value", [10**400, -(1 << 63), 1.5, "5", True, None])
def test_what_is_no_number_of_64_bits_is_as_if_it_were_not_given(value: object) -> None:
    assert number({"hard": value}, "hard", otherwise=-1) == -1


def test_a_number_is_as_large_as_it_may_be() -> None:
    assert number({"hard": (1 << 63) - 1}, "hard") == (1 << 63) - 1
