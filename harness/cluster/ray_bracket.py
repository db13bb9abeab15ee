"""Ray Tune's own asynchronous halving, for comparisons under a simulated clock."""

from dataclasses import dataclass

from ray.tune.schedulers.async_hyperband import _Bracket


@dataclass(frozen=True)
class _Named:
    """What a bracket asks of a trial."""

    trial_id: str


class RayBracket:
    """The object that decides in Ray's `ASHAScheduler`."""

    def __init__(self, grace: int, max_step: int, eta: float) -> None:
        """One bracket with empty rungs.

        Args:
            grace: Its first rung.
            max_step: Steps of a full training.
            eta: One in `eta` goes on; rungs are `eta` apart.
        """
        self._bracket = _Bracket(grace, max_step, eta, 0)

    def goes_on(self, trial: str, step: int, value: float) -> bool:
        """Whether a trial goes on after a value; smaller is better, NaN goes on."""
        # Ray's typing wants its own class of trials.
        answer = self._bracket.on_result(_Named(trial), step, -value)  # type: ignore[arg-type]
        return answer == "CONTINUE"
