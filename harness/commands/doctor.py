"""`crossnets doctor`: print what a search needs, and what of it is to be mended."""

from dataclasses import dataclass

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE, FAILED


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Check machine, store and data, and say what to mend."""

    data: str = "synthetic"
    """synthetic[:FRAMES], poses:DIR, nyu:DIR, icvl:DIR, msra:DIR or folder:DIR."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    address: str | None = None
    """Ray cluster to look at: auto, or HOST:PORT; default: none."""
    format: Format = "table"
    """How the answer is printed."""


def run(options: Doctor) -> int:
    """Print a row a check."""
    from harness import doctor
    from harness.commands.printing import hints, messages, tables

    findings = doctor.check(
        data=options.data, store=options.store, address=options.address
    )
    messages.answer(tables.show(findings, options.format))
    broken = [row["check"] for row in findings if row["verdict"] == "mend"]
    if broken:
        hints.tell(f"To mend: {', '.join(broken)}", style=options.format)
        return FAILED
    hints.tell(
        "nothing is to be mended", "demo", store=options.store, style=options.format
    )
    return DONE
