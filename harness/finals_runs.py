"""Running the finals on a cluster: the training of every run, then the look at the test.

Who takes part, and whether the test split may be read, is decided in `finals.py`.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from harness.cluster.banks import Seats
from harness.cluster.nodes import Nodes
from harness.cluster.tune_run import run_policy
from harness.definition.entrant import Entrant
from harness.definition.identity import code_identity, provenance
from harness.definition.job import Plan
from harness.driver.deciding.finals_policy import FinalsPolicy
from harness.driver.deciding.look_policy import LookPolicy
from harness.driver.display.live import Live
from harness.driver.display.screen import Screen
from harness.driver.inbox import Inbox
from harness.driver.recording.patient_writer import PatientWriter, wait
from harness.driver.recording.recorder import Recorder
from harness.driver.signals import caught
from results import Header, Store, Writer, queries
from results.finals import runs


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What runs of the finals have in common."""

    store: Store
    header: Header
    writer: Writer
    plan: Plan
    seats: Seats
    retries: int
    nodes: Nodes
    screen: Screen


def rows(store: Store, name: str) -> list[dict[str, Any]]:
    """The newest row of each run and look."""
    return queries.read(store, "finals", name).to_pylist()


def train(
    scene: Scene,
    field: Sequence[Entrant],
    seeds: Sequence[int],
    frames: int,
    labels: Mapping[float, int],
) -> bool:
    """Train every run that the store lacks; returns whether all have ended."""
    known = runs.known(rows(scene.store, scene.header.name))

    def policy(recorder: Recorder, live: Live) -> FinalsPolicy:
        return FinalsPolicy(
            field,
            seeds,
            known=known,
            objective=scene.header.rules["objective"],
            frames=frames,
            labels=labels,
            recorder=recorder,
            watch=live,
        )

    return _driven(scene, scene.plan, f"{scene.header.name}, finals", policy).finished


def look(scene: Scene, ratios: set[float]) -> tuple[bool, int]:
    """Read the test split at some ratios, for every run with networks there.

    Returns:
        Whether all were tested, and how many used up their retries.
    """
    scene.writer.flush()  # the end of the last run is to be read here
    ended = rows(scene.store, scene.header.name)
    looks = {ratio: 1 + look for ratio, look in runs.looks(ended).items()}
    sound = [
        row
        for row in runs.known(ended)
        if row["labelled_ratio"] in ratios and row["state"] in runs.SOUND
    ]
    if not sound:
        return True, 0

    def policy(recorder: Recorder, live: Live) -> LookPolicy:
        return LookPolicy(sound, looks, recorder=recorder, watch=live)

    plan = replace(scene.plan, test=True)
    done = _driven(scene, plan, f"{scene.header.name}, test", policy)
    if done.finished:
        done.store()
    crashed = sum(run.state == "crashed" for run in done.runs.values())
    return done.finished, crashed


Shown = TypeVar("Shown", FinalsPolicy, LookPolicy)


def _driven(
    scene: Scene,
    plan: Plan,
    title: str,
    made: Callable[[Recorder, Live], Shown],
) -> Shown:
    """Run a policy of the finals and show it; returns it as it is at the end."""
    header, writer, nodes = scene.header, scene.writer, scene.nodes
    live = Live(
        title,
        lambda: policy.runs,
        wanted=lambda: policy.wanted,
        ratios=header.ratios,
        noun="runs",
        screen=scene.screen,
    )
    with caught() as signals:
        inbox = Inbox(
            scene.store, writer, policy=lambda: policy, signals=signals, say=live.say
        )
        recorder = Recorder(
            PatientWriter(writer, live.say, inbox.sleep),
            header.space["name"],
            provenance.code_version(),
            code_sha256=code_identity.identity(),
            data_sha256=header.data_fingerprint,
        )
        policy = made(recorder, live)
        nodes.say = live.say
        while nodes.told:
            live.say(nodes.told.pop(0))
        with live, contextlib.closing(inbox):
            run_policy(
                policy,
                plan,
                scene.seats.runner,
                header.name,
                slots=scene.seats.slots,
                retries=scene.retries,
                resources=scene.seats.resources,
                shield=signals.shield,
                ready=lambda: wait(lambda: writer.trouble, live.say, inbox.sleep),
                look=inbox.look,
                nodes=nodes,
            )
    return policy
