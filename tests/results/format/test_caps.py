import pytest

from results.format import caps


class TestCheckCell:
    @pytest.mark.parametrize(
        ("column", "limit"), [("reason", 4096), ("config_json", 65536)]
    )
    def test_texts(self, column, limit):
        """A text may have as many bytes as the limit of its column, and not one more."""
        caps.check_cell(f"trials.{column}", "x" * limit)
        with pytest.raises(
            ValueError,
            match=rf"^`trials.{column}` must have at most {limit} bytes, got",
        ):
            caps.check_cell(f"trials.{column}", "x" * (limit + 1))

    def test_bytes_are_counted(self):
        """Letters of two bytes in UTF-8 count twice."""
        caps.check_cell("trials.reason", "\u00e9" * 2048)
        with pytest.raises(ValueError, match=r"at most 4096 bytes, got 4098\.$"):
            caps.check_cell("trials.reason", "\u00e9" * 2049)

    def test_lists(self):
        """A list may have 256 values."""
        caps.check_cell("finals.per_joint_mm", [0.0] * 256)
        with pytest.raises(ValueError, match=r"at most 256 values, got 257\.$"):
            caps.check_cell("finals.per_joint_mm", [0.0] * 257)

    def test_names_of_trials(self):
        """What could lead out of a folder is no name of a trial, but may be a reason."""
        caps.check_cell("reports.reason", "../x")
        with pytest.raises(ValueError, match=r"`reports.trial` must be .*'\.\./x'"):
            caps.check_cell("reports.trial", "../x")


class TestCheckParameters:
    def test_number(self):
        """There may be 256 parameters."""
        names = [f"p{number}" for number in range(257)]
        caps.check_parameters(names[:256])
        with pytest.raises(ValueError, match=r"at most 256, got 257\.$"):
            caps.check_parameters(names)

    @pytest.mark.parametrize("name", ["", "x" * 257, "\u00e9" * 129, "a\0b", 3, None])
    def test_names(self, name):
        """A name that is no text of 1 to 256 bytes without 0 is refused."""
        caps.check_parameters(["x" * 256])
        with pytest.raises(ValueError, match="names of 1 to 256 bytes of text"):
            caps.check_parameters(["a", name])


class TestCut:
    def test_short(self):
        """A text within the limit stays as it is."""
        assert caps.cut("x" * 4096) == "x" * 4096

    @pytest.mark.parametrize("letter", ["x", "\u00e9", "\u4e2d", "\U0001f600"])
    def test_long(self, letter):
        """A longer one ends in an ellipsis, is whole UTF-8 and just within the limit."""
        text = caps.cut(letter * 4097)
        size = len(text.encode())
        assert text.lstrip(letter) == "\u2026"
        assert 4096 - len(letter.encode()) < size <= 4096

    def test_what_utf8_cannot_hold(self):
        """A lone surrogate is written as an escape."""
        assert caps.cut("a\ud800b") == "a\\ud800b"
