"""Who takes part in finals, from rows of trials that each test writes."""

import json
from pathlib import Path

import pytest

from cnets.config import TrainConfig
from cnets.presets import ablated, preset
from harness import entrants
from results import Store


@pytest.fixture
def field(driven, make_header):
    """Stores trials of a search and gives the entrants."""

    def of(*trials, top=1):
        header = make_header(12)
        for number, given in enumerate(trials, start=1):
            row = {"attempt": 1, "trial": f"t-{number:05d}", "number": number}
            row |= {"event": "ended", "state": "completed", "reason": ""}
            row |= {"origin": "random", "labelled_ratio": 1.0, "seed": 7}
            row |= {"label_seed": 7, "epoch": 1, "space": "small_space"}
            config = preset("tiny").replace(
                {
                    "joint.epochs": 9,
                    "seed": 7,
                    "losses.kl": given.pop("kl", 0.5),
                    "labelled_ratio": given.get("labelled_ratio", 1.0),
                }
            )
            row |= {"config_json": json.dumps(config.flat()), "code_version": "test"}
            driven.writer.append("trials", row | {"epoch": 9} | given)
        driven.writer.flush()
        return entrants.of(driven.store, header, top)

    return of


def names(found):
    """Ratio and name of each entrant."""
    return [(entrant.ratio, entrant.name) for entrant in found]


def test_the_best_and_what_they_must_beat(field):
    """By ratio: as many trials as wanted, the start, and its baseline."""
    found = field(
        {"objective_mm": 20.0, "origin": "start", "kl": 1.0},
        {"objective_mm": 18.0, "kl": 0.1},
        {"objective_mm": 19.0, "kl": 0.2},
        {"objective_mm": 30.0, "kl": 0.3, "labelled_ratio": 0.5},
        top=2,
    )
    assert names(found) == [
        (0.5, "t-00004"),
        (0.5, "start"),
        (0.5, "supervised"),
        (1.0, "t-00002"),
        (1.0, "t-00003"),
        (1.0, "start"),
        (1.0, "supervised"),
    ]
    half, _, _, best, _, start, supervised = found
    assert (best.trial, best.search_mm, best.config.losses.kl) == ("t-00002", 18.0, 0.1)
    assert (start.trial, start.search_mm, start.config.losses.kl) == (
        "t-00001",
        20.0,
        1.0,
    )
    assert supervised.config == ablated(start.config, "posterior_only")
    assert (supervised.trial, supervised.search_mm) == (None, None)
    assert {e.config.labelled_ratio for e in found[:3]} == {0.5} == {half.ratio}
    assert {(e.config.seed, e.config.label_seed) for e in found} == {(0, 0)}


def test_a_ratio_without_a_trial_of_the_start(field):
    """It is made of the search's base and the space, with that ratio."""
    (trial, start, _) = field({"objective_mm": 18.0, "kl": 0.1, "labelled_ratio": 0.5})
    assert (trial.name, start.name, start.trial) == ("t-00001", "start", None)
    assert start.config == preset("tiny").replace(
        {"losses.kl": 1.0, "labelled_ratio": 0.5, "seed": 0, "label_seed": 0}
    )


def test_a_setting_takes_part_once(field):
    """The start is among the best, and two trials are alike."""
    found = field(
        {"objective_mm": 17.0, "origin": "start", "kl": 1.0},
        {"objective_mm": 18.0, "kl": 0.1},
        {"objective_mm": 19.0, "kl": 0.1},
        top=3,
    )
    assert names(found) == [(1.0, "t-00002"), (1.0, "start"), (1.0, "supervised")]


def test_a_score_of_fewer_epochs_forecasts_nothing(field):
    """It is left out, as that of a trial that was stopped."""
    short, stopped, *_ = field(
        {"objective_mm": 18.0, "kl": 0.1, "epoch": 3},
        {"objective_mm": 19.0, "kl": 0.2, "state": "stopped"},
        top=2,
    )
    assert (short.search_mm, stopped.search_mm) == (None, None)


def test_a_search_without_results(field):
    """The sentence names it."""
    with pytest.raises(ValueError, match="finite result, got `s`, which has none yet"):
        field({"objective_mm": float("nan"), "state": "diverged"})


def test_a_trial_of_before_a_field_was_removed(field):
    """Its entrant has the values of today's fields, which a worker can set."""
    old = preset("tiny").replace({"losses.kl": 0.5}).flat() | {"joint.fast": 0}
    found, *_ = field({"objective_mm": 18.0, "config_json": json.dumps(old)})
    assert found.config == preset("tiny").replace(
        {"losses.kl": 0.5, "seed": 0, "label_seed": 0}
    )


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_trial_of_a_golden_store(version, make_header):
    """What an earlier version stored is a configuration of today."""
    golden = Path(__file__).parents[1] / "results" / "golden" / version / "store"
    store = Store.open(golden)
    header = make_header(12)
    header = type(header)(**vars(header) | {"name": "alpha"})
    found = [e for e in entrants.of(store, header, 2) if not e.is_fixed]
    assert found
    assert {e.config.losses.kl for e in found} <= {0.5, 0.25, 0.125}


@pytest.mark.parametrize(
    ("base", "start", "is_paper"),
    [
        ({}, {}, True),
        ({}, {"losses.kl": 0.5}, False),
        ({"losses.kl": 0.5}, {}, False),
        ({"losses.kl": 0.5}, {"losses.kl": TrainConfig().losses.kl}, True),
        ({"latent_size": 3}, {}, False),
        ({"joint.epochs": 3}, {"labelled_ratio": 0.5}, True),
    ],
)
def test_whether_the_start_is_the_papers(make_header, base, start, is_paper):
    """Loss weights and latent size decide; lengths and labels do not."""
    header = make_header(12)
    facts = {
        "base_config": TrainConfig().flat() | base,
        "space": {"name": "small_space", "start": start},
    }
    header = type(header)(**vars(header) | facts)
    assert entrants.start_is_paper(header) == is_paper


def test_of_several_starts_the_first_is_the_start(field):
    """The others take part as trials do, if they are among the best."""
    found = field(
        {"objective_mm": 20.0, "origin": "start", "kl": 1.0},
        {"objective_mm": 18.0, "origin": "start", "kl": 0.1},
        {"objective_mm": 19.0, "origin": "start", "kl": 0.2},
    )
    assert names(found)[:2] == [(1.0, "t-00002"), (1.0, "start")]
    assert (found[1].trial, found[1].config.losses.kl) == ("t-00001", 1.0)
