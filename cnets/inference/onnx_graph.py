"""The posterior path as an ONNX graph, and onnxruntime, which runs it.

Input `depth` [batch, 1, side, side] in [-1, 1] and `centre_mm` [batch, 3], output
`joints_mm` [batch, joints, 3]; the batch may have any size. Its weights come from
`folded`. ONNX is imported where it is used, because it takes long to load.
"""

import copy
import dataclasses
from collections.abc import Callable

import torch

from cnets.inference import folded
from cnets.inference.model import Model
from cnets.shapes import CentreMm, Depth, JointsMm


INPUTS, OUTPUT = ("depth", "centre_mm"), "joints_mm"

GRAPH = """<ir_version: 10, opset_import: ["": 20]>
crossing_net (float[batch, 1, {side_px}, {side_px}] depth, float[batch, 3] centre_mm)
    => (float[batch, {joints}, 3] joints_mm) {{
{convolutions}
    flat = Flatten(maps_{last})
    code_sum = Gemm<transB=1>(flat, code_weight, code_bias)
    code = LeakyRelu<alpha=0.2>(code_sum)
    hidden_sum = Gemm<transB=1>(code, hidden_weight, hidden_bias)
    hidden = LeakyRelu<alpha=0.01>(hidden_sum)
    pose_numbers = Gemm<transB=1>(hidden, pose_weight, pose_bias)
    pose_shape = Constant<value_ints=[0, {joints}, 3]>()
    pose_mm = Reshape(pose_numbers, pose_shape)
    origin_mm = Gemm<transB=1>(code, origin_weight, origin_bias)
    root_numbers = Add(origin_mm, centre_mm)
    root_shape = Constant<value_ints=[0, 1, 3]>()
    root_mm = Reshape(root_numbers, root_shape)
    joints_mm = Add(pose_mm, root_mm)
}}"""
"""The graph in ONNX's own notation, but for its weights; a size of 0 is the batch's."""

CONVOLUTION = """\
    sum_{index} = Conv<strides=[2, 2], pads=[2, 2, 2, 2]>
        ({source}, convolution_{index}_weight, convolution_{index}_bias)
    maps_{index} = LeakyRelu<alpha=0.2>(sum_{index})"""

Predictor = Callable[[Depth, CentreMm], JointsMm]
"""Crops and the centres of their cubes to joints in the camera frame."""


def predictor(model: Model, device: torch.device | str = "cpu") -> Predictor:
    """What reads joints from crops fastest: onnxruntime, on a GPU the modules.

    What comes out differs from `Model.predict` by rounding, less than 1e-3 mm.

    Args:
        model: The trained networks.
        device: Where to run; crops and centres must lie there.
    """
    if torch.device(device).type == "cpu":
        return session(graph(model))
    modules = copy.deepcopy(model.modules)
    for module in modules.values():
        module.to(device)
    return dataclasses.replace(model, modules=modules).predict


def graph(model: Model) -> bytes:
    """The posterior path as a serialised ONNX model, weights inside.

    The joints' names are in its metadata.
    """
    import onnx

    tensors = folded.weights(model)
    count = sum(name.startswith("convolution") for name in tensors) // 2
    convolutions = [
        CONVOLUTION.format(index=i, source=f"maps_{i - 1}" if i else "depth")
        for i in range(count)
    ]
    text = GRAPH.format(
        side_px=model.config.networks.side_px,
        joints=model.config.networks.joints,
        convolutions="\n".join(convolutions),
        last=count - 1,
    )
    made = onnx.parser.parse_model(text)
    made.graph.initializer.extend(
        onnx.numpy_helper.from_array(tensor.float().numpy(), name)
        for name, tensor in tensors.items()
    )
    about = {"joint_names": ",".join(model.skeleton.joint_names), "y_axis": "up"}
    onnx.helper.set_model_props(made, about)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString(deterministic=True)


def session(content: bytes) -> Predictor:
    """A graph in onnxruntime, on as many threads as torch has now."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    opened = onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"]
    )

    def run(depth: Depth, centre_mm: CentreMm) -> JointsMm:
        feed = dict(zip(INPUTS, (depth.numpy(), centre_mm.numpy()), strict=True))
        return torch.from_numpy(opened.run([OUTPUT], feed)[0])

    return run


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
    run, own = session(content), model.predict(depth, centre_mm)
    all_apart = (run(depth, centre_mm) - own).abs().max()
    first_apart = (run(depth[:1], centre_mm[:1]) - own[:1]).abs().max()
    return float(torch.maximum(all_apart, first_apart))
