"""Tests of `cnets.training.health.advice`: what is warned of, and what is not."""

import pytest

from cnets.training.health import advice


@pytest.mark.parametrize(
    ("figures", "about"),
    [
        ({}, []),
        ({"trunk_share_posterior": 0.0099}, ["trunk_share_posterior"]),
        ({"trunk_share_posterior": 0.01}, []),
        ({"vae_floor_mm": 10.1, "mean_joint_error_mm": 20.0}, ["vae_floor_mm"]),
        ({"vae_floor_mm": 10.0, "mean_joint_error_mm": 20.0}, []),
        ({"vae_floor_mm": 10.1}, []),
        ({"mean_joint_error_mm": 20.0}, []),
    ],
)
def test_by_hand(figures, about):
    """Below 1 % of the gradient, above half of the error; nothing if not measured."""
    assert list(advice.of_figures(figures)) == about


def test_the_sentences_have_the_numbers():
    """And what to change."""
    figures = {
        "trunk_share_posterior": 0.0012,
        "vae_floor_mm": 17.64,
        "mean_joint_error_mm": 31.2,
    }
    share, floor = advice.of_figures(figures).values()
    assert share.startswith("The pose loss has 0.12% of the trunk's gradient")
    assert "`losses.posterior`" in share
    assert "off by 17.6 mm, more than half of the error of 31.2 mm" in floor
