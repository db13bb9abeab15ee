"""K lanes trained side by side: filling, advancing and judging them.

`Bank.advance` takes any lanes, in any stage, by one epoch each; those of one
stage and one shape run as one stack. A lane can come, go, be saved and be
restored between two calls, and its numbers do not depend on its neighbours: but
for rounding in a bank whose stacks are as large as what comes, to the last bit
in one of a fixed width.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from cnets import geometry, metrics
from cnets.config import TrainConfig
from cnets.data import HandData
from cnets.findings import Finding
from cnets.networks import depth_gan, pose_vae
from cnets.shapes import JointsMm
from cnets.training import batches, fast, stages
from cnets.training.health import figures, rules
from cnets.training.lanes import Lane, Stack, run, take
from cnets.training.stacking import Stacking


ROWS_AT_ONCE = 256
"""Images that an evaluation holds in memory."""

LEARNING_RATES = {
    "gan": "gan.learning_rate",
    "warm_up": "joint.warm_up_learning_rate",
}
"""The field with a stage's learning rate; those of VAE and joint decay."""


Beat = Callable[[], object]
"""Called after every update and every part of an evaluation: work goes on."""


def silent() -> None:
    """A beat that nobody hears."""


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """What one epoch did to one lane."""

    stage: str
    """One of `batches.STAGES`."""
    epoch: int
    """Epochs of the stage that have ended, this one included."""
    epochs: int
    """Epochs that the stage has."""
    terms: dict[str, float]
    """Unweighted loss terms, means over the epoch's updates."""
    terms_so_far: dict[str, float] = field(default_factory=dict)
    """Newest value of every term, also of stages that are over."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Validation figures, in warm-up and joint; see `metrics.summary`."""
    health: dict[str, float] = field(default_factory=dict)
    """Figures of collapse, from the end of the VAE on; see `Bank.health`."""
    finding: Finding | None = None
    """What is wrong with the run; it may go on, and another rule may follow."""
    seconds: float
    """Wall time of the epoch, shared among the lanes that ran together."""

    @property
    def step(self) -> int:
        """Epochs of the joint stage so far: the fidelity of early stopping."""
        return self.epoch if self.stage == "joint" else 0

    @property
    def last(self) -> bool:
        """Whether the run ended with this epoch."""
        return self.stage == "joint" and self.epoch == self.epochs


class Bank:
    """Trains lanes on one data set and one device."""

    def __init__(
        self,
        data: HandData,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        *,
        width: int | None = None,
    ) -> None:
        """Hold the data; lanes are made by `lane`.

        Args:
            data: The data set of all lanes.
            device: Where they train.
            dtype: Kind of number; float64 for comparisons.
            width: Rows of every stack. Missing lanes are made up for by
                ghosts, and codes of all sizes that `padding.room` gives one
                room share a stack. 1 is a solo run; None stacks the lanes of
                one shape that come.

        Raises:
            ValueError: If `width` is not 1 or more.
        """
        self.width = width
        self._stacking = Stacking(build, width)
        self.data = data
        self.device = torch.device(device)
        self.frames = batches.Frames(data, self.device, dtype)

    def lane(self, config: TrainConfig) -> Lane:
        """A lane before its first epoch.

        Raises:
            ValueError: If the networks do not fit the data.
        """
        for name, have in (
            ("joints", self.data.joints),
            ("side_px", self.data.side_px),
        ):
            want = getattr(config.networks, name)
            if want != have:
                raise ValueError(
                    f"`networks.{name}` must be {have}, as in the data, got {want}."
                )
        lane = Lane(config)
        modules = build(config)
        source = [batches.generator(config.seed, 9, n) for n in range(len(modules))]
        encoder, decoder = modules["encoder"], modules["decoder"]
        labelled = self.frames.labelled(config)
        poses = self.frames.pose[labelled].cpu().float()
        assert isinstance(encoder, pose_vae.PoseEncoder)
        assert isinstance(decoder, pose_vae.PoseDecoder)
        pose_vae.initialise(encoder, decoder, poses, source[0])
        for (name, module), generator in zip(modules.items(), source, strict=True):
            if name not in stages.VAE:
                std = 0.02 if name == "alignment" else 0.05
                depth_gan.initialise(module, generator, std=std)
            take(lane, name, module.to(self.device, self.frames.dtype))
        return lane

    def advance(self, lanes: Sequence[Lane], beat: Beat = silent) -> list[EpochReport]:
        """Train every lane for one epoch of its stage.

        Args:
            lanes: Any lanes that have not finished; changed in place.
            beat: Called as the work goes on.

        Returns:
            One report a lane, in their order.
        """
        reports: dict[int, EpochReport] = {}
        for members in self._stacking.groups(lanes):
            group = [lanes[i] for i in members]
            reports |= zip(members, self._epoch(group, beat), strict=True)
        return [reports[i] for i in range(len(lanes))]

    def predict(self, lane: Lane, rows: np.ndarray, beat: Beat = silent) -> JointsMm:
        """Joints read from depth crops, millimetres, camera frame, y up.

        Args:
            lane: Its trunk, posterior head and decoder are used.
            rows: Frames of the data set.
            beat: Called as the work goes on.
        """
        found = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            found.append(self._read(lane, self.frames.depth(part)).cpu())
            beat()
        units = torch.cat(found)
        return geometry.to_mm(units.float(), self.frames.centres_mm[rows])

    def evaluate(self, lane: Lane, split: str, beat: Beat = silent) -> metrics.Errors:
        """Error of each evaluated joint on each frame of a split, millimetres."""
        rows = self.data.rows(split)
        joints = list(self.data.evaluated)
        labels = torch.tensor(self.data.joints_mm[rows][:, joints])
        return metrics.joint_errors(self.predict(lane, rows, beat)[:, joints], labels)

    def render(self, lane: Lane, code: Tensor) -> Tensor:
        """Depth crops that the generator paints for codes, in [-1, 1]."""
        aligned = self._run(lane, "alignment", code.to(self.device, self.frames.dtype))
        return self._run(lane, "generator", aligned).cpu()

    def codes(self, lane: Lane, rows: np.ndarray) -> Tensor:
        """Codes of labelled frames, without sampling noise."""
        mean, _ = self._run(lane, "encoder", self.frames.pose[rows])
        return torch.cat([mean, self.frames.origin[rows]], 1)

    def health(self, lane: Lane) -> dict[str, float]:
        """Figures of collapse on a few validation frames, spread over the split.

        Running statistics are used and left alone, and nothing is drawn, so
        that measuring changes no run.

        Returns:
            `active_units`; after the VAE's stage also `code_spread_ratio` (pose
            codes read from images against the encoder's) and
            `image_spread_ratio` (images rendered from the encoder's codes
            against the measured ones).
        """
        rows = self.data.rows("validation")
        count = min(figures.FRAMES, len(rows))
        rows = rows[np.linspace(0, len(rows) - 1, count).astype(int)]
        pose, size = self.frames.pose[rows], lane.config.latent_size
        mean, log_variance = self._run(lane, "encoder", pose)
        noise_std = lane.config.vae.noise_std
        active = figures.active_units(mean, log_variance, noise_std=noise_std)
        found = {"active_units": active}
        if lane.stage == "vae":
            return found
        depth = self.frames.depth(rows)
        read = self._run(lane, "posterior", self._run(lane, "trunk", depth))
        rendered = self.render(lane, torch.cat([mean, self.frames.origin[rows]], 1))
        return found | {
            "code_spread_ratio": figures.spread_ratio(read[:, :size], mean),
            "image_spread_ratio": figures.spread_ratio(rendered, depth),
        }

    @torch.no_grad()
    def _run(self, lane: Lane, name: str, *inputs: Tensor):  # noqa: ANN202
        module = self.modules(lane.config)[name].eval()
        try:
            return run(module, lane.net(name, module), *inputs)
        finally:  # other lanes use it too, also after this one ran out of memory
            module.train()

    def _read(self, lane: Lane, depth: Tensor) -> Tensor:
        code = self._run(lane, "posterior", self._run(lane, "trunk", depth))
        size = lane.config.latent_size
        pose = self._run(lane, "decoder", code[:, :size])
        return geometry.join_origin(pose, code[:, size:])

    def modules(self, config: TrainConfig) -> dict[str, nn.Module]:
        """The networks of one shape; they give structure, never weights."""
        return self._stacking.modules(config)

    def _epoch(self, lanes: Sequence[Lane], beat: Beat) -> list[EpochReport]:
        start = time.monotonic()
        stage = lanes[0].stage
        stack = self._stacking.stack(lanes)
        rates = self._learning_rates(stack, stage)
        drawn = self._stacking.draws(stack, self.frames)
        steps = drawn["rows"].shape[1]
        update = stages.UPDATES[stage]
        alone = len(stack.lanes) == 1 and self.device.type == "cpu"
        if stage == "joint" and alone and lanes[0].config.joint.fast:
            update = fast.JointUpdate(stack)
        sums: dict[str, Tensor] = {}
        for step in range(steps):
            part = {n: value[:, step] for n, value in drawn.items()}
            batch = batches.inputs(self.frames, stage, part)
            terms = update(stack, batch, rates)
            sums = {n: sums.get(n, 0) + term for n, term in terms.items()}
            beat()
        stack.unstack()
        means = torch.stack(list(sums.values()), 1).div(steps).tolist()
        terms = [dict(zip(sums, row, strict=True)) for row in means[: len(lanes)]]
        validated = [self._validated(lane, beat) for lane in lanes]
        checked = [self._checked(k, t) for k, t in zip(lanes, terms, strict=True)]
        seconds = time.monotonic() - start
        return [
            self._report(lane, terms[k], validated[k], checked[k], seconds)
            for k, lane in enumerate(lanes)
        ]

    def _validated(self, lane: Lane, beat: Beat) -> dict[str, float]:
        if lane.stage in ("vae", "gan"):
            return {}
        return metrics.summary(self.evaluate(lane, "validation", beat))

    def _checked(self, lane: Lane, terms: dict[str, float]) -> dict[str, float]:
        """Health figures of an epoch; the VAE's are taken at its end."""
        ended = lane.epoch + 1 == epochs_of(lane.config, lane.stage)
        if lane.stage == "gan" or (lane.stage == "vae" and not ended):
            return {}
        found = self.health(lane)
        if lane.stage == "joint":
            both = terms["adversarial_real"] + terms["adversarial_fake"]
            found["adversarial_nats"] = both
        return found

    def _report(
        self,
        lane: Lane,
        terms: dict[str, float],
        validated: dict[str, float],
        checked: dict[str, float],
        seconds: float,
    ) -> EpochReport:
        """The lane's report of the epoch that just ended; the lane moves on."""
        stage = lane.stage
        lane.epoch += 1
        lane.terms = lane.terms | terms
        every = (*lane.recent, terms | validated | checked)
        lane.recent = every[-lane.config.health.patience_epochs :]
        report = EpochReport(
            stage=stage,
            epoch=lane.epoch,
            epochs=epochs_of(lane.config, stage),
            terms=terms,
            terms_so_far=lane.terms,
            metrics=validated,
            health=checked,
            finding=rules.verdict(lane.recent, stage, rules.of_run(lane.config)),
            seconds=seconds,
        )
        while not lane.finished and lane.epoch >= epochs_of(lane.config, lane.stage):
            following = batches.STAGES[batches.STAGES.index(lane.stage) + 1]
            lane.stage, lane.epoch, lane.moments = following, 0, {}
            lane.recent = ()
        return report

    def _learning_rates(self, stack: Stack, stage: str) -> Tensor:
        if stage in LEARNING_RATES:
            return stack.numbers(LEARNING_RATES[stage])
        rates = [self._decayed(lane) for lane in stack.lanes]
        return next(iter(stack.flat.values())).new_tensor(rates)

    def _decayed(self, lane: Lane) -> float:
        """The step size of the lane's epoch, in a stage where it decays."""
        if lane.stage == "joint":
            joint = lane.config.joint
            return joint.learning_rate * joint.decay**lane.epoch
        steps = batches.steps_an_epoch(lane.config, lane.stage, self.data)
        return stages.vae_learning_rate(lane.config, lane.epoch, steps)


def build(config: TrainConfig) -> dict[str, nn.Module]:
    """The networks of a configuration, by name."""
    networks, latent = config.networks, config.latent_size
    code = latent + batches.ORIGIN_SIZE
    side_px, channels = networks.side_px, networks.channels
    smallest = channels * depth_gan.SMALLEST_SIDE**2
    joints, hidden = networks.joints, networks.pose_hidden
    return {
        "encoder": pose_vae.PoseEncoder(joints, latent, hidden),
        "decoder": pose_vae.PoseDecoder(joints, latent, hidden),
        "alignment": depth_gan.Alignment(code),
        "generator": depth_gan.Generator(code, side_px, channels),
        "trunk": depth_gan.Trunk(channels),
        "real": depth_gan.RealHead(side_px, channels),
        "posterior": depth_gan.CodeHead(side_px, channels, code, code),
        "smoother": depth_gan.CodeHead(side_px, channels, smallest, code),
    }


def epochs_of(config: TrainConfig, stage: str) -> int:
    """Epochs that a stage has."""
    if stage == "warm_up":
        return config.joint.warm_up_epochs
    return batches.stage_settings(config, stage).epochs
