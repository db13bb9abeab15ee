"""K lanes trained side by side: filling and advancing them.

`Bank.advance` takes any lanes, in any stage, by one epoch each; those of one
stage and one shape run as one stack. A lane can come, go, be saved and be
restored between two calls, and its numbers do not depend on its neighbours: but
for rounding in a bank whose stacks are as large as what comes, to the last bit
in one of a fixed width. What a lane can do is found out by `judge`, not here.
"""

import time
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.hands.subject import Subject
from cnets.networks import crossing_net
from cnets.training import schedule
from cnets.training.batches import generators, inputs
from cnets.training.batches.frames import Frames
from cnets.training.epoch_report import Beat, EpochReport, silent
from cnets.training.health import rules
from cnets.training.judge import Judge
from cnets.training.lanes.lane import Lane, move_on, take
from cnets.training.lanes.stack import Stack
from cnets.training.lanes.stacking import Stacking
from cnets.training.updates import by_stage, joint, supervised


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
                padding lanes, and codes of all sizes that `padding.room` gives
                one room share a stack. 1 is a solo run; None stacks the lanes of
                one shape that come.

        Raises:
            ValueError: If `width` is not 1 or more.
        """
        self.width = width
        self._stacking = Stacking(crossing_net.build, width)
        self.data = data
        self.device = torch.device(device)
        self.frames = Frames(data, self.device, dtype)
        self.judge = Judge(self.frames, self.modules)
        self.subject = Subject(
            skeleton=data.skeleton, hand=data.hand, camera=data.camera, seen=data.seen
        )

    def lane(self, config: TrainConfig) -> Lane:
        """A lane before its first epoch.

        Raises:
            ValueError: If the networks do not fit the data, the labels are too few,
                or validation frames show none of the evaluated joints.
        """
        frames = len(self.data.rows("validation"))
        if frames and not len(self.data.scored_rows("validation")):
            raise ValueError(
                f"`data` must show evaluated joints in validation, and {self.data.name} "
                f"has none in its {frames} frames."
            )
        for name, have in (
            ("joints", self.data.joints),
            ("side_px", self.data.side_px),
        ):
            want = getattr(config.networks, name)
            if want != have:
                raise ValueError(
                    f"`networks.{name}` must be {have}, as in the data, got {want}."
                )
        lane = Lane(config, subject=self.subject)
        modules = crossing_net.build(config)
        sources = [generators.seeded(config.seed, 9, n) for n in range(len(modules))]
        labelled = self.frames.labelled(config)
        poses = self.frames.known_pose(labelled).cpu().float()
        crossing_net.initialise(modules, poses, sources)
        for name, module in modules.items():
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

    def modules(self, config: TrainConfig) -> dict[str, nn.Module]:
        """The networks of one shape; they give structure, never weights."""
        return self._stacking.modules(config)

    def _epoch(self, lanes: Sequence[Lane], beat: Beat) -> list[EpochReport]:
        start = time.monotonic()
        stage = lanes[0].stage
        stack = self._stacking.stack(lanes)
        rates = self._learning_rates(stack)
        drawn = self._stacking.draws(stack, self.frames)
        steps = drawn["rows"].shape[1]
        update = by_stage.of_stack(stack, stage)
        sums: dict[str, Tensor] = {}
        batch: dict[str, Tensor] = {}
        for step in range(steps):
            part = {n: value[:, step] for n, value in drawn.items()}
            batch = inputs.of_update(self.frames, stage, part)
            terms = update(stack, batch, rates)
            sums = {n: sums.get(n, 0) + term for n, term in terms.items()}
            beat()
        judged = stage == "joint" and not supervised.is_on(stack)
        shares = joint.trunk_shares(stack, batch) if judged else {}
        stack.unstack()
        terms = _by_lane(sums, lanes, steps)
        validated = [self.judge.validated(lane, beat) for lane in lanes]
        checked = [
            self._checked(*one)
            for one in zip(lanes, terms, _by_lane(shares, lanes), strict=True)
        ]
        seconds = time.monotonic() - start
        return [
            self._report(lane, terms[k], validated[k], checked[k], seconds)
            for k, lane in enumerate(lanes)
        ]

    def _checked(
        self, lane: Lane, terms: dict[str, float], shares: dict[str, float]
    ) -> dict[str, float]:
        """Health figures of an epoch; the VAE's are taken at its end.

        Its floor stands in the first report of the joint stage and in the last.
        """
        ended = lane.epoch + 1 == schedule.epochs_of(lane.config, lane.stage)
        if lane.stage == "gan" or (lane.stage == "vae" and not ended):
            return {}
        found = self.judge.health(lane)
        if lane.stage == "joint":
            if "adversarial_real" in terms:
                both = terms["adversarial_real"] + terms["adversarial_fake"]
                found["adversarial_nats"] = both
            if lane.epoch == 0 or ended:
                found |= self.judge.floor_figure(lane)
        return found | shares

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
            epochs=schedule.epochs_of(lane.config, stage),
            terms=terms,
            terms_so_far=lane.terms,
            metrics=validated,
            health=checked,
            finding=rules.verdict(lane.recent, stage, rules.of_run(lane.config)),
            seconds=seconds,
        )
        move_on(lane)
        return report

    def _learning_rates(self, stack: Stack) -> Tensor:
        """Step size of every row in the epoch that its lane is about to train."""
        rates = [
            schedule.learning_rate(lane.config, lane.stage, lane.epoch, self.data)
            for lane in stack.lanes
        ]
        return next(iter(stack.flat.values())).new_tensor(rates)


def _by_lane(
    sums: Mapping[str, Tensor], lanes: Sequence[Lane], count: int = 1
) -> list[dict[str, float]]:
    """The values of each lane by name, divided by a count."""
    if not sums:
        return [{} for _ in lanes]
    rows = torch.stack(list(sums.values()), 1).div(count).tolist()
    return [dict(zip(sums, row, strict=True)) for row in rows[: len(lanes)]]
