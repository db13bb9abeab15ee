import dataclasses

import pytest

from cnets import presets
from cnets.cameras import CAMERAS
from cnets.hands.skeleton import SKELETONS
from cnets.inference.model import Model
from cnets.networks import crossing_net
from harness.exporting.card import card


TRIAL = {"kind": "trial", "name": "s/t-00003", "epoch": "12", "data": "synthetic:400"}
FIGURES = {
    "data": "synthetic:400",
    "frames": 1234,
    "mean_joint_error_mm": 12.3456,
    "frames_within_20mm": 0.25,
    "vae_round_trip_mm": 5.6444,
    "onnx_difference_mm": 0.00021,
}


def made(skeleton: str = "hand21", camera: str | None = "nyu", **changes) -> Model:
    """A model that was never trained."""
    hand = SKELETONS[skeleton]
    run = presets.preset("tiny").replace(
        {"networks.joints": len(hand.joint_names)} | changes
    )
    return Model(
        name="model",
        config=run,
        skeleton=hand,
        camera=None if camera is None else CAMERAS[camera],
        modules=crossing_net.build(run),
    )


def text(model: Model | None = None, origin: dict = TRIAL, figures: dict = FIGURES):
    """The card of a model."""
    return card(model or made(), origin=origin, figures=figures, version="1.2.3")


@pytest.mark.parametrize(
    ("hand", "shown"), [("left", "left hands"), ("right", "right hands"), (None, None)]
)
def test_the_hand_is_that_of_the_model(hand, shown):
    """A model that says none is taken to be of its data set's hand."""
    said = text(dataclasses.replace(made("icvl16"), hand=hand))
    assert f"skeleton `icvl16`, {shown or 'left (or mirrored) hands'}" in said
    assert f"Trained on {shown or 'left (or mirrored) hands'}:" in said
    assert ("--hand" in said) == (hand is not None)


def test_names_of_joints_are_shown_as_they_are():
    """Those of a stranger's skeleton are text, whatever they hold."""
    model = made()
    odd = ("<b>x</b>", *model.skeleton.joint_names[1:])
    skeleton = dataclasses.replace(model.skeleton, joint_names=odd, name="a`b")
    said = text(dataclasses.replace(model, skeleton=skeleton))
    assert "<b>" not in said
    assert "skeleton `` a`b ``" in said


def test_has_every_section_that_a_stranger_needs():
    """What it is, training, figures, frame, crop, use, limits and licence."""
    heads = [line for line in text().splitlines() if line.startswith("#")]
    assert heads == [
        "# Crossing Net: 21 hand joints from one depth crop",
        "## Training",
        "## Measured",
        "## Coordinates",
        "## The crop",
        "## Use",
        "## Limits",
        "## Licence",
    ]


def test_figures_are_those_that_were_measured():
    """Four digits each; what was not measured has no row."""
    said = text()
    for row in (
        "| test frames | 1,234 |",
        "| mean joint error, 21 joints, mm | 12.35 |",
        "| share of frames whose worst joint is within 20 mm | 0.25 |",
        "| labels through the pose VAE and back, all joints, mm | 5.644 |",
        "| largest difference of ONNX and torch, mm | 2.1e-04 |",
    ):
        assert row in said
    assert "median" not in said
    assert "On the test part of `synthetic:400`:" in said


def test_without_data_it_says_that_no_error_was_measured():
    """No number stands where none was measured."""
    said = text(figures={"onnx_difference_mm": 0.0001})
    assert "No data set was given, so no error was measured here." in said
    assert "joint error" not in said


@pytest.mark.parametrize(
    ("skeleton", "side"),
    [("nyu36", "right hands"), ("hand21", "right hands"), ("icvl16", "left (or")],
)
def test_says_which_hands_it_knows(skeleton, side):
    """ICVL's hands are left or mirrored ones."""
    said = text(made(skeleton))
    assert f"- Hand: skeleton `{skeleton}`, {side}" in said
    assert f"- Trained on {side}" in said


def test_says_which_camera_it_knows():
    """Focal lengths and size, or that nobody knows."""
    assert "fx 475.066, fy 475.066, cx 315.945, cy 245.287 px at 640 x 480" in text(
        made(camera="sr300")
    )
    assert "Its camera is not recorded." in text(made(camera=None))


def test_says_how_the_run_was_trained():
    """Data, labelled share, seed and size of the code."""
    said = text(made(labelled_ratio=0.1, seed=77, latent_size=9))
    assert "- Data: synthetic:400" in said
    assert "- Labelled share of the training frames: 0.1" in said
    assert "- Seed: 77" in said
    assert "- Pose code: 9 numbers, and 3 for the origin" in said


def test_of_the_authors_weights_names_their_terms():
    """No seed or ratio is claimed for weights that were not trained here."""
    said = text(made("nyu36"), origin={"kind": "published", "data": "the NYU set"})
    assert "terms of their owners hold" in said
    assert "Seed" not in said
    assert "terms of their owners" not in text()


def test_the_graph_is_described_as_it_is():
    """Names and sizes of the ONNX model's inputs and output."""
    said = text(made("icvl16"))
    assert "`depth` [batch, 1, 32, 32]" in said
    assert "`joints_mm` [batch, 16, 3]" in said
    assert "sampled to 32 x 32 pixels" in said
