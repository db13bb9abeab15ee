"""How a search that is there goes on: by its code, its device and its trials.

Rows of a search that come from different code or from another device would stand
side by side without a word.
"""

from typing import Literal

from harness.definition.identity import code_identity
from harness.definition.identity.provenance import code_version
from results import Header, Store, queries
from results.writing import trial_counts


def check_code(
    store: Store, header: Header, table: Literal["trials", "finals"]
) -> None:
    """Refuse to go on with code that has made no row of a table yet.

    An empty table takes any code, if the search was begun under today's schema.

    Raises:
        ValueError: If all rows are of other code.
    """
    rows = queries.read(store, table, header.name)
    known = set(rows["code_sha256"].to_pylist())
    if not known or code_identity.identity() in known:
        return
    then = rows["code_version"].to_pylist()[-1]
    raise ValueError(
        f"`{header.name}` was run by other code ({then}; this is {code_version()}), "
        "and results of both would stand side by side: go on with --accept-code, or "
        "with the code of then."
    )


def device(store: Store, name: str, wanted: str, *, has_gpu: bool) -> str:
    """The device to go on with: the one asked for, or that of the trials there are.

    Args:
        store: The store.
        name: Name of the search.
        wanted: `cpu`, `cuda` or `auto`.
        has_gpu: Whether the cluster has a GPU.

    Raises:
        ValueError: If it is `cuda` and there is none.
    """
    found = queries.read(store, "trials", name)["device"].drop_null().to_pylist()
    before = found[-1] if found else None
    chosen = wanted
    if wanted == "auto":
        chosen = before or ("cuda" if has_gpu else "cpu")
    if chosen == "cuda" and not has_gpu:
        why = f", on which {name} was begun" if wanted == "auto" else ""
        raise ValueError(
            f"`device` must be cpu where the cluster has no GPU, got cuda{why}; "
            "--device cpu goes on, with numbers that differ in the last digits."
        )
    return chosen


def trials(store: Store, header: Header, typed: int) -> int:
    """How many trials a search has that goes on, see `trial_counts`.

    Args:
        store: The store.
        header: The search's.
        typed: As the command that goes on says.
    """
    before = trial_counts.newest(store.storage, header.name, header.trials)
    return before.trials if before.typed == typed else typed


def keep_trials(store: Store, header: Header, typed: int) -> None:
    """Store the number that was typed, if it is another one than before."""
    before = trial_counts.newest(store.storage, header.name, header.trials)
    if before.typed != typed:
        count = trial_counts.Count(trials=typed, typed=typed)
        trial_counts.add(store.storage, header.name, count)
