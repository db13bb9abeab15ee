"""The authors' weight files, read into our networks.

A folder holds seven NumPy archives, named PREFIX_en_params.npz and so on, each
with its arrays under `arr_0`, `arr_1`, ... in the order in which Lasagne lists
the parameters: inputs before outputs, a dense layer as [inputs, outputs], a
batch norm as shift, scale, mean and *inverse* standard deviation. Theano's
convolutions flip their kernels, in the transposed layers too; torch's do not.

Source:
    Released code and weights of Wan et al. 2017, `melonwan/crossingNet`.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cnets.cameras import CAMERAS
from cnets.config import TrainConfig
from cnets.hands import skeleton
from cnets.inference.model import Model
from cnets.networks import crossing_net


PREFIX = "published:"
"""What the name of such a model starts with."""

PARTS = (
    "en_params",
    "de_params",
    "align",
    "gen_params",
    "dis_params",
    "metr_params",
    "reco_params",
)
"""The archives of a model, by the end of their names."""

CAMERAS_BY_JOINTS = {
    36: replace(CAMERAS["nyu"], fx=588.235, fy=587.084),
    21: CAMERAS["msra"],
    16: replace(CAMERAS["icvl"], fx=241.42, fy=241.42),
}
"""The camera that the authors trained with, by number of joints.

For NYU and ICVL it is not the one that the data sets are evaluated with.
"""

HANDS_BY_JOINTS = {36: "right", 21: "right", 16: "left"}
"""Which hands the data sets of the authors show, likewise."""

LATENT = 20
"""Size of the authors' pose code."""


def load(folder: str) -> Model:
    """The authors' networks of a folder.

    Args:
        folder: Where the seven archives lie.

    Raises:
        ValueError: If the folder or an archive is missing or damaged, or an
            array has another shape than the network.
    """
    root = Path(folder)
    arrays = {part: _arrays(_find(root, part)) for part in PARTS}
    joints = len(arrays["de_params"][-1]) // 3
    hand = skeleton.of_joints(joints)
    modules = crossing_net.build(config(joints))
    for part, layers in _layers(modules).items():
        _fill(_find(root, part), layers, arrays[part])
    return Model(
        name=f"{PREFIX}{folder}",
        config=config(joints),
        skeleton=hand,
        camera=CAMERAS_BY_JOINTS[joints],
        hand=HANDS_BY_JOINTS[joints],
        modules={name: module.eval() for name, module in modules.items()},
    )


def config(joints: int) -> TrainConfig:
    """The configuration of the authors' networks for a number of joints."""
    return TrainConfig().replace({"networks.joints": joints, "latent_size": LATENT})


def _layers(modules: dict[str, nn.Module]) -> dict[str, list[nn.Module]]:
    """The layers of each archive, in its order."""

    def of(*names: str) -> list[nn.Module]:
        return [
            layer
            for name in names
            for layer in modules[name].modules()
            if not list(layer.children()) and list(layer.parameters())
        ]

    return {
        "en_params": of("encoder"),
        "de_params": of("decoder"),
        "align": of("alignment"),
        "gen_params": of("generator"),
        "dis_params": of("trunk", "real"),
        "metr_params": of("smoother"),
        "reco_params": of("posterior"),
    }


@torch.no_grad()
def _fill(path: Path, layers: list[nn.Module], arrays: list[np.ndarray]) -> None:
    """Copy an archive's arrays into its layers."""
    wanted = [target for layer in layers for target in _targets(layer)]
    if len(arrays) != len(wanted):
        raise ValueError(f"{path} must hold {len(wanted)} arrays, got {len(arrays)}.")
    source = iter(enumerate(arrays))
    for layer in layers:
        for target in _targets(layer):
            index, array = next(source)
            value = _converted(layer, target, torch.from_numpy(array))
            if value.shape != target.shape:
                raise ValueError(
                    f"{path}, arr_{index} must fit {list(target.shape)}, got "
                    f"{list(array.shape)}."
                )
            target.copy_(value)


def _targets(layer: nn.Module) -> Iterator[Tensor]:
    """A layer's tensors in Lasagne's order."""
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        assert layer.running_mean is not None
        assert layer.running_var is not None
        yield from (layer.bias, layer.weight, layer.running_mean, layer.running_var)
    else:
        yield from layer.parameters()


def _converted(layer: nn.Module, target: Tensor, value: Tensor) -> Tensor:
    """One array in torch's layout."""
    if isinstance(layer, nn.Linear) and value.ndim == 2:
        return value.T
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and value.ndim == 4:
        return value.flip(2, 3)
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and (
        target is layer.running_var
    ):
        return value.double().square().reciprocal().sub(layer.eps).float()
    return value


def _find(root: Path, part: str) -> Path:
    """The one archive of a part."""
    if not root.is_dir():
        raise ValueError(f"`model` must name a folder of weights, got {str(root)!r}.")
    found = sorted(root.glob(f"*_{part}.npz"))
    if len(found) != 1:
        raise ValueError(
            f"{root} must hold one file *_{part}.npz, and holds {len(found)}."
        )
    return found[0]


def _arrays(path: Path) -> list[np.ndarray]:
    """The arrays of an archive in their order, float32."""
    try:
        content = io.BytesIO(path.read_bytes())
        with np.load(content, allow_pickle=False) as archive:
            names = sorted(archive.files, key=lambda name: (len(name), name))
            arrays = [archive[name] for name in names]
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        MemoryError,
        TypeError,
        SyntaxError,
    ) as error:
        raise ValueError(
            f"{path} is damaged or no archive of arrays: {error}."
        ) from error
    if names != [f"arr_{number}" for number in range(len(names))] or not names:
        raise ValueError(f"{path} must hold arr_0, arr_1 and so on, got {names[:3]}.")
    for name, array in zip(names, arrays, strict=True):
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"{path}, {name} must hold finite numbers.")
    return [array.astype(np.float32) for array in arrays]
