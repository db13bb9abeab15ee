"""Tests of `harness.commands.printing.plots`: the steps by counting, the picture by its pixels."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as held
from PIL import Image

from cnets import metrics
from harness.commands import cli
from harness.commands.printing import plots


SIZE = (1280, 864)
"""Of the picture: 8 by 5.4 inches, 160 dots an inch."""

SPREAD = torch.linspace(4, 100, 60)[:, None].expand(60, 3)
"""Frames of every quality."""

LONG = "predictions_of_a_network_" * 20 + "on_nyu.txt"

NAMES = [
    LONG,
    "$x_1$",
    r"$\frac{1$",
    "_hidden.txt",
    "",
    "two\nlines\x07",
    "\udcff",
    "手",
]
"""Names of files that are no plain words."""


def drawn(folder: Path, errors: torch.Tensor, name: str = "a", **options) -> np.ndarray:
    """The pixels of the picture of some errors, [height, width, 3]."""
    path = folder / "curve.png"
    plots.success_curve(path, errors, name, **options)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == SIZE
        return np.asarray(image.convert("RGB")).astype(int)


def blue(pixels: np.ndarray) -> np.ndarray:
    """Where the line is, its soft edges included."""
    return (pixels[..., 2] - pixels[..., 0] > 60) & (pixels[..., 0] < 150)


def rise(pixels: np.ndarray) -> float:
    """Column of the picture in which the line goes up."""
    count = blue(pixels).sum(0)
    return float(np.flatnonzero(count > 300).mean())


class TestSteps:
    def test_by_hand(self):
        """Worst joints 10, 30, 30 and 90 make two steps within 80 mm."""
        errors = torch.tensor([[30.0, 2.0], [10.0, 1.0], [3.0, 30.0], [90.0, 0.0]])
        assert plots.steps(errors) == ([0, 10, 30, 80], [0, 0.25, 0.75, 0.75])
        assert plots.steps(errors, 0.5)[0] == [0, 9.5, 29.5, 80]

    @given(
        held.arrays(
            np.float64,
            st.tuples(st.integers(1, 12), st.integers(1, 4)),
            # Eighths, so that half a millimetre is added without rounding.
            elements=st.integers(0, 900).map(lambda eighths: eighths / 8),
        ),
        st.sampled_from([0.0, metrics.HALF_MM]),
    )
    def test_against_counting(self, errors, bonus_mm):
        """At each sixteenth of a millimetre the last corner has the counted share."""
        limits, shares = plots.steps(torch.from_numpy(errors), bonus_mm)
        at = np.arange(0, 80 + 1 / 16, 1 / 16)
        drawn = np.array(shares)[np.searchsorted(limits, at, side="right") - 1]
        worst = errors.max(1)
        counted = (worst[None] <= at[:, None] + bonus_mm).mean(1)
        np.testing.assert_allclose(drawn, counted, atol=1e-12)
        assert limits == sorted(set(limits))
        assert (limits[0], limits[-1]) == (0, 80)

    def test_no_number(self):
        """A frame with NaN is within no threshold, as in `metrics.curve`."""
        errors = torch.tensor([[10.0], [torch.nan]])
        assert plots.steps(errors) == ([0, 10, 80], [0, 0.5, 0.5])


class TestPicture:
    def test_not_blank(self, tmp_path):
        """White ground, a blue line from the left to the right, dark text."""
        pixels = drawn(tmp_path, SPREAD)
        assert (pixels == 255).all(-1).mean() > 0.3
        assert (pixels.max(-1) < 60).sum() > 1000
        columns = np.flatnonzero(blue(pixels).any(0))
        assert columns[0] < 200
        assert columns[-1] > 1200

    def test_line_where_the_errors_are(self, tmp_path):
        """With all frames at 25, 45 and 65 mm the line goes up in even distances."""
        at = [
            rise(drawn(tmp_path, torch.full((5, 2), mm))) for mm in (25.0, 45.0, 65.0)
        ]
        assert at[1] - at[0] == pytest.approx(at[2] - at[1], abs=1.5)
        assert at[1] - at[0] == pytest.approx(1130 / 4, abs=15)

    def test_bonus(self, tmp_path):
        """Half a millimetre moves the line half a millimetre to the left."""
        errors = torch.full((5, 2), 45.0)
        plain = drawn(tmp_path, errors)
        more = drawn(tmp_path, errors, bonus_mm=metrics.HALF_MM)
        moved = rise(plain) - rise(more)
        assert moved == pytest.approx(1130 / 80 / 2, abs=1.5)
        assert (plain[780:] != more[780:]).any()  # the label of the axis says so

    @pytest.mark.parametrize("name", NAMES)
    def test_names(self, tmp_path, name):
        """Any name is drawn as it is, cut in front, and without a warning."""
        pixels = drawn(tmp_path, SPREAD, name)
        other = drawn(tmp_path, SPREAD, "another")
        rows, columns = np.nonzero((pixels != other).any(-1))
        assert rows.size > 0
        # Only the legend, here in the upper left, is another one.
        assert rows.max() < 140
        assert columns.min() > 120
        assert columns.max() < 800
        assert (pixels[20:130, 200:800].max(-1) < 60).sum() > 500

    @pytest.mark.parametrize("name", ["a", LONG])
    @pytest.mark.parametrize("least_mm", [0.0, 30.0, 70.0])
    def test_legend_leaves_the_line_free(self, tmp_path, least_mm, name):
        """A good, a middling and a poor curve show over the whole width of the axes."""
        worst = torch.linspace(least_mm, least_mm + 40, 200)[:, None]
        pixels = drawn(tmp_path, worst, name)
        columns = np.flatnonzero(blue(pixels).any(0))
        assert columns[-1] - columns[0] + 1 == pytest.approx(1130, abs=25)
        assert np.diff(columns).max() < 10  # the points have a white edge
        assert beyond_legend(pixels, worst)

    def test_shares_leave_the_numbers_free(self, tmp_path):
        """The numbers below the axis are the same for a share of 0 and of 1."""
        poor = drawn(tmp_path, torch.full((3, 2), 100.0))
        good = drawn(tmp_path, torch.full((3, 2), 0.5))
        np.testing.assert_array_equal(poor[776:], good[776:])


def beyond_legend(pixels: np.ndarray, worst: torch.Tensor) -> bool:
    """Whether the line is seen at its place in each tenth of the axes."""
    line = blue(pixels)
    columns = np.flatnonzero(line.any(0))
    left, width = columns[0], columns[-1] - columns[0]
    seen = []
    for tenth in range(1, 10):
        share = float((worst <= 8 * tenth).double().mean())
        row = round(764 - share * (764 - 18))
        column = round(left + width * tenth / 10)
        seen.append(line[row - 12 : row + 13, column - 6 : column + 7].any())
    return all(seen)


class TestCheck:
    @pytest.mark.parametrize("name", ["curve.pdf", "curve", "curve.png.txt", ".png"])
    def test_suffix(self, tmp_path, name):
        """What does not end in .png is refused, and nothing is written."""
        with pytest.raises(ValueError, match="`--plot` must name a PNG file, got"):
            plots.success_curve(tmp_path / name, SPREAD, "a")
        assert not list(tmp_path.iterdir())

    def test_folder(self, tmp_path):
        """A folder that is missing is refused, and so is a folder named like a file."""
        with pytest.raises(ValueError, match="must lie in a folder that exists"):
            plots.check(tmp_path / "nowhere" / "curve.png")
        (tmp_path / "folder.png").mkdir()
        with pytest.raises(ValueError, match="`--plot` must name a PNG file"):
            plots.check(tmp_path / "folder.png")

    def test_upper_case(self, tmp_path):
        """CURVE.PNG is a PNG file."""
        plots.check(tmp_path / "CURVE.PNG")

    def test_name_too_long(self, tmp_path):
        """A name that the file system refuses gives one sentence."""
        with pytest.raises(ValueError, match=r"a PNG file: .*: File name too long"):
            plots.check(tmp_path / f"{'a' * 300}.png")

    def test_cannot_be_written(self, tmp_path):
        """A file that leads nowhere gives one sentence, too."""
        (tmp_path / "curve.png").symlink_to(tmp_path / "nowhere" / "curve.png")
        with pytest.raises(ValueError, match="cannot be written: No such file"):
            plots.success_curve(tmp_path / "curve.png", SPREAD, "a")


def test_command_line(capsys, realdata, tmp_path):
    """The picture is written and named; standard output is the JSON alone."""
    out, folder = tmp_path / "curve.png", realdata / "icvl"
    path = folder / "predictions" / "CVPR14_LRF_Results.txt.gz"
    words = ["evaluate", str(path), "--data", f"icvl:{folder}", "--plot", str(out)]
    assert cli.run([*words, "--format", "json"]) == cli.DONE
    printed, messages = capsys.readouterr()
    assert json.loads(printed)["frames"] == 1596
    assert messages == f"{out}: the curve of {path.name}.\n"
    with Image.open(out) as image:
        assert image.size == SIZE
        assert len(image.getcolors(1 << 20) or []) > 50
