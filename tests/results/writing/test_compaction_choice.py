import pytest

from results import Store
from results.format import schema, segments
from results.format.storage import Storage
from results.writing import compaction_choice


REPORTS = schema.schema("reports")


class TestDue:
    @staticmethod
    def named(*names):
        """Whether a table with empty files of these names is due."""
        store = Store.open("memory://", create=True)
        for name in names:
            store.storage.create(f"reports/demo/{name}.parquet", b"")
        return compaction_choice.is_due(store.storage, "demo", "reports")

    @pytest.mark.parametrize(
        ("count", "expected"), [(0, False), (64, False), (65, True)]
    )
    def test_loose(self, count, expected):
        """More than 64 segments are due."""
        names = (f"seg-0000001-{n:09d}" for n in range(count))
        assert self.named(*names) is expected

    @pytest.mark.parametrize(("last", "expected"), [(455, True), (456, False)])
    def test_share(self, last, expected):
        """Beside a compact file they are due when they are an eighth of the rows."""
        loose = [f"seg-0000001-{last + 1 + n:09d}" for n in range(65)]
        assert self.named(f"compact-0000001-{last:09d}", *loose) is expected

    def test_very_many(self):
        """More than 512 segments are due however much was written before."""
        loose = [f"seg-0000001-{900_000 + n:09d}" for n in range(513)]
        assert self.named("compact-0000001-000899999", *loose)
        assert not self.named("compact-0000001-000899999", *loose[1:])


class TestSources:
    @staticmethod
    def planted(make, *numbers):
        """A storage with a report for each (epoch, number), and their paths."""
        storage, paths = Storage("memory://", create=True), []
        for driver_epoch, seq in numbers:
            assigned = {
                "search": "demo",
                "driver_epoch": driver_epoch,
                "seq": seq,
                "time_utc": 0,
            }
            path = segments.path_of("reports", "demo", driver_epoch, seq)
            data = segments.encode(REPORTS, [assigned | make.report()])
            storage.create(path, data)
            paths.append(path)
        return storage, paths

    def test_later_epochs_are_left_alone(self, make):
        """Segments of drivers after the given one are none of them."""
        storage, paths = self.planted(make, (1, 0), (1, 1), (2, 2))
        for driver_epoch, count in ((0, 0), (1, 2), (2, 3)):
            files = compaction_choice.sources(storage, "demo", "reports", driver_epoch)
            assert [file.path for file in files] == paths[:count]

    def test_higher_numbers_of_earlier_epochs_wait(self, make):
        """What only a fenced driver can have written waits until it is passed."""
        storage, paths = self.planted(make, (1, 50), (2, 3))
        files = compaction_choice.sources(storage, "demo", "reports", 2)
        assert [file.path for file in files] == paths[1:]
        assert compaction_choice.newest(paths).last_seq == 3

    def test_damaged(self, make):
        """A damaged file is none of them."""
        storage, paths = self.planted(make, (1, 0), (1, 1))
        storage.replace(paths[0], b"damaged")
        (file,) = compaction_choice.sources(storage, "demo", "reports", 1)
        assert file.path == paths[1]
