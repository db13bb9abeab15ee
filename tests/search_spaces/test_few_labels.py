"""The space for few labels; what holds for every space is in `test_registry`."""

from cnets import presets
from cnets.config import TrainConfig
from search_spaces import SPACES


SPACE = SPACES["few_labels"]


def test_it_starts_with_the_paper_and_what_was_better_before():
    """Three trials: the paper's setting, a larger weight, and the recipe of a preset."""
    paper, weighted, recipe = SPACE.starts
    assert paper == SPACE.start
    assert {k: v for k, v in weighted.items() if v != paper[k]} == {
        "losses.posterior": 300.0
    }
    run = TrainConfig().replace(recipe)
    assert run == TrainConfig().replace(presets.RECIPES["recipe"]).replace(
        {"labelled_ratio": run.labelled_ratio}
    )


def test_no_known_good_value_is_at_an_edge():
    """The ranges reach at least twice as far as the recipe, on either side."""
    for name, value in presets.RECIPES["recipe"].items():
        parameter = SPACE.parameters[name]
        if isinstance(value, float):
            assert parameter.low * 2 <= value <= parameter.high / 2
