import dataclasses
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings, strategies as st

from cnets import presets
from cnets.cameras import CAMERAS
from cnets.hands.skeleton import HAND21, Skeleton
from cnets.inference import exported
from cnets.inference.model import Model
from cnets.networks import crossing_net


ORIGIN = {"kind": "trial", "name": "s/t-00003"}


@pytest.fixture
def model() -> Model:
    """Small networks whose every number is random, running statistics too."""
    small = presets.preset("tiny").replace(
        {"networks.joints": 21, "latent_size": 7, "losses.kl": 0.5}
    )
    modules = crossing_net.build(small)
    for module in modules.values():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.uniform_(0.1, 0.9)
        module.eval().requires_grad_(False)
    return Model(
        name="test",
        config=small,
        skeleton=HAND21,
        camera=CAMERAS["sr300"],
        seen="test:0.5",
        hand="left",
        modules=modules,
    )


@pytest.fixture
def folder(model, tmp_path) -> Path:
    """The model as a folder."""
    write(model, tmp_path / "model")
    return tmp_path / "model"


def write(model: Model, folder: Path) -> dict[str, int]:
    """An export whose graph is a few bytes."""
    return exported.write(
        model,
        folder,
        graph=b"graph",
        card="# Card\n",
        origin=ORIGIN,
        code_version="1.2.3",
    )


def same(one: Model, other: Model) -> bool:
    """Whether two models have the same weights to the last bit, and facts."""
    for part, module in one.modules.items():
        theirs = other.modules[part].state_dict()
        for name, tensor in module.state_dict().items():
            if not torch.equal(tensor, theirs[name]):
                return False
    facts = ("config", "skeleton", "camera", "hand", "seen")
    return all(getattr(one, name) == getattr(other, name) for name in facts)


def rewrite(folder: Path, **changes) -> None:
    """Change the header and give it the checksum that it then must have."""
    path = folder / "model.json"
    facts = json.loads(path.read_text()) | changes
    facts.pop("sha256")
    text = json.dumps(facts, sort_keys=True).encode()
    facts["sha256"] = hashlib.sha256(text).hexdigest()
    path.write_text(json.dumps(facts))


class TestAFolder:
    def test_gives_the_model_back(self, model, folder):
        """Weights to the last bit, configuration, hand and camera."""
        found = exported.load(folder)
        assert same(model, found)
        assert found.name == str(folder)
        assert not any(module.training for module in found.modules.values())
        assert exported.origin(folder) == ORIGIN

    def test_of_a_model_without_a_camera(self, model, tmp_path):
        """None stays None."""
        write(dataclasses.replace(model, camera=None), tmp_path / "m")
        assert exported.load(tmp_path / "m").camera is None

    def test_of_a_hand_that_this_code_does_not_know(self, tmp_path, model):
        """Names, bones, root, evaluated joints and side come back from the file."""
        two = Skeleton(
            name="claw",
            joint_names=tuple(f"joint {n}" for n in range(21)),
            bones=((3, 4), (4, 20)),
            root=3,
            evaluated=(1, 20),
        )
        write(dataclasses.replace(model, skeleton=two, hand="right"), tmp_path / "m")
        found = exported.load(tmp_path / "m")
        assert found.skeleton == two
        assert found.hand == "right"

    @pytest.mark.parametrize("name", ["hand21", "foot26"])
    def test_of_an_older_code(self, folder, model, name):
        """Without bones a hand of this code is meant, of a side that nobody knows."""
        facts = json.loads((folder / "model.json").read_text())
        for key in ("bones", "root", "evaluated", "hand", "sha256"):
            del facts[key]
        (folder / "model.json").write_text(json.dumps(facts | {"sha256": ""}))
        rewrite(folder, skeleton=name)
        if name == "foot26":
            with pytest.raises(
                ValueError, match="must be one of hand21, nyu36, icvl16"
            ):
                exported.load(folder)
            return
        assert same(
            dataclasses.replace(model, hand=None, seen=None), exported.load(folder)
        )

    def test_can_be_read_without_this_code(self, model, folder):
        """Names and numbers of the tensors, and what the header says of a crop."""
        tensors = safetensors.torch.load_file(folder / "model.safetensors")
        torch.testing.assert_close(
            tensors["trunk.shrink.1.running_var"],
            model.modules["trunk"].shrink[1].running_var,
            rtol=0,
            atol=0,
        )
        facts = json.loads((folder / "model.json").read_text())
        assert facts["layout"] == 1
        assert facts["code_version"] == "1.2.3"
        assert facts["config"]["losses.kl"] == 0.5
        assert facts["camera"]["fx"] == 475.065948
        assert facts["joint_names"][0] == "wrist"
        assert facts["crop"] == {
            "cube_mm": 250.0,
            "side_px": 32,
            "nearest": -1.0,
            "background": 1.0,
            "y_axis": "up",
            "mm_per_unit": 50.0,
        }

    def test_checksums_are_those_of_sha256sum(self, folder):
        """A tool of the operating system agrees about every file."""
        facts = json.loads((folder / "model.json").read_text())
        assert set(facts["files"]) == {"model.safetensors", "model.onnx", "README.md"}
        for name, digest in facts["files"].items():
            said = subprocess.run(
                ["sha256sum", folder / name], capture_output=True, text=True, check=True
            )
            assert said.stdout.split()[0] == digest

    def test_sizes_are_those_of_the_files(self, model, tmp_path):
        """What `write` returns is what lies there, and nothing else does."""
        sizes = write(model, tmp_path / "m")
        found = {path.name: path.stat().st_size for path in (tmp_path / "m").iterdir()}
        assert sizes == found

    def test_a_card_may_be_edited(self, folder, model):
        """The card is for people; it does not make the model another."""
        (folder / "README.md").write_text("mine")
        assert same(model, exported.load(folder))


class TestWriting:
    @pytest.mark.parametrize("kind", ["folder", "file", "link"])
    def test_replaces_nothing(self, model, tmp_path, kind):
        """A folder, a file and even a link that leads nowhere stay."""
        there = tmp_path / "m"
        if kind == "folder":
            there.mkdir()
        elif kind == "file":
            there.write_text("x")
        else:
            there.symlink_to(tmp_path / "nowhere")
        with pytest.raises(ValueError, match="`out` must not exist yet"):
            write(model, there)
        assert [path.name for path in tmp_path.iterdir()] == ["m"]

    @pytest.mark.parametrize("call", [1, 2, 3, 4])
    def test_a_crash_leaves_nothing(self, model, tmp_path, monkeypatch, call):
        """Whichever file cannot be made durable, no folder has the name."""
        calls = []

        def fail(_: int) -> None:
            calls.append(1)
            if len(calls) == call:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(ValueError, match="`out` must be a folder that can be"):
            write(model, tmp_path / "m")
        assert list(tmp_path.iterdir()) == []

    def test_the_name_appears_when_all_is_written(self, model, tmp_path, monkeypatch):
        """At every moment before the rename the folder is not there."""
        seen, sync = [], os.fsync

        def watch(file: int) -> None:
            seen.append((tmp_path / "m").exists())
            sync(file)

        monkeypatch.setattr(os, "fsync", watch)
        write(model, tmp_path / "m")
        assert seen == [False] * 4 + [True]

    def test_makes_the_folders_above(self, model, tmp_path):
        """As `mkdir -p` would."""
        write(model, tmp_path / "a" / "b")
        assert same(model, exported.load(tmp_path / "a" / "b"))

    def test_below_a_file_is_refused(self, model, tmp_path):
        """One sentence that names the argument."""
        (tmp_path / "a").write_text("x")
        with pytest.raises(ValueError, match="`out` must be a folder that can be"):
            write(model, tmp_path / "a" / "b")


class TestDamage:
    @pytest.mark.parametrize("name", ["model.json", "model.safetensors", "model.onnx"])
    def test_a_missing_file_is_named(self, folder, name):
        """The sentence has the path."""
        (folder / name).unlink()
        with pytest.raises(ValueError, match=f"{name} cannot be read: No such file"):
            exported.load(folder)

    @pytest.mark.parametrize("name", ["model.safetensors", "model.onnx"])
    def test_one_changed_bit_is_found(self, folder, name):
        """In the middle of either binary file."""
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} does not match its checksum"):
            exported.load(folder)

    @settings(
        max_examples=80,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def test_no_damage_of_the_header_passes(self, folder, model, data):
        """Any byte changed or any end cut: one sentence, or the same model."""
        path = folder / "model.json"
        content = path.read_bytes()
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            changed = content[:place]
        else:
            byte = data.draw(st.integers(0, 255))
            changed = content[:place] + bytes([byte]) + content[place + 1 :]
        path.write_bytes(changed)
        try:
            found = exported.load(folder)
        except ValueError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017
        else:
            assert same(model, found)
        finally:
            path.write_bytes(content)

    @pytest.mark.parametrize("text", ["[]", "3", "null", "[" * 100_000, "", "\xff"])
    def test_a_header_of_another_kind(self, folder, text):
        """JSON that is no object, too deep, or none at all."""
        (folder / "model.json").write_text(text, "latin-1")
        with pytest.raises(ValueError, match=r"model\.json is damaged or no header"):
            exported.load(folder)

    def test_a_newer_layout_is_refused(self, folder):
        """The sentence has both versions."""
        rewrite(folder, layout=2)
        with pytest.raises(ValueError, match="must have layout 1, got 2"):
            exported.load(folder)

    def test_a_model_with_a_field_that_was_removed(self, folder, model):
        """With its harmless value it is the same model; with another it is refused."""
        config = json.loads((folder / "model.json").read_text())["config"]
        rewrite(folder, config=config | {"joint.fast": 0})
        assert same(exported.load(folder), model)
        rewrite(folder, config=config | {"joint.fast": 1})
        with pytest.raises(ValueError, match=r"`joint\.fast` was removed"):
            exported.load(folder)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"skeleton": 26}, "`skeleton` must be a name, got '26'"),
            ({"joint_names": ["thumb"]}, "`bones` must be pairs of joints"),
            ({"joint_names": ["thumb"] * 21}, "`joint_names` must be 1 to 1000 names"),
            ({"bones": [[0, 21]]}, "`bones` must be pairs of joints"),
            ({"root": -1}, "`root` must be a joint"),
            ({"root": True}, "`root` must be a joint"),
            ({"evaluated": []}, "`evaluated` must be joints"),
            ({"evaluated": [0, 0]}, "`evaluated` must be joints"),
            ({"hand": "both"}, "`hand` must be one of right, left"),
            ({"crop": {"cube_mm": 300.0}}, "crop must be as in this code"),
            ({"camera": {"fx": 1.0}}, "`camera` must be numbers"),
            ({"camera": 7}, "`camera` must be numbers"),
            ({"config": []}, "is no header of a model"),
            ({"config": {"losses.k": 1}}, "`losses.k` is no field of the run"),
            ({"files": {}}, "model.safetensors does not match its checksum"),
            ({"files": 3}, "model.json does not match its checksum"),
        ],
    )
    def test_a_header_that_was_made_by_hand(self, folder, changes, said):
        """Its own checksum is right, but it is not of a model of this code."""
        rewrite(folder, **changes)
        with pytest.raises(ValueError, match=said):
            exported.load(folder)

    @pytest.mark.parametrize(
        ("channels", "said"),
        [
            (9, r"must be torch\.float32 of \[144\b"),
            (2**20, r"must be torch\.float32 of \[16777216\b"),
            (2**40, "is no header of a model"),
        ],
    )
    def test_a_header_that_asks_for_other_networks(self, folder, channels, said):
        """Sizes are compared before any memory is taken for them."""
        facts = json.loads((folder / "model.json").read_text())
        rewrite(folder, config=facts["config"] | {"networks.channels": channels})
        with pytest.raises(ValueError, match=said):
            exported.load(folder)

    def test_one_changed_digit_of_the_header_is_found(self, folder):
        """A focal length that is off by a millionth."""
        path = folder / "model.json"
        path.write_text(path.read_text().replace("475.065948", "475.065949"))
        with pytest.raises(
            ValueError, match=r"model\.json does not match its checksum"
        ):
            exported.load(folder)

    @pytest.mark.parametrize("change", ["drop", "add", "double", "transpose"])
    def test_tensors_that_are_not_the_networks(self, folder, change):
        """One too few, one too many, another type, another shape."""
        path = folder / "model.safetensors"
        tensors = safetensors.torch.load_file(path)
        name = "encoder.hidden.weight"
        if change == "drop":
            del tensors[name]
        elif change == "add":
            tensors["encoder.more"] = torch.ones(2)
        elif change == "double":
            tensors[name] = tensors[name].double()
        else:
            tensors[name] = tensors[name].T.contiguous()
        self._replace(folder, safetensors.torch.save(tensors))
        with pytest.raises(ValueError, match=r"must hold the networks|must be torch"):
            exported.load(folder)

    def test_bytes_that_are_no_tensors(self, folder):
        """The checksum is right, the content is not."""
        self._replace(folder, b"\x80\x04N.")  # a pickle
        with pytest.raises(ValueError, match=r"model\.safetensors holds no tensors"):
            exported.load(folder)

    def _replace(self, folder: Path, content: bytes) -> None:
        (folder / "model.safetensors").write_bytes(content)
        facts = json.loads((folder / "model.json").read_text())
        digest = hashlib.sha256(content).hexdigest()
        rewrite(folder, files=facts["files"] | {"model.safetensors": digest})
