"""The posterior path as an ONNX graph, and how far its answers are from torch's.

Input `depth` [batch, 1, side, side] in [-1, 1] and `centre_mm` [batch, 3], output
`joints_mm` [batch, joints, 3]; the batch may have any size. The packages that
this needs are an extra; they are imported where they are used.
"""

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Iterator

import torch

from cnets.inference.folded import Folded
from cnets.inference.model import Model
from cnets.shapes import CentreMm, Depth


PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""What writing and checking a graph needs."""

INPUTS, OUTPUT = ("depth", "centre_mm"), "joints_mm"

EXPORTER_WARNINGS = (
    (FutureWarning, r"`isinstance\(treespec, LeafSpec\)` is deprecated"),
    (UserWarning, r"# The axis name: batch will not be used, since it shares"),
)
"""What torch 2.13's exporter says about its own code and about two equal axes."""


def missing() -> tuple[str, ...]:
    """Those of `PACKAGES` that are not installed."""
    return tuple(n for n in PACKAGES if importlib.util.find_spec(n) is None)


def graph(model: Model) -> bytes:
    """The posterior path as a serialised ONNX model, weights inside.

    The exporter notes at every node where in which file it was traced; none of
    that is kept, because the paths of this machine are nobody's business. The
    joints' names are in the model's metadata instead.
    """
    import onnx

    side_px = model.config.networks.side_px
    example = torch.ones(2, 1, side_px, side_px), torch.zeros(2, 3)
    batch = torch.export.Dim("batch")
    with _quiet():
        program = torch.onnx.export(
            Folded(model),
            example,
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_shapes=({0: batch}, {0: batch}),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    made = program.model_proto
    _forget(made.graph)
    about = {"joint_names": ",".join(model.skeleton.joint_names), "y_axis": "up"}
    onnx.helper.set_model_props(made, about)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()


def difference_mm(
    content: bytes, model: Model, depth: Depth, centre_mm: CentreMm
) -> float:
    """Largest difference between a graph's coordinates and the model's own.

    The frames go through onnxruntime twice: all at once, and the first alone.

    Args:
        content: A serialised ONNX model, as `graph` makes it.
        model: What it was made from.
        depth: Crops, at least one.
        centre_mm: Their centres.

    Returns:
        Millimetres; NaN if either gives a number that is none.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"]
    )
    own, differences = model.predict(depth, centre_mm), []
    for rows in (slice(None), slice(1)):
        inputs = (depth[rows].numpy(), centre_mm[rows].numpy())
        (theirs,) = session.run([OUTPUT], dict(zip(INPUTS, inputs, strict=True)))
        differences.append((torch.from_numpy(theirs) - own[rows]).abs().max())
    return float(torch.stack(differences).max())


def _forget(part) -> None:  # noqa: ANN001 - a message of onnx, which is an extra
    """Remove every note of the exporter from a graph."""
    part.doc_string = ""
    for group in (
        part.node,
        part.input,
        part.output,
        part.value_info,
        part.initializer,
    ):
        for entry in group:
            entry.doc_string = ""
            del entry.metadata_props[:]
    del part.metadata_props[:]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter without what it says about itself."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    with warnings.catch_warnings():
        for category, message in EXPORTER_WARNINGS:
            warnings.filterwarnings("ignore", message, category)
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(before)
