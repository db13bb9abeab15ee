"""`crossnets predict`: print the joints of depth frames, and draw them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from harness.commands.arguments import Format
from harness.commands.exit_codes import DONE, FAILED
from harness.definition.options import Device
from harness.definition.terminal import printable


Hand = Literal["unknown", "right", "left"]
"""What `--hand` takes."""


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Joints from depth frames: PNG or _depth.bin files, or folders of them."""

    frames: Positional[Annotated[tuple[str, ...], arg(metavar="FRAMES")]]
    """Files or folders."""
    model: Annotated[str, arg(metavar="MODEL")]
    """Folder of a model, or published:DIR with the authors' weights."""
    camera: str
    """nyu, icvl, msra, sr300, kinect2, FX,FY,CX,CY[,WIDTH,HEIGHT] in pixels, or
    folder:DIR for what its dataset.toml says of camera and frames."""
    center: Annotated[str | None, arg(metavar="U,V,D")] = None
    """Centre of the hand, pixels and mm; default: found in the frame."""
    centers: Annotated[str | None, arg(metavar="FILE")] = None
    """Centres of many frames, a row each: U V D in their order, or NAME U V D."""
    depth_unit: Annotated[float, arg(metavar="MM")] = 1.0
    """Millimetres a step of depth in the files: 0.125 for eighths."""
    hand: Hand = "unknown"
    """Which hands the frames show; a model that says its own is held against it."""
    mirror: bool = False
    """The hands are of the other side than the model's."""
    view: Annotated[str | None, arg(metavar="PNG")] = None
    """Picture of the frames with their joints."""
    device: Device = "cpu"
    """Where it runs."""
    format: Format = "table"
    """How the answer is printed."""


def run(options: Predict) -> int:
    """Predict every frame, then print all."""
    from cnets.inference import frame_reading, pictures
    from harness import predict
    from harness.commands.printing import bars, hints, messages, predictions

    camera, form = frame_reading.camera_of(options.camera)
    centre_uvd = predict.centre_of(options.center)
    if options.view is not None:
        pictures.check_png(Path(options.view), "view")
    with bars.bar("Predicting") as progress:
        done = predict.predict(
            options.frames,
            model=options.model,
            camera=camera,
            form=form,
            centre_uvd=centre_uvd,
            centres=None if options.centers is None else Path(options.centers),
            unit_mm=options.depth_unit,
            hand=None if options.hand == "unknown" else options.hand,
            mirror=options.mirror,
            device=options.device,
            progress=progress,
        )
    for error in done.passed_over:
        messages.complain(f"passed over: {error}")
    if done.centres:
        messages.note(printable(done.centres))
    lost = done.without_hand()
    if lost:
        messages.complain(predictions.without_hand(done))
    if options.view is not None:
        pictures.save_png(Path(options.view), predict.page(done))
        messages.note(f"{printable(options.view)}: {len(done.frames)} frames.")
    messages.answer(predictions.shown(done, options.format))
    seen = hints.count(len(done.frames) - lost, "hand")
    drawn = "" if options.view is not None else "; --view PNG draws them"
    frames = hints.count(len(done.frames), "frame")
    hints.tell(f"{seen} found in {frames}{drawn}", style=options.format)
    return FAILED if done.passed_over or lost == len(done.frames) else DONE
