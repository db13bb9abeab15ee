import json
import math
from dataclasses import replace

import pytest

from cnets.config import TrainConfig
from harness import repeat
from harness.commands.printing import training
from harness.definition.data_choice import DataChoice


FIGURES = {
    "mean_joint_error_mm": 12.3456,
    "frames_within_20mm": 0.25,
    "frames_within_40mm": 0.5,
}


def stored(objective_mm: float) -> repeat.Stored:
    """A trial that ended at step 9 with some error."""
    return repeat.Stored(
        config=TrainConfig(),
        data=DataChoice(spec="synthetic", side_px=32, split=None, cache="x"),
        fingerprint="f",
        objective="mean_joint_error_mm",
        step=9,
        objective_mm=objective_mm,
        init=None,
        rows=None,
    )


def test_a_line_an_epoch_without_a_terminal(capsys, make_report):
    """Epoch, epochs and error; the last report is handed back."""
    reports = [make_report(step, 20.0 - step) for step in (1, 2)]
    assert training.watch(iter(reports)) is reports[1]
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "joint 1/9 19.00 mm\njoint 2/9 18.00 mm\n"


def test_what_to_change_is_said_at_the_end(capsys, make_report):
    """Once, by the figures of the last report."""
    health = {"trunk_share_posterior": 0.001, "vae_floor_mm": 15.0}
    reports = [make_report(step, 18.0, health=health) for step in (1, 2)]
    training.watch(iter(reports))
    err = capsys.readouterr().err
    assert err.count("The pose loss has 0.10% of the trunk's gradient") == 1
    assert err.count("The pose VAE alone is off by 15.0 mm") == 1


def test_figures_are_sentences_or_strict_json(capsys, make_report):
    """A sentence a split; in JSON every term, and text for what is no number."""
    last = make_report(9, 12.3456, metrics=FIGURES, terms={"posterior": math.inf})
    training.show(last, "table")
    assert capsys.readouterr().out == (
        "validation: 12.346 mm mean joint error, 25.0% of frames within 20 mm, "
        "50.0% within 40 mm\n"
    )
    training.show(last, "json")
    values = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert values == {"epoch": 9, "posterior": "inf", **FIGURES, "test": {}}


def test_frames_that_are_not_scored(capsys, make_report):
    """Beside the test figures, as a sentence and in JSON."""
    final = FIGURES | {"frames": 40}
    last = make_report(9, 12.3456, metrics=FIGURES, final=final, not_scored=20)
    training.show(last, "table")
    first, second = capsys.readouterr().out.splitlines()
    assert "not scored" not in first
    assert second.endswith("; 20 of 60 not scored (no hand seen, or no label)")
    training.show(last, "json")
    values = json.loads(capsys.readouterr().out)
    assert values["test"]["not_scored"] == 20


@pytest.mark.parametrize(
    ("error_mm", "end"),
    [
        (20.0, "20.0 mm, equal to the stored trial's"),
        (math.nextafter(20.0, 21), "mm, but the stored trial has 20.0 mm"),
    ],
)
def test_a_comparison_is_to_the_last_bit(make_report, error_mm, end):
    """The next number of all is another one, and every digit is shown."""
    line = training.comparison(stored(20.0), make_report(9, error_mm))
    assert line.startswith(f"epoch 9: {error_mm!r} mm")
    assert line.endswith(end)


def test_the_answer_is_the_validation_error(make_report):
    """With what is lost where nothing is kept; the test split is for finals."""
    last = make_report(3, 27.4)
    said = "trained 3 joint epochs: 27.40 mm on the validation split"
    assert training.answer(last, is_kept=True) == said
    lost = f"{said}; nothing is kept without --out DIR"
    assert training.answer(last, is_kept=False) == lost
    before = replace(last, step=1, metrics={})
    assert training.answer(before, is_kept=True).startswith("trained 1 joint epoch: no")
