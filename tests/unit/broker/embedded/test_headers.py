"""Headers are any names and any bytes, and come back the same."""

from hypothesis import given
from hypothesis import strategies as st

from worker.broker.embedded.headers import pack, unpack

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=50)), max_size=12).map(tuple))
def test_packed_headers_are_unpacked_as_they_were(headers):
    assert unpack(pack(headers)) == headers


def test_no_headers_take_no_room():
    assert pack(()) == b""
