"""Sentences that remember how they were made."""

from __future__ import annotations

import json
import pickle

from tests.support.chinese import in_chinese
from tui.oci.errors import NetworkError, RegistryError
from tui.oci.saying import N_, Said, filled, made_printable, packed, phrase, translated, unpacked

WORDS = {"cannot {action}: {why}": "无法{action}：{why}", "log in": "登录", "it is closed": "已关闭"}


def catalog(text: str) -> str:
    return WORDS.get(text, text)


def test_a_sentence_is_an_english_text_like_any_other() -> None:
    said = phrase("cannot {action}: {why}", action=N_("log in"), why=N_("it is closed"))
    assert said == "cannot log in: it is closed"
    assert json.dumps({"message": said}) == '{"message": "cannot log in: it is closed"}'
    again = pickle.loads(pickle.dumps(said))
    assert (again, again.values["action"]) == (said, "log in")
    assert translated(again, catalog) == "无法登录：已关闭"


def test_what_somebody_else_says_stays_as_it_is() -> None:
    said = phrase("cannot {action}: {why}", action=N_("log in"), why="it is closed")
    assert translated(said, catalog) == "无法登录：it is closed"
    assert translated(phrase("{path} is {n:.1f}", path="{evil} %s", n=2), catalog) == "{evil} %s is 2.0"


def test_a_template_keeps_its_own_values() -> None:
    assert filled("the {{name}} of {x}", {"x": "y"}) == "the {name} of y"
    own = phrase("keep {it}", it="{x}")
    assert filled(own, {"x": "y"}) == "keep {x}"
    assert N_(own) is own


def test_remote_text_in_a_sentence_is_made_printable() -> None:
    error = RegistryError(phrase("cannot {action}: {why}", action=N_("log in"), why="\x1b[31mred\n"))
    assert error.message == "cannot log in: \\x1b[31mred "
    assert isinstance(error.message, Said)
    assert translated(error.message, catalog) == "无法登录：\\x1b[31mred "
    assert made_printable("\x07") == "\\x07"


def test_the_hints_of_errors_are_translated() -> None:
    assert in_chinese(NetworkError("x").hint).startswith("检查")


def test_a_sentence_is_made_again_of_its_text_and_its_parts() -> None:
    said = phrase("cannot {action}: {why}", action=N_("log in"), why=phrase("{n:.1f} %", n=2.5))
    assert isinstance(said, Said)
    document = packed(said)
    again = unpacked("cannot log in: 2.5 %", document)
    assert (again, translated(again, catalog)) == (said, "无法登录：2.5 %")
    for text, wrong in (("another text", document), ("x", ""), ("x", "[]"), ("x", '["{x}", {}]'), ("x", '["{0}", 1]')):
        assert not isinstance(unpacked(text, wrong), Said)


def test_an_error_in_a_sentence_is_a_sentence_itself() -> None:
    error = NetworkError(N_("it is closed"), endpoint="r.example")
    said = phrase("cannot {action}: {why}", action=N_("log in"), why=error)
    assert said == "cannot log in: r.example: it is closed"
    assert translated(said, catalog) == "无法登录：r.example: 已关闭"
    assert translated(str(ValueError(N_("log in"))), catalog) == "登录"
