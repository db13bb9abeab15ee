import math
import random
import struct
from io import BytesIO

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results.format import schema, segments
from results.format.schema import SchemaMismatch
from results.format.storage import StorageError


COLUMNS = schema.schema("reports")
VALUES = [20.0, math.nan, math.inf, -math.inf, 1e-300]


@pytest.fixture
def rows(make):
    """Reports whose errors are the values above."""
    assigned = {"search": "demo", "driver_epoch": 1, "time_utc": 1_700_000_000_000_001}
    return [
        assigned | {"seq": step} | make.report(step, objective_mm=value)
        for step, value in enumerate(VALUES)
    ]


class TestEncodeDecode:
    def test_same_rows(self, rows):
        """The rows come back with schema, NaN and infinities as they were."""
        table = segments.decode("x", "reports", segments.encode(COLUMNS, rows))
        assert table.schema.equals(COLUMNS, check_metadata=True)
        assert table["epoch"].to_pylist() == list(range(len(VALUES)))
        found = table["objective_mm"].to_pylist()
        assert math.isnan(found[1])
        assert found[:1] + found[2:] == VALUES[:1] + VALUES[2:]
        assert table["time_utc"].cast(pa.int64())[0].as_py() == 1_700_000_000_000_001

    def test_other_readers(self, rows, tmp_path):
        """The digest between pages and footer disturbs no other Parquet reader."""
        path = tmp_path / "a.parquet"
        path.write_bytes(segments.encode(COLUMNS, rows))
        kl = [0.25] * len(VALUES)
        assert pq.read_table(path)["kl"].to_pylist() == kl
        assert pl.read_parquet(path)["kl"].to_list() == kl
        found = duckdb.sql(f"SELECT kl FROM read_parquet('{path}')").fetchall()
        assert found == [(value,) for value in kl]

    def test_page_checksums(self, rows):
        """Readers that check pages never give a changed value, without our digest."""
        data = segments.encode(COLUMNS, rows)
        whole = pq.ParquetFile(BytesIO(data)).read()
        pages = len(data) - int.from_bytes(data[-8:-4], "little") - 8 - 32
        chance, found = random.Random(0), 0
        for _ in range(300):
            bit = chance.randrange(4 * 8, pages * 8)
            broken = bytearray(data)
            broken[bit // 8] ^= 1 << bit % 8
            try:
                file = pq.ParquetFile(
                    BytesIO(bytes(broken)), page_checksum_verification=True
                )
                table = file.read()
            except (OSError, pa.ArrowException):
                found += 1
                continue
            assert str(table.to_pylist()) == str(whole.to_pylist())
        assert found > 200

    def test_every_flipped_bit_is_found(self, rows):
        """Of 1,000 files with one random bit changed, none is read, each is named."""
        data = segments.encode(COLUMNS, rows)
        chance = random.Random(0)
        for _ in range(1000):
            bit = chance.randrange(len(data) * 8)
            broken = bytearray(data)
            broken[bit // 8] ^= 1 << bit % 8
            with pytest.raises(StorageError, match=r"`a/b.parquet` is damaged"):
                segments.decode("a/b.parquet", "reports", bytes(broken))

    @pytest.mark.parametrize("keep", [0, 4, 11, 100, -1])
    def test_cut_files_are_found(self, keep, rows):
        """A file that is cut off anywhere is damaged."""
        data = segments.encode(COLUMNS, rows)[:keep]
        with pytest.raises(StorageError, match="`x` is damaged"):
            segments.decode("x", "reports", data)

    def test_other_table(self, rows):
        """A file in the folder of another table is refused."""
        data = segments.encode(COLUMNS, rows)
        with pytest.raises(SchemaMismatch, match="`x` must be a file of `trials`"):
            segments.decode("x", "trials", data)

    def test_newer_version(self, rows):
        """A file of a newer major version is refused with what to do."""
        newer = COLUMNS.with_metadata(
            COLUMNS.metadata | {b"crossnets.schema_version": b"3.0"}
        )
        with pytest.raises(SchemaMismatch, match="install a newer crossnets"):
            segments.decode("x", "reports", segments.encode(newer, rows))


class TestSize:
    def test_curves(self, rows):
        """Figures of float32 precision take at most 4 bytes each, and come back."""
        chance = random.Random(0)
        values = [struct.unpack("f", struct.pack("f", chance.uniform(9, 11)))[0]]
        while len(values) < 20_000:
            step = values[-1] * (1 + chance.gauss(0, 0.03)) ** 0.1
            values.append(struct.unpack("f", struct.pack("f", step))[0])
        many = [
            rows[0] | {"epoch": n, "seq": n, "objective_mm": value}
            for n, value in enumerate(values)
        ]
        data = segments.encode(COLUMNS, many)
        assert len(data) < 4 * len(values)
        assert segments.decode("x", "reports", data)["objective_mm"].to_pylist() == (
            values
        )


class TestOpened:
    def test_seqs(self, rows):
        """An opened file tells its lowest and highest sequence number undecoded."""
        parts = [pa.Table.from_pylist(part, COLUMNS) for part in (rows[3:], rows[1:3])]
        data = segments.encode_tables(COLUMNS, parts)
        assert segments.opened("x", "reports", data).seqs() == (1, 4)

    def test_row_groups(self, rows):
        """Each table that is written becomes a row group, in order."""
        parts = [pa.Table.from_pylist(part, COLUMNS) for part in (rows[3:], rows[1:3])]
        data = segments.encode_tables(COLUMNS, parts)
        assert pq.ParquetFile(BytesIO(data)).metadata.num_row_groups == 2
        found = segments.decode("x", "reports", data)
        assert found["epoch"].to_pylist() == [3, 4, 1, 2]

    def test_fitted(self):
        """Columns that are missing become nulls, and whole numbers real ones."""
        table = pa.table({"a": [1, 2]})
        target = pa.schema([pa.field("b", pa.string()), pa.field("a", pa.float64())])
        found = segments.fitted(table, target)
        assert found.to_pylist() == [{"b": None, "a": 1.0}, {"b": None, "a": 2.0}]


class TestNames:
    def test_compact(self):
        """The name of a compact file is told from that of a segment."""
        path = segments.compact_path_of("reports", "demo", 3, 41)
        assert path == "reports/demo/compact-0000003-000000041.parquet"
        assert segments.parse(path) == (path, 3, 41)
        assert segments.parse(path).is_compact
        assert not segments.parse(path.replace("compact-", "seg-")).is_compact

    def test_round_trip(self):
        """A path gives back epoch and last sequence number."""
        path = segments.path_of("reports", "demo", 3, 41)
        assert path == "reports/demo/seg-0000003-000000041.parquet"
        assert segments.parse(path) == (path, 3, 41)

    @pytest.mark.parametrize("name", ["x.parquet", "seg-1-2.parquet", "seg.tmp", ""])
    def test_others_are_none(self, name):
        """A name that is not a segment's says nothing."""
        assert segments.parse(f"reports/demo/{name}") is None
