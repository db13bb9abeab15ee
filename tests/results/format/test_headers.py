import dataclasses

import pytest

from results.format import headers, records, schema
from results.format.headers import Header
from results.format.schema import SchemaMismatch
from results.format.storage import Storage, StorageError


class TestHeader:
    def test_round_trip(self, make):
        """What was written comes back, ratios as a tuple again."""
        header = make.header(ratios=(0.25, 1.0), seed=7)
        assert Header.from_bytes("searches/demo.json", header.to_bytes()) == header

    @pytest.mark.parametrize(
        "given",
        [
            {"name": "../x"},
            {"parameters": {"a": "date"}},
            {"parameters": {"seed": "int"}},
        ],
    )
    def test_refused(self, make, given):
        """A name that leads out, a parameter of an unknown type, or one named as a column."""
        with pytest.raises(ValueError, match="must be "):
            make.header(**given)

    def test_unknown_entry(self, make):
        """An entry that a newer minor version added is passed over."""
        record = records.decode("x", make.header().to_bytes())
        data = records.encode(record | {"schema_version": "2.99", "later": 1})
        assert Header.from_bytes("x", data) == make.header(schema_version="2.99")

    def test_newer(self, make):
        """A header of a newer major version is refused."""
        record = records.decode("x", make.header().to_bytes())
        assert record["schema_version"] == schema.VERSION
        with pytest.raises(SchemaMismatch, match="install a newer crossnets"):
            Header.from_bytes("x", records.encode(record | {"schema_version": "3.0"}))

    @pytest.mark.parametrize(
        "field",
        [
            field.name
            for field in dataclasses.fields(Header)
            if field.name not in ("schema_version", *headers.LATER)
        ],
    )
    def test_each_entry_is_missed(self, make, field):
        """A record without one of the facts is damaged, and the fact is named."""
        record = records.decode("x", make.header().to_bytes())
        del record[field]
        with pytest.raises(StorageError, match=f"`x` is damaged: it lacks '{field}'"):
            Header.from_bytes("x", records.encode(record))

    @pytest.mark.parametrize("field", headers.LATER)
    def test_an_entry_that_older_headers_lack(self, make, field):
        """It has its default."""
        record = records.decode("x", make.header().to_bytes())
        del record[field]
        assert getattr(Header.from_bytes("x", records.encode(record)), field) is None

    def test_no_header(self, make):
        """A record whose facts are of other types is damaged."""
        record = records.decode("x", make.header().to_bytes())
        with pytest.raises(StorageError, match="`x` is damaged: it is no header"):
            Header.from_bytes("x", records.encode(record | {"parameters": 3}))

    def test_of_another_search(self, make):
        """A header under the path of another search is damaged."""
        with pytest.raises(StorageError, match="it is the header of another search"):
            Header.from_bytes("searches/other.json", make.header().to_bytes())


def test_searches(tmp_path):
    """The searches of a store are those of which a header lies there, sorted."""
    storage = Storage(tmp_path, create=True)
    assert headers.searches(storage) == []
    for path in (headers.path_of("b"), headers.path_of("a"), "searches/a.txt"):
        storage.create(path, b"")
    assert headers.path_of("a") == "searches/a.json"
    assert headers.searches(storage) == ["a", "b"]
