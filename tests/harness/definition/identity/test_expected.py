import pickle

from harness.definition.identity.expected import Expected


def test_travels_as_plain_values():
    """What a driver expects reaches a worker as it was."""
    expected = Expected(
        code="c", versions={"torch": "2.13.0"}, data="d", probe="/p", token="t"
    )
    assert pickle.loads(pickle.dumps(expected)) == expected
