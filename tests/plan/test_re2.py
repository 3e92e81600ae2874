"""RE2 as Go's `regexp` has it: what is refused, what is translated, and that matches are unanchored."""

from __future__ import annotations

import pytest

from tui.plan import re2


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)", "lookahead"),
        ("(?!a)", "negative lookahead"),
        ("(?<=a)b", "lookbehind"),
        ("(?<!a)b", "negative lookbehind"),
        (r"(a)\1", "backreference"),
        ("(?P<n>a)(?P=n)", "backreference"),
        ("(?>a)", "atomic"),
        ("(a)(?(1)b)", "conditional"),
        ("a(?#note)", "comment"),
        ("(?x)a", "no group that RE2 knows"),
        ("a++", "repetition"),
        ("a**", "repetition"),
        ("a{2}{3}", "repetition"),
        ("a{1001}", "1000 times"),
        ("*a", "nothing to repeat"),
        ("a{3,2}", "min repeat"),
        (r"a\Z", "escape"),
        (r"\y", "escape"),
        (r"\u0061", "escape"),
        ("a\\", "escapes nothing"),
        (r"\pL", "Unicode class"),
        (r"[\pL]", "Unicode class"),
        (r"\x{110000}", "not a character"),
        ("[a", "closing"),
        ("[]", "closing"),
        ("[z-a]", "backwards"),
        ("[[:nope:]]", "class"),
        ("(a", "unterminated"),
        ("a)", "unbalanced"),
        ("a(?i)b", "(?i:...)"),
        ("(?P<n>a)(?P<n>b)", "twice"),
    ],
)
def test_refused_with_a_reason(pattern: str, words: str) -> None:
    with pytest.raises(re2.RegexError) as caught:
        re2.compile(pattern)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        ("a+", ["latest", "aaa"], ["v1.0"]),
        (r"^v1\.", ["v1.0", "v1.0-rc1"], ["av1.0", "v10"]),
        (r"v1\.0\z", ["v1.0", "av1.0"], ["v1.0-rc1"]),
        (r"\Av1", ["v1"], ["av1"]),
        (r"\Qv1.\E+", ["v1.", "v1..."], ["v10"]),
        (r"\Q1.0", ["v1.0"], ["v1x0"]),
        ("^[[:alpha:]]+$", ["latest"], ["v1"]),
        ("^[[:^alpha:].]+$", ["1.0", "_-"], ["v1"]),
        ("^[]a-]+$", ["a-"], ["b"]),
        (r"^[\d.-]+$", ["1.0-1"], ["v1"]),
        ("^[a[&&b]+$", ["ab"], ["c"]),
        ("(?i)^LATEST$", ["latest"], ["latests"]),
        ("(?i:RC)1", ["v1-rc1", "RC1"], ["rc2"]),
        ("(?U)a+$", ["a"], ["b"]),
        ("(?s-i)a", ["a"], ["A"]),
        ("(?<word>a|b)c", ["ac", "bc"], ["cc"]),
        ("(?P<1st>a)c", ["ac"], ["bc"]),
        ("^*v", ["v"], ["a"]),
        (r"^\x61\x{62}\143\0*$", ["abc"], ["ab"]),
        ("^a{,2}$", [], ["a", "aa", ""]),
        ("^a{1,2}?$", ["a", "aa"], ["aaa"]),
        ("^(?:a??)b$", ["ab", "b"], ["aab"]),
        (r"^a\_\.b$", ["a_.b"], ["a-.b"]),
        (r"^\w+$", ["a_1"], ["ä", "a-b"]),
        (r"\brc\b", ["v1-rc", "rc-1"], ["src1"]),
    ],
)
def test_means_what_it_means_in_go(pattern: str, matches: list[str], others: list[str]) -> None:
    found = re2.compile(pattern)
    assert [tag for tag in matches + others if found.search(tag)] == matches
