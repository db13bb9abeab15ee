"""Units, by the names of columns and fields."""

import pytest

from harness.commands.printing import units
from results.format import schema


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("objective_mm", "mm"),
        ("frames_within_20mm", "share"),
        ("wall_time_s", "s"),
        ("time_utc", "UTC"),
        ("joint.warm_up_epochs", "epochs"),
        ("vae.steps", "updates"),
        ("driver_epoch", None),
        ("losses.kl", None),
        ("class_s", None),
    ],
)
def test_the_unit_of_a_name(name, unit):
    """A training epoch is counted in epochs; a driver's number is none."""
    assert units.of(name) == unit


def test_every_figure_of_a_table_has_one():
    """All columns of numbers but counts, seeds, scores and raw loss terms."""
    bare = {*schema.LOSS_TERMS, "expected_score", "expected_score_std", "value"}
    for table in schema.TABLES:
        for field in schema.schema(table):
            if str(field.type) in ("double", "float") and field.name not in bare:
                assert units.of(field.name), field.name
