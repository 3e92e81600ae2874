"""What a registry says of ranges, whatever that is: a number of bytes that can be, or nothing."""

from __future__ import annotations

import httpx
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.answers import Answer
from tui.oci.blobs import _whole_size
from tui.oci.upload import _stored

MOST = 10**20
DIGITS = st.text("0123456789", max_size=30) | st.sampled_from(["9" * 6000, "-1", "+1", "1_0", " 1", "\u0661", "\u00b2"])
HEADERS = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30)
RANGES = st.builds("{}{}-{}".format, st.sampled_from(["", "bytes=", "bytes "]), DIGITS, DIGITS) | HEADERS
CONTENT_RANGES = st.builds("bytes {}-{}/{}".format, DIGITS, DIGITS, DIGITS | st.just("*")) | HEADERS


@given(RANGES)
def test_any_range_of_an_upload(said: str) -> None:
    stored = _stored(Answer(202, {"range": said}, b"", "http://r.io/v2/"))
    assert stored is None or 1 <= stored <= MOST


@given(CONTENT_RANGES, st.sampled_from([200, 206]))
def test_any_size_of_a_blob(said: str, status: int) -> None:
    name = "content-range" if status == 206 else "content-length"
    response = httpx.Response(status, headers=httpx.Headers([(name, said.encode("utf-8"))]))
    size = _whole_size(response)
    assert size is None or 0 <= size <= MOST
