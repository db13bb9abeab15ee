"""`crossnets predict`: print the joints of depth frames, and draw them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from harness.commands.arguments import Format
from harness.commands.exit_codes import DONE, FAILED
from harness.definition.options import Device
from harness.definition.terminal import printable


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Joints from depth frames: PNG or _depth.bin files, or folders of them."""

    frames: Positional[Annotated[tuple[str, ...], arg(metavar="FRAMES")]]
    """Files or folders."""
    model: Annotated[str, arg(metavar="MODEL")]
    """Folder of a model, or published:DIR with the authors' weights."""
    camera: str
    """nyu, icvl, msra, sr300, kinect2, or FX,FY,CX,CY in pixels."""
    center: Annotated[str | None, arg(metavar="U,V,D")] = None
    """Centre of the hand, pixels and mm; default: found in the frame."""
    mirror: bool = False
    """The hands are left ones (or mirrored), the model knows right ones."""
    view: Annotated[str | None, arg(metavar="PNG")] = None
    """Picture of the frames with their joints."""
    device: Device = "cpu"
    """Where it runs."""
    format: Format = "table"
    """How the answer is printed."""


def run(options: Predict) -> int:
    """Predict every frame, then print all."""
    from cnets.inference import pictures
    from harness import predict
    from harness.commands.printing import bars, messages, predictions

    camera = predict.camera_of(options.camera)
    centre_uvd = predict.centre_of(options.center)
    if options.view is not None and not Path(options.view).parent.is_dir():
        raise ValueError(
            f"`view` must lie in a folder that exists, got {options.view!r}."
        )
    with bars.bar("Predicting") as progress:
        done = predict.predict(
            options.frames,
            model=options.model,
            camera=camera,
            centre_uvd=centre_uvd,
            mirror=options.mirror,
            device=options.device,
            progress=progress,
        )
    for error in done.passed_over:
        messages.complain(f"passed over: {error}")
    if not done.frames:
        raise ValueError("`frames` must hold a depth frame, and none could be read.")
    if options.view is not None:
        pictures.save_png(Path(options.view), predict.page(done))
        messages.note(f"{printable(options.view)}: {len(done.frames)} frames.")
    messages.answer(predictions.shown(done, options.format))
    return FAILED if done.passed_over else DONE
