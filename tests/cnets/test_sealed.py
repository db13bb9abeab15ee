import json
import math

import pytest

from cnets import sealed


RECORD = {
    "version": 2,
    "name": "\u00e9poque",
    "numbers": [1, 0.1, 1e-300, math.inf, math.nan],
    "nested": {"b": None, "a": [True, {}]},
}


def same(one, other) -> bool:
    """Whether two values are spelt alike; NaN is like itself."""
    return json.dumps(one) == json.dumps(other)


def test_what_is_written_is_read():
    """The record comes back, and its bytes are plain JSON with one more entry."""
    data = sealed.encode(RECORD)
    assert same(sealed.decode(data), RECORD)
    plain = json.loads(data)
    assert len(plain.pop(sealed.KEY)) == 64
    assert same(plain, RECORD)


def test_the_digest_is_that_of_the_text():
    """By hand: SHA-256 of `{"a": 1}`, as `sha256sum` gives it."""
    said = json.loads(sealed.encode({"a": 1}))
    assert said[sealed.KEY] == (
        "f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310"
    )


def test_every_flipped_bit_is_seen():
    """No text with one bit changed passes, not even one of the same meaning."""
    data = sealed.encode(RECORD)
    for bit in range(8 * len(data)):
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):  # noqa: PT011  (each says something else)
            sealed.decode(bytes(broken))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"3", b"{", b"\xff", b"[" * 100_000, b'{"a": 1}']
)
def test_no_record(data):
    """What carries no digest is no record."""
    with pytest.raises(ValueError):  # noqa: PT011  (each says something else)
        sealed.decode(data)
