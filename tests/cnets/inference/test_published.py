"""Tests of `cnets.inference.published`: the authors' networks give the published numbers."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from cnets import geometry
from cnets.cameras import CAMERAS
from cnets.data.crops import crop
from cnets.hands.skeleton import NYU36
from cnets.inference import published
from cnets.inference.model import Model
from cnets.networks import crossing_net


NYU = CAMERAS["nyu"]


@pytest.fixture(scope="module")
def weights() -> Path:
    """The folder of the authors' weights."""
    folder = Path(__file__).parents[4] / "shared" / "realdata" / "crossingnet_weights"
    if not folder.is_dir():
        pytest.skip("real data are missing: no folder ../shared/realdata")
    return folder


@pytest.fixture(scope="module")
def nyu(weights) -> Model:
    """The authors' NYU networks."""
    return published.load(str(weights / "NYU_pretrained"))


@pytest.fixture(scope="module")
def msra(weights) -> Model:
    """The authors' MSRA networks that never saw the first person."""
    return published.load(str(weights / "MSRA_pretrained" / "p0"))


@pytest.fixture(scope="module")
def poses(weights) -> np.ndarray:
    """The 8252 NYU test poses, u v d of 36 joints."""
    folder, tables = weights.parent / "nyu" / "joints36", []
    for axis in "uvd":
        with gzip.open(folder / f"joint_1_{axis}.csv.gz") as file:
            tables.append(np.loadtxt(file, delimiter=","))
    return np.stack(tables, -1)


@pytest.fixture(scope="module")
def centres(weights) -> np.ndarray:
    """The authors' centres of those frames."""
    return scipy.io.loadmat(weights / "center_uvd_test.mat")["center_uvd"]


def errors(
    model: Model, frame: np.ndarray, centre: np.ndarray, labels_uvd: np.ndarray
) -> torch.Tensor:
    """Errors of the evaluated joints of one frame, millimetres."""
    depth = torch.tensor(crop.crop(frame, centre, NYU, 128))[None, None]
    middle = geometry.to_mm_from_uvd(torch.tensor(centre)[None, None], NYU)[0]
    labels = geometry.to_mm_from_uvd(torch.tensor(labels_uvd)[None].float(), NYU)
    joints = list(NYU36.evaluated)
    found = model.predict(depth, middle)
    return (found - labels)[0, joints].norm(dim=1)


def uncropped(grey: np.ndarray, joint_uvd: np.ndarray) -> np.ndarray:
    """A frame from a grey 128x128 crop of a 300 mm cube about a joint."""
    u, v, d = joint_uvd
    depth = np.where(grey == 255, 0, d + (grey / 255 * 2 - 1) * 150)
    half_u, half_v = 150 * NYU.fx / d, 150 * NYU.fy / d
    column = np.floor((np.arange(640) + 0.5 - (u - half_u)) / (2 * half_u) * 128)
    row = np.floor((np.arange(480) + 0.5 - (v - half_v)) / (2 * half_v) * 128)
    inside = np.ix_((row >= 0) & (row < 128), (column >= 0) & (column < 128))
    frame = np.zeros((480, 640), np.float32)
    rows, columns = (a[(a >= 0) & (a < 128)].astype(int) for a in (row, column))
    frame[inside] = depth[np.ix_(rows, columns)]
    return frame


class TestNumbers:
    """The figures that stand beside the real data."""

    def test_native_frame(self, nyu, realdata, centres, poses):
        """Native frame 1 about the authors' centre: 6.44 mm mean, 14.25 mm worst."""
        path = realdata / "nyu" / "frames" / "depth_1_0000001.png"
        with Image.open(path) as image:
            channels = np.asarray(image).astype(np.float32)
        frame = channels[..., 1] * 256 + channels[..., 2]
        found = errors(nyu, frame, centres[0], poses[0])
        assert float(found.mean()) == pytest.approx(6.44, abs=0.05)
        assert float(found.max()) == pytest.approx(14.25, abs=0.05)

    @pytest.mark.parametrize(("row", "wanted_mm"), [(0, 7.4), (772, 11.0)])
    def test_crops(self, nyu, realdata, centres, poses, row, wanted_mm):
        """Another group's crops of frames 0 and 772, cropped again: 7.4 and 11.0."""
        path = realdata / "nyu" / "frames_deepmodel_crops" / f"{row}.png"
        with Image.open(path) as image:
            grey = np.asarray(image.convert("L")).astype(np.float64)
        frame = uncropped(grey, poses[row, 34])
        found = errors(nyu, frame, centres[row], poses[row])
        assert float(found.mean()) == pytest.approx(wanted_mm, abs=0.6)

    def test_vae_of_nyu(self, nyu, poses):
        """The pose VAE on 8252 real poses: 5.644 mm, 6.097 over 14 joints."""
        labels = geometry.to_mm_from_uvd(torch.tensor(poses), NYU).float()
        found = (nyu.round_trip(labels) - labels).norm(dim=-1)
        evaluated = found[:, list(NYU36.evaluated)]
        assert float(found.mean()) == pytest.approx(5.644, abs=0.005)
        assert float(evaluated.mean()) == pytest.approx(6.097, abs=0.005)
        assert float(evaluated[:2440].mean()) == pytest.approx(4.280, abs=0.005)
        assert float(evaluated[2440:].mean()) == pytest.approx(6.860, abs=0.005)

    def test_vae_of_msra(self, msra, realdata):
        """The MSRA p0 pose VAE on the 400 MSRA14 poses: 6.817 mm."""
        lines = (realdata / "msra14" / "joint.txt").read_text().splitlines()[1:]
        numbers = np.array([line.split() for line in lines], np.float32)
        labels = torch.tensor(numbers.reshape(400, 21, 3) * np.float32([1, 1, -1]))
        found = (msra.round_trip(labels) - labels).norm(dim=-1).mean()
        assert float(found) == pytest.approx(6.817, abs=0.005)

    def test_rendered_again(self, msra, realdata):
        """The MSRA frame from its own estimated latent: 0.034 off on average."""
        with gzip.open(realdata / "msra" / "frames" / "msra-hand.txt.gz", "rt") as file:
            frame = np.loadtxt(file, dtype=np.float32)
        frame[frame == 1000] = 0
        centre = np.float32([172.100, 142.073, 255.287])
        depth = torch.tensor(crop.crop(frame, centre, CAMERAS["msra"], 128))[None, None]
        run = msra.modules
        with torch.no_grad():
            code = run["posterior"](run["trunk"](depth))
            rendered = run["generator"](run["alignment"](code))
        assert float((rendered - depth).abs().mean()) == pytest.approx(0.034, abs=0.005)


class TestCamera:
    """The focal lengths of the released code, not those of the evaluations."""

    @pytest.mark.parametrize(
        ("joints", "fx", "fy", "middle"),
        [
            (36, 588.235, 587.084, (320, 240)),
            (21, 241.42, 241.42, (160, 120)),
            (16, 241.42, 241.42, (160, 120)),
        ],
    )
    def test_is_the_one_of_training(self, tmp_path, joints, fx, fy, middle):
        """A model of NYU, MSRA and ICVL says the camera that it was trained with."""
        write(tmp_path, crossing_net.build(published.config(joints)))
        camera = published.load(str(tmp_path)).camera
        assert camera is not None
        assert (camera.fx, camera.fy) == (fx, fy)
        assert (camera.cx, camera.cy) == middle
        assert (camera.width_px, camera.height_px) == (2 * middle[0], 2 * middle[1])


class TestLoad:
    def test_round_trip(self, tmp_path):
        """Weights written in Lasagne's order come back, flipped kernels and all."""
        config = published.config(21)
        modules = crossing_net.build(config)
        torch.manual_seed(3)
        for module in modules.values():
            for name, tensor in module.state_dict().items():
                if tensor.is_floating_point():
                    low, high = (0.5, 2.0) if "running_var" in name else (-1.0, 1.0)
                    tensor.uniform_(low, high)
        write(tmp_path, modules)
        found = published.load(str(tmp_path))
        for name, module in modules.items():
            there = found.modules[name].state_dict()
            for part, tensor in module.state_dict().items():
                if tensor.is_floating_point():
                    torch.testing.assert_close(
                        there[part], tensor, msg=f"{name} {part}"
                    )

    def test_missing(self, weights, tmp_path):
        """A folder without one of the files is refused, naming it."""
        folder = copied(weights, tmp_path)
        (folder / "-1_gen_params.npz").unlink()
        with pytest.raises(
            ValueError, match=r"one file \*_gen_params\.npz, and holds 0"
        ):
            published.load(str(folder))

    def test_no_folder(self, tmp_path):
        """A folder that is not there is refused."""
        with pytest.raises(ValueError, match="`model` must name a folder of weights"):
            published.load(str(tmp_path / "nothing"))

    def test_swapped(self, weights, tmp_path):
        """An archive under another one's name is refused, naming the array."""
        folder = copied(weights, tmp_path)
        shutil.copy(folder / "-1_en_params.npz", folder / "-1_align.npz")
        with pytest.raises(ValueError, match=r"align\.npz must hold 5 arrays, got 6"):
            published.load(str(folder))

    def test_wrong_shape(self, weights, tmp_path):
        """An array of another shape is refused, with both shapes."""
        folder = copied(weights, tmp_path)
        path = folder / "-1_align.npz"
        with np.load(path) as archive:
            arrays = [archive[f"arr_{n}"] for n in range(5)]
        np.savez(path, arrays[0][:22], *arrays[1:])
        with pytest.raises(ValueError, match=r"align\.npz, arr_0 must fit \[23, 23\]"):
            published.load(str(folder))

    def test_pickle(self, weights, tmp_path):
        """An archive of pickled objects is refused and never loaded."""
        folder = copied(weights, tmp_path)
        path = folder / "-1_align.npz"
        np.savez(path, np.array([{"a": 1}], dtype=object))
        with pytest.raises(ValueError, match="is damaged or no archive of arrays"):
            published.load(str(folder))

    @pytest.mark.parametrize("seed", range(40))
    def test_damaged(self, weights, tmp_path, seed):
        """Cut or changed bytes give one sentence, or are outside the arrays."""
        folder = copied(weights, tmp_path)
        draw = np.random.default_rng(seed)
        path = folder / f"-1_{published.PARTS[seed % 7]}.npz"
        content = bytearray(path.read_bytes())
        if seed % 2:
            content = content[: draw.integers(len(content))]
        else:
            for place in draw.integers(len(content), size=8):
                content[place] ^= 1 << draw.integers(8)
        path.write_bytes(content)
        try:
            published.load(str(folder))
        except ValueError as error:
            assert str(folder) in str(error)  # noqa: PT017


def copied(weights: Path, tmp_path: Path) -> Path:
    """The authors' NYU weights in a folder of the test's own."""
    folder = tmp_path / "weights"
    shutil.copytree(weights / "NYU_pretrained", folder)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o700)
    return folder


def write(folder: Path, modules: dict[str, torch.nn.Module]) -> None:
    """Weight files in Lasagne's layout, written layer by layer by hand."""
    order = {
        "en_params": [("encoder", ("hidden", "mean", "log_variance"))],
        "de_params": [("decoder", ("hidden", "pose"))],
        "align": [("alignment", ("dense", "norm"))],
        "gen_params": [
            ("generator", ("dense", "dense_norm")),
            (
                "generator",
                tuple(f"grow.{n}" for k in range(4) for n in (3 * k, 3 * k + 1)),
            ),
            ("generator", ("paint",)),
        ],
        "dis_params": [
            ("trunk", ("shrink.0", "shrink.1", "shrink.3", "shrink.4")),
            ("real", (*(f"shrink.{n}" for n in (0, 1, 3, 4, 6, 7)), "dense")),
        ],
    }
    for part, head in (("metr_params", "smoother"), ("reco_params", "posterior")):
        layers = tuple(f"shrink.{n}" for n in (0, 1, 3, 4, 6, 7))
        order[part] = [(head, (*layers, "dense", "norm", "read"))]
    for part, groups in order.items():
        arrays = []
        for network, layers in groups:
            for name in layers:
                state = modules[network].get_submodule(name).state_dict()
                weight = state["weight"].numpy()
                if "running_var" in state:
                    inverse = 1 / np.sqrt(state["running_var"].numpy() + 1e-4)
                    mean = state["running_mean"].numpy()
                    arrays += [state["bias"].numpy(), weight, mean, inverse]
                    continue
                arrays.append(weight.T if weight.ndim == 2 else weight[..., ::-1, ::-1])
                if "bias" in state:
                    arrays.append(state["bias"].numpy())
        np.savez(folder / f"-1_{part}.npz", *arrays)
