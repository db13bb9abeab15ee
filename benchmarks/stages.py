"""Training iterations of a search with shared pre-trainings and without.

Twelve trials over weights of the joint stage, with two latent sizes and two
labelled ratios. At the preset `tiny` both searches are run on Ray and their
iterations counted from what the trials reported; at the paper's schedule they are
counted from the configuration. The proposals of both are the same as far as they
do not depend on which trial ended first, so the iterations of the joint stage are
counted at full length too: nobody is stopped.

`--space joint` searches settings of the pre-trainings as well, where no draw agrees
with another: with sharing, proposals take over settings that are paid for. `--seeds`
searches of both kinds have the same budget of joint epochs; printed are iterations and
the mean of the best errors.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.opening import open_data
from cnets.training import schedule
from cnets.training.sharing import stage_keys
from crossnets import SearchOptions, search
from harness.definition import stage_notes
from harness.prepare import prepare
from results import Store, queries


SPACE = """
name = "late_weights"
[parameters.latent_size]
kind = "one_of"
values = [12, 20]
[parameters."losses.posterior"]
kind = "real"
low = 0.1
high = 100.0
log = true
[parameters."losses.smoothness"]
kind = "real"
low = 0.01
high = 100.0
log = true
[parameters."losses.feature_matching"]
kind = "real"
low = 0.01
high = 100.0
log = true
[parameters."losses.depth_reconstruction"]
kind = "real"
low = 0.01
high = 100.0
log = true
[parameters.labelled_ratio]
kind = "one_of"
values = [0.25, 1.0]
[start]
latent_size = 20
labelled_ratio = 1.0
"losses.posterior" = 1.0
"losses.smoothness" = 1.0
"losses.feature_matching" = 1.0
"losses.depth_reconstruction" = 1.0
"""

TRIALS = 12


def measured(
    folder: Path, given: argparse.Namespace, seed: int, *, share: bool
) -> dict:
    """Iterations of a real search at the preset `tiny`, and what it took."""
    late = given.space == "late"
    if late:
        (folder / "space.toml").write_text(SPACE)
    options = SearchOptions(
        data=f"synthetic:{given.frames}",
        space=str(folder / "space.toml") if late else given.space,
        ratios=None if late else "0.25",
        preset="tiny",
        set=tuple(given.set),
        scheduler="stop" if late else "pause",
        trials=given.trials,
        seed=seed,
        share_stages=share,
    )
    store = folder / f"{'shared' if share else 'alone'}-{seed}"
    done = search("stages", options, store=store, cache=folder / "cache")
    prepared = prepare("stages", options, folder / "cache")
    rows = queries.read(Store.open(store), "trials", "stages").to_pylist()
    events = Store.open(store).rows("trials", "stages").to_pylist()
    notes = [(e["trial"], e["reason"]) for e in events if e["event"] == "stage"]
    run, reused = stage_notes.counts(notes)
    before = {(t, n.stage) for t, r in notes if (n := stage_notes.read(r)) and n.payer}
    total = 0
    for row in rows:
        run_config = TrainConfig().replace(json.loads(row["config_json"]))
        epochs = {
            s: 0 if (row["trial"], s) in before else schedule.epochs_of(run_config, s)
            for s in ("vae", "gan", "warm_up")
        }
        epochs["joint"] = row["epoch"] or 0
        total += sum(
            count * schedule.steps_an_epoch(run_config, stage, prepared.data)
            for stage, count in epochs.items()
        )
    return {
        "trials": len(rows),
        "finished": done.finished,
        "pre_trainings": run if share else 2 * len(rows),
        "reused": reused,
        "iterations": total,
        "best_mm": statistics.fmean(
            row["objective_mm"]
            for row in queries.best(
                queries.read(Store.open(store), "trials")
            ).to_pylist()
        ),
        "train_s": round(sum(row["wall_time_s"] or 0.0 for row in rows), 1),
    }


def counted(base: TrainConfig, frames: int, vaes: int, gans: int) -> dict:
    """Iterations of twelve whole trials, each for itself and with shared stages.

    Args:
        base: The configuration.
        frames: Frames of the train split.
        vaes: Different VAEs among the trials.
        gans: Different GANs.
    """
    updates = {}
    for stage in schedule.STAGES:
        settings = schedule.stage_settings(base, stage)
        steps = settings.steps or max(1, frames // settings.batch_size)
        updates[stage] = schedule.epochs_of(base, stage) * steps
    later = TRIALS * (updates["warm_up"] + updates["joint"])
    alone = TRIALS * (updates["vae"] + updates["gan"]) + later
    shared = vaes * updates["vae"] + gans * updates["gan"] + later
    return {
        "updates_a_stage": updates,
        "alone": alone,
        "shared": shared,
        "ratio": round(alone / shared, 2),
    }


def main() -> None:
    """Run both searches, count, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--space", default="late", help="late, or as of a search")
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--paper-frames", type=int, default=72757)
    parser.add_argument("--count-only", action="store_true")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    vaes, gans = 4, 2  # two latent sizes at two ratios; the GAN sees all images
    said: dict = {"vaes": vaes, "gans": gans, "vae_fields": stage_keys.FIELDS["vae"]}
    paper = presets.preset("paper")
    said["paper, whole trials"] = counted(paper, options.paper_frames, vaes, gans)
    with tempfile.TemporaryDirectory(prefix="crossnets-stages-") as made:
        folder = Path(made)
        data = open_data(
            f"synthetic:{options.frames}", side_px=32, cache=folder / "cache"
        )
        train = len(data.rows("train"))
        said["tiny, whole trials"] = counted(presets.preset("tiny"), train, vaes, gans)
        if not options.count_only:
            found = {}
            for name, share in (("alone", False), ("shared", True)):
                rows = [
                    measured(folder, options, options.seed + n, share=share)
                    for n in range(options.seeds)
                ]
                found[name] = {
                    key: statistics.fmean(row[key] for row in rows) for key in rows[0]
                }
            ratio = found["alone"]["iterations"] / found["shared"]["iterations"]
            said["tiny, measured"] = {**found, "ratio": round(ratio, 2)}
    if options.format == "json":
        print(json.dumps(said, indent=1))
        return
    print("| search of 12 trials | each for itself | stages shared | ratio |")
    print("|---|---:|---:|---:|")
    for name in ("paper, whole trials", "tiny, whole trials"):
        row = said[name]
        print(f"| {name} | {row['alone']:,} | {row['shared']:,} | {row['ratio']} |")
    if "tiny, measured" in said:
        row = said["tiny, measured"]
        alone, shared = (row[k]["iterations"] for k in ("alone", "shared"))
        print(f"| tiny, measured | {alone:,.0f} | {shared:,.0f} | {row['ratio']} |")
        for name in ("alone", "shared"):
            print(f"\n{name}: {row[name]}")


if __name__ == "__main__":
    main()
