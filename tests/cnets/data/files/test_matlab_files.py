"""MATLAB files, against SciPy's writer and reader and the authors' own files."""

import struct
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from cnets.data.files import label_files, matlab_files


def element(kind, body, order="<"):
    """One element of a file, filled up to eight bytes."""
    return struct.pack(f"{order}II", kind, len(body)) + body + bytes(-len(body) % 8)


def file_of(array, order="<"):
    """A file with one element of kind 14."""
    mark = {"<": b"\x00\x01IM", ">": b"\x01\x00MI"}[order]
    return b"MATLAB 5.0".ljust(124) + mark + element(14, array, order)


class TestMatrix:
    def test_the_authors_centres(self, realdata):
        """The centres of the NYU test set, as SciPy reads them."""
        path = realdata / "crossingnet_weights" / "center_uvd_test.mat"
        centres = matlab_files.matrix(path, "center_uvd")
        np.testing.assert_array_equal(centres, loadmat(path)["center_uvd"])
        assert centres.shape == (8252, 3)
        assert centres.dtype == np.float64
        palm = label_files.uvd_tables(realdata / "nyu")[:, 32]
        assert np.median(np.abs(centres - palm), axis=0).max() < 5

    @pytest.mark.parametrize("compressed", [False, True])
    @pytest.mark.parametrize("kind", [np.float64, np.float32])
    def test_what_scipy_writes(self, tmp_path, compressed, kind):
        """Any shape, among arrays of other kinds, comes back, NaN included."""
        truth = np.arange(240.0).reshape(2, 3, 4, 10).astype(kind) / 7
        truth[1, 2, 3, 4] = np.nan
        cells = np.empty(2, object)
        cells[:] = ["thumb", np.ones(3)]
        held = {"names": cells, "s": {"a": 1}, "text": "x", "i": np.arange(3)}
        path = tmp_path / "a.mat"
        savemat(path, held | {"key": truth, "after": 1.0}, do_compression=compressed)
        found = matlab_files.matrix(path, "key")
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, truth)
        assert matlab_files.matrix(path, "after").tolist() == [[1.0]]

    @pytest.mark.parametrize("order", ["<", ">"])
    def test_as_matlab_stores_whole_numbers(self, tmp_path, order):
        """Doubles stored as bytes, a short name in its tag, either order of bytes."""
        array = element(6, struct.pack(f"{order}II", 6, 0), order)
        array += element(5, struct.pack(f"{order}ii", 2, 3), order)
        array += struct.pack(f"{order}I", 2 << 16 | 1) + b"ab\0\0"
        array += element(2, bytes([1, 2, 3, 4, 5, 6]), order)
        path = tmp_path / "a.mat"
        path.write_bytes(file_of(array, order))
        truth = [[1, 3, 5], [2, 4, 6]]
        assert matlab_files.matrix(path, "ab").tolist() == truth
        assert loadmat(path)["ab"].tolist() == truth


class TestRefusals:
    @pytest.mark.parametrize(
        ("held", "said"),
        [
            ({"b": np.ones((2, 2))}, r"an array key of real numbers, and holds 'b'"),
            ({"key": "text"}, "must hold an array key of real numbers"),
            (
                {"key": np.ones((2, 2), np.int32)},
                "must hold an array key of real numbers",
            ),
            ({"key": np.ones((2, 2)) * 1j}, "must hold an array key of real numbers"),
            ({"key": np.array([[1.0, np.inf]])}, r"1e\+09 in key, got inf at \[1, 2\]"),
            ({"key": np.array([[1.0], [-2e9]])}, r"in key, got -2e\+09 at \[2, 1\]"),
            ({"key": np.zeros((0, 3))}, "must hold 1 to .* numbers in key, got 0"),
        ],
    )
    def test_another_thing(self, tmp_path, held, said):
        """What is no finite array of real numbers is named."""
        path = tmp_path / "a.mat"
        savemat(path, held)
        with pytest.raises(
            ValueError, match=rf"a\.mat must .*{said.removeprefix('must ')}"
        ):
            matlab_files.matrix(path, "key")

    def test_too_large_an_array(self, tmp_path, monkeypatch):
        """The size is known from the head, before the numbers are read."""
        path = tmp_path / "a.mat"
        savemat(path, {"key": np.ones((10, 10))}, do_compression=True)
        monkeypatch.setattr(matlab_files, "MOST_NUMBERS", 99)
        with pytest.raises(ValueError, match="1 to 99 numbers in key, got 100"):
            matlab_files.matrix(path, "key")

    def test_an_array_longer_than_it_says(self, tmp_path):
        """A small compressed element that inflates to much is not inflated further."""
        array = element(6, struct.pack("<II", 6, 0)) + element(
            5, struct.pack("<ii", 1, 1)
        )
        array += element(1, b"key") + element(9, bytes(8)) + bytes(1 << 20)
        path = tmp_path / "a.mat"
        packed = zlib.compress(element(14, array))
        head = file_of(b"")[:128]
        path.write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)
        with pytest.raises(
            ValueError, match="arrays as long as they say, and does not"
        ):
            matlab_files.matrix(path, "key")

    @pytest.mark.parametrize(
        ("flags", "sizes"), [(4, 8), (12, 8), (8, 4), (8, 7), (8, 132)]
    )
    def test_a_head_of_another_length(self, tmp_path, flags, sizes):
        """Flags that are not two numbers, and sizes of no array, are refused."""
        array = element(6, b"\6".ljust(flags, b"\0")) + element(5, bytes([1]) * sizes)
        array += element(1, b"key") + element(9, bytes(8))
        path = tmp_path / "a.mat"
        path.write_bytes(file_of(array))
        with pytest.raises(ValueError, match=r"a\.mat must hold sound MATLAB arrays"):
            matlab_files.matrix(path, "key")

    @pytest.mark.parametrize("data", [b"", b"no matlab", b"MATLAB 7.3 MAT-file" * 40])
    def test_another_file(self, tmp_path, data):
        """An empty file and files of other kinds are named."""
        path = tmp_path / "a.mat"
        path.write_bytes(data)
        with pytest.raises(
            ValueError, match=r"a\.mat must be a MATLAB file of format 5"
        ):
            matlab_files.matrix(path, "key")

    def test_other_formats(self, tmp_path):
        """Format 4, no file, and a folder are refused."""
        path = tmp_path / "a.mat"
        with pytest.raises(ValueError, match=r"a\.mat must be a file, and is none"):
            matlab_files.matrix(path, "key")
        with pytest.raises(ValueError, match="must be a file, and is none"):
            matlab_files.matrix(tmp_path, "key")
        savemat(path, {"key": np.ones((40, 3))}, format="4")
        with pytest.raises(
            ValueError, match=r"a\.mat must be a MATLAB file of format 5"
        ):
            matlab_files.matrix(path, "key")

    @pytest.mark.parametrize("compressed", [False, True])
    def test_every_cut_is_noticed(self, tmp_path, compressed):
        """A file that lacks its last bytes, however many, is refused."""
        path = tmp_path / "a.mat"
        savemat(path, {"key": np.arange(12.0)}, do_compression=compressed)
        whole = path.read_bytes()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(ValueError, match=r"a\.mat "):
                matlab_files.matrix(path, "key")
