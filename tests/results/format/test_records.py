import json
import math

import pytest

from results.format import records
from results.format.storage import StorageError


RECORD = {"seed": 3, "ratios": [0.1, 1.0], "space": {"b": None, "a": "ü"}}


class TestRecords:
    def test_same_record(self):
        """What was encoded comes back."""
        assert records.decode("x", records.encode(RECORD)) == RECORD

    def test_every_bit(self):
        """One changed bit is found, or changes nothing in the record."""
        data = records.encode(RECORD)
        for bit in range(len(data) * 8):
            broken = bytearray(data)
            broken[bit // 8] ^= 1 << bit % 8
            try:
                found = records.decode("x", bytes(broken))
            except StorageError:
                continue
            assert found == RECORD

    def test_changed_value(self):
        """A value changed by hand is found."""
        data = records.encode(RECORD).replace(b'"seed": 3', b'"seed": 4')
        with pytest.raises(StorageError, match="its checksum does not match"):
            records.decode("x", data)

    @pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b"\xff", b'"a"'])
    def test_no_record(self, data):
        """What is no record is named as damaged."""
        with pytest.raises(StorageError, match="`x` is damaged"):
            records.decode("x", data)

    def test_plain_json(self):
        """The file is JSON that any tool reads."""
        assert json.loads(records.encode(RECORD))["record"] == RECORD

    def test_refuses_what_json_lacks(self):
        """NaN and foreign objects are refused."""
        with pytest.raises(ValueError, match="not JSON compliant"):
            records.encode({"a": math.nan})
        with pytest.raises(TypeError, match="not JSON serializable"):
            records.encode({"a": object()})
