"""Two examples of each command, which stand at the end of its help."""

EXAMPLES: dict[str, tuple[str, str]] = {
    "demo": (
        "crossnets demo",
        "crossnets demo --store /data/runs",
    ),
    "search": (
        "crossnets search mine --data nyu:DIR --ratios 0.1,1.0 --trials 32",
        "crossnets search quick --preset tiny --set joint.epochs=5 --trials 6",
    ),
    "plan": (
        "crossnets plan mine --data nyu:DIR --ratios 0.1,1.0 --trials 32",
        "crossnets plan quick --preset tiny --trials 6 --format json",
    ),
    "status": (
        "crossnets status",
        "crossnets status mine --wide",
    ),
    "stop": (
        "crossnets stop mine",
        "crossnets stop mine t-00007",
    ),
    "trials": (
        "crossnets trials mine 64",
        "crossnets trials mine 8 --store /data/runs",
    ),
    "best": (
        "crossnets best mine --top 3",
        "crossnets best mine --per none --format csv",
    ),
    "query": (
        'crossnets query "SELECT trial, state, reason FROM trials"',
        "crossnets query --schema",
    ),
    "rerun": (
        "crossnets rerun mine",
        "crossnets rerun mine --top 2 --seeds 5",
    ),
    "why": (
        "crossnets why mine t-00007",
        "crossnets why mine t-00007 --format json",
    ),
    "replay": (
        "crossnets replay --from mine",
        "crossnets replay --curves curves --workers 32 --seeds 6 --format json",
    ),
    "fields": (
        "crossnets fields learning_rate",
        "crossnets fields 'joint.*' --preset tiny",
    ),
    "train": (
        "crossnets train --preset tiny --set losses.kl=0.5 --out model",
        "crossnets train --from mine/t-00003",
    ),
    "evaluate": (
        "crossnets evaluate predictions.txt --data nyu:DIR --plot curve.png",
        "crossnets evaluate --model model --data nyu:DIR",
    ),
    "predict": (
        "crossnets predict frames --model model --camera nyu --view hands.png",
        "crossnets predict a.png b.png --model model --camera 475,475,320,240",
    ),
    "export": (
        "crossnets export mine/t-00003 --out model",
        "crossnets export published:DIR --out model --data nyu:DIR",
    ),
    "data init": (
        "crossnets data init frames",
        "crossnets data init frames --table joints.csv",
    ),
    "data prepare": (
        "crossnets data prepare nyu:DIR",
        "crossnets data prepare folder:DIR --side 64 --skip-missing",
    ),
    "data check": (
        "crossnets data check nyu:DIR",
        "crossnets data check folder:DIR --frames 64 --out worst.png",
    ),
    "data show": (
        "crossnets data show nyu:DIR --out hands.png",
        "crossnets data show synthetic:64 --frames 9 --side 64",
    ),
    "data choose": (
        "crossnets data choose frames@sr300 --count 100",
        "crossnets data choose nyu:DIR --labelled names.txt --out next.csv",
    ),
    "verify": (
        "crossnets verify",
        "crossnets verify mine --format json",
    ),
    "doctor": (
        "crossnets doctor",
        "crossnets doctor --data nyu:DIR --store /data/runs",
    ),
}
"""Examples by the name of a command."""
