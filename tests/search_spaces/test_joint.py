"""The space of everything together; what holds of every space is in `test_registry.py`."""

from search_spaces import SPACES, Whole


def test_joint_also_searches_sizes_and_rates():
    """`joint` adds latent size and learning rates to `loss_weights`."""
    added = set(SPACES["joint"].parameters) - set(SPACES["loss_weights"].parameters)
    rates = {f"{stage}.learning_rate" for stage in ("vae", "gan", "joint")}
    assert added == {"latent_size"} | rates


def test_the_weights_are_those_of_their_own_space():
    """Ranges and starts of `loss_weights` are the same in `joint`."""
    joint, weights = SPACES["joint"], SPACES["loss_weights"]
    for name, parameter in weights.parameters.items():
        assert joint.parameters[name] == parameter
        assert joint.start[name] == weights.start[name]


def test_the_latent_size_is_a_whole_number():
    """From 8 to 64 by factors, as twice the size is one step."""
    assert SPACES["joint"].parameters["latent_size"] == Whole(8, 64, log=True)
