import random

import pyarrow as pa
import pytest

from results.format import schema, segments
from results.writing import merging


COLUMNS = schema.schema("reports")
OTHERS = {"search": "demo", "time_utc": 0, "attempt": 0, "labelled_ratio": 1.0}
OTHERS |= {"objective_mm": 9.0}


def opened(rows, name):
    """The rows as an opened file of a name."""
    data = segments.encode(COLUMNS, rows)
    return segments.opened(f"reports/demo/{name}.parquet", "reports", data)


def order(row):
    """Key of a report, and what decides among rows of one key."""
    key = tuple(row[name] for name in schema.TABLES["reports"].key)
    return *key, row["driver_epoch"], row["attempt"], row["seq"]


class TestMerged:
    @pytest.mark.parametrize("has_base", [True, False])
    @pytest.mark.parametrize("size", [1, 3, 100])
    def test_against_sorted(self, has_base, size, monkeypatch):
        """As Python's `sorted` of all rows, each once, whatever the size of a part."""
        monkeypatch.setattr(merging, "GROUP_ROWS", size)
        chance = random.Random(0)
        rows = [
            OTHERS
            | {"trial": f"t-{chance.randrange(3)}", "epoch": chance.randrange(4)}
            | {"driver_epoch": 1 + number // 30, "seq": number}
            for number in range(60)
        ]
        base = sorted(rows[:25], key=order)
        files = [opened(rows[start : start + 9], "seg-1") for start in range(20, 60, 9)]
        files.append(opened(base, "compact-1" if has_base else "seg-0"))
        parts = list(merging.merged(files, "reports", COLUMNS))
        found = pa.concat_tables(parts).to_pylist()
        wanted = sorted(rows, key=order)
        assert [(row["driver_epoch"], row["seq"]) for row in found] == [
            (row["driver_epoch"], row["seq"]) for row in wanted
        ]
        assert files == []


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([], []), ([0, 0], []), ([2, 7, 0, 1], [4, 4, 2]), ([4, 4], [4, 4])],
)
def test_regrouped(sizes, expected, monkeypatch):
    """The rows come in their order, in groups of one size but the last."""
    monkeypatch.setattr(merging, "GROUP_ROWS", 4)
    numbers = iter(range(100))
    parts = [pa.table({"n": [next(numbers) for _ in range(size)]}) for size in sizes]
    parts = [part.cast(pa.schema({"n": pa.int64()})) for part in parts]
    groups = list(merging.regrouped(parts))
    assert [len(group) for group in groups] == expected
    rows = [row for group in groups for row in group["n"].to_pylist()]
    assert rows == list(range(sum(sizes)))
