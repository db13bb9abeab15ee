"""Tests of `cnets.field_help`: the string below a field is its help."""

from cnets import field_help
from cnets.config import JointStage, TrainConfig


def test_every_field_is_explained():
    """The help of a field is the string below it."""
    texts = field_help.explain()
    assert list(texts) == list(TrainConfig().flat())
    assert texts["losses.kl"] == "VAE: pull of the posterior towards the unit Gaussian."
    assert texts["seed"].startswith("Seed of initial weights")


def test_every_group_has_its_own():
    """Fields of one name in two stages keep the sentences of their own class."""
    texts = field_help.explain()
    assert texts["vae.batch_size"] == "Poses in an update."
    assert texts["gan.batch_size"] == "Images in an update."


def test_strings_are_those_of_the_class_alone():
    """A class has its own fields and no field of its neighbours."""
    texts = field_help.strings(JointStage)
    assert list(texts) == list(JointStage.__dataclass_fields__)
    assert texts["warm_up_epochs"].startswith("Epochs in which only the alignment")


def test_the_words_of_a_choice_follow():
    """A choice that is explained names its words."""
    found = field_help._with_choices("Which frames.", ("random", "coverage"))
    assert found == "Which frames. One of random, coverage."
    assert field_help._with_choices("How many.", ()) == "How many."
