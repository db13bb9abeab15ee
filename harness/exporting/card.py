"""The model card of an export: what a stranger must know before using it.

It says what was measured and nothing else about quality; how the model came to
be is passed in, and no path of this machine is among it. Names come from others:
they are shown as text, whatever Markdown or HTML they hold.
"""

import re
from collections.abc import Mapping
from typing import Any

from cnets import geometry
from cnets.inference import exported, onnx_graph
from cnets.inference.model import Model
from harness.definition.terminal import printable


HAND_SIDES = {
    "nyu36": "right hands",
    "hand21": "right hands",
    "icvl16": "left (or mirrored) hands",
}
"""Which hands the data sets of a skeleton show, for models that do not say theirs."""

PUBLISHED = "published"
"""Origin of the authors' weights."""


def card(
    model: Model, *, origin: Mapping[str, str], figures: Mapping[str, Any], version: str
) -> str:
    """The card as Markdown.

    Args:
        model: The trained networks.
        origin: Where it came from, as the export's header says it.
        figures: What was measured; see `figures.measure`.
        version: Version of the program that exports.
    """
    sections = (
        _what(model, origin, version),
        _training(model, origin),
        _measured(model, figures),
        _frame(model),
        _crop(model),
        _use(model),
        _limits(model),
        _licence(origin),
    )
    return "\n\n".join(sections) + "\n"


def _what(model: Model, origin: Mapping[str, str], version: str) -> str:
    joints = model.config.networks.joints
    came = "; ".join(f"{_text(name)}: {_text(value)}" for name, value in origin.items())
    return (
        f"# Crossing Net: {joints} hand joints from one depth crop\n\n"
        "A pose VAE and a depth-image GAN on one latent space (Wan et al. 2017, "
        "arXiv:1702.03431). Prediction uses three of its networks: trunk and "
        "posterior head read a code from a crop, the VAE's decoder turns it into "
        f"a pose.\n\nWhere it came from: {came}. Written by crossnets {_text(version)}."
    )


def _training(model: Model, origin: Mapping[str, str]) -> str:
    side = _side(model, "not known which hand")
    lines = [
        "## Training",
        "",
        f"- Data: {_text(origin.get('data', 'not recorded'))}",
        f"- Hand: skeleton {_code(model.skeleton.name)}, {side}",
    ]
    if origin.get("kind") != PUBLISHED:
        config = model.config
        lines += [
            f"- Labelled share of the training frames: {config.labelled_ratio:g}",
            f"- Seed: {config.seed}",
        ]
    latent = f"- Pose code: {model.config.latent_size} numbers, and 3 for the origin"
    return "\n".join([*lines, latent])


def _side(model: Model, otherwise: str) -> str:
    """Which hands a model reads, in words."""
    if model.hand is not None:
        return f"{model.hand} hands"
    return HAND_SIDES.get(model.skeleton.name, otherwise)


def _measured(model: Model, figures: Mapping[str, Any]) -> str:
    """The figures as a table; a row only for what was measured."""
    evaluated, part = len(model.skeleton.evaluated), figures.get("part", "test")
    named = {
        "frames": f"{part} frames",
        "not_scored": "of its frames not scored: no hand seen, or no label",
        "mean_joint_error_mm": f"mean joint error, {evaluated} joints, mm",
        "median_joint_error_mm": "median joint error, mm",
        "worst_joint_error_mm": "worst joint of a frame, mean over frames, mm",
        "frames_within_20mm": "share of frames whose worst joint is within 20 mm",
        "frames_within_40mm": "share of frames whose worst joint is within 40 mm",
        "vae_round_trip_mm": "labels through the pose VAE and back, all joints, mm",
        "validation_mm": "mean joint error on the validation part, mm",
        "onnx_difference_mm": "largest difference of ONNX and torch, mm",
        "onnx_frames": "crops of that comparison",
        "parameters": "parameters, all networks",
        "parameters_of_prediction": "parameters that prediction uses",
    }
    rows = [
        f"| {text} | {_number(figures[name])} |"
        for name, text in named.items()
        if name in figures
    ]
    if "data" in figures:
        said = f"On the {part} part of {_code(figures['data'])}:"
    else:
        said = "No data set was given, so no error was measured here."
    return "\n".join(
        ["## Measured", "", said, "", "| figure | value |", "|---|---|", *rows]
    )


def _frame(model: Model) -> str:
    camera = model.camera
    known = (
        "Its camera is not recorded."
        if camera is None
        else f"Its camera has fx {camera.fx:g}, fy {camera.fy:g}, cx "
        f"{camera.cx:g}, cy {camera.cy:g} px at {camera.width_px} x {camera.height_px}."
    )
    names = ", ".join(map(_text, model.skeleton.joint_names))
    return (
        "## Coordinates\n\nMillimetres in the camera's frame: x right, y up, z away "
        f"from the camera. {known}\n\nJoints in order: {names}."
    )


def _crop(model: Model) -> str:
    side_px = model.config.networks.side_px
    cube, behind = geometry.CUBE_MM, geometry.BEHIND_MM
    return (
        "## The crop\n\n"
        f"1. A cube of {cube:g} mm about a centre in the hand, at depth d. Its window "
        f"in the image is {cube / 2:g} * f / d pixels to each side of the centre, with "
        "fx across and fy down, limits rounded down.\n"
        f"2. The window is sampled to {side_px} x {side_px} pixels (nearest pixel, the "
        "longer side fills the crop).\n"
        "3. Depth nearer than the cube is moved to its front; farther than its back, "
        "or no depth at all, is background.\n"
        "4. Scaled to -1 + 2 (z - nearest) / (farthest - front + "
        f"{behind:g} mm), nearest and farthest being those of the hand's pixels and "
        "front that of the cube; background and the farthest pixels are +1.\n\n"
        f"`{exported.GRAPH}` takes `{onnx_graph.INPUTS[0]}` [batch, 1, {side_px}, "
        f"{side_px}] and `{onnx_graph.INPUTS[1]}` [batch, 3], the cube's centre in the "
        f"frame above, and gives `{onnx_graph.OUTPUT}` [batch, "
        f"{model.config.networks.joints}, 3]. Inside, a unit is "
        f"{geometry.MM_PER_UNIT:g} mm."
    )


def _use(model: Model) -> str:
    hand = "" if model.hand is None else " --hand right|left"
    return (
        "## Use\n\nMeant for research on hand poses from depth cameras: one hand, "
        "seen alone, its centre known or found.\n\n"
        f"```\ncrossnets predict FRAME --model THIS_FOLDER --camera CAMERA{hand}\n```"
    )


def _limits(model: Model) -> str:
    side = _side(model, "one side only")
    return (
        "## Limits\n\n"
        f"- Trained on {side}: mirror the image, and the joints back, for the other.\n"
        "- Another camera, a hand with an object, two hands, or a centre far off "
        "were not part of training.\n"
        "- There is no measure of confidence: joints come out of any image.\n"
        "- Do not identify persons, and do not decide about persons, by it."
    )


def _licence(origin: Mapping[str, str]) -> str:
    if origin.get("kind") == PUBLISHED:
        said = (
            "The weights are the authors' and were trained on data for research; the "
            "terms of their owners hold for this copy too. Crossnets gives no right "
            "to them."
        )
    else:
        said = (
            "The terms of the training data hold for weights that were learnt from "
            "them, and so do those of a model that training started from. Add yours "
            "here."
        )
    return f"## Licence\n\n{said}"


def _text(value: str) -> str:
    """A text that Markdown and HTML show as it is, on one line."""
    plain = printable(value).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]|>~$])", r"\\\1", plain)


def _code(value: str) -> str:
    """A text in the type of code, between more backticks than it has in a row."""
    plain = printable(value)
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence, blank = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{blank}{plain}{blank}{fence}"


def _number(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:.4g}"
