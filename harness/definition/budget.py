"""How much a search may cost: full trainings, hours of slots, or hours of its driver."""

import math
import re
from dataclasses import dataclass
from typing import Literal


Unit = Literal["trainings", "gpuh", "h"]
"""Full trainings; hours of cores or GPUs that train; hours in which a driver runs."""

_TEXT = re.compile(r"(\d+(?:\.\d+)?)(gpuh|h)?")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """An amount of one unit."""

    amount: float
    unit: Unit

    @property
    def limit_s(self) -> float | None:
        """Seconds that it allows; None for trainings, which no clock counts."""
        return None if self.unit == "trainings" else 3600 * self.amount

    def __str__(self) -> str:
        return f"{self.amount:g}{'' if self.unit == 'trainings' else self.unit}"


def parse(text: str) -> Budget:
    """A budget as it is typed: `20`, `30gpuh` or `2h`.

    Raises:
        ValueError: If it is none of these, or not above 0.
    """
    found = _TEXT.fullmatch(text.strip())
    amount = float(found[1]) if found else math.nan
    if found is None or not 0 < amount < math.inf:
        raise ValueError(
            f"`budget` must be full trainings such as 20, or 30gpuh or 2h, got {text!r}."
        )
    unit: Unit = "trainings"
    if found[2] is not None:
        unit = "gpuh" if found[2] == "gpuh" else "h"
    return Budget(amount=amount, unit=unit)
