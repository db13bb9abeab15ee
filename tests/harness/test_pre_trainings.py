"""How often pre-trainings are trained, by hand."""

from pathlib import Path

import pytest

from harness import pre_trainings
from harness.definition.options import SearchOptions
from harness.prepare import Prepared, prepare


SPACE = Path(__file__).parent / "late_weights.toml"
SHORT = (
    "networks.channels=2",
    "vae.epochs=2",
    "vae.steps=3",
    "gan.epochs=2",
    "gan.steps=2",
    "gan.batch_size=8",
    "joint.epochs=3",
    "joint.steps=2",
    "joint.batch_size=8",
    "health.active_units=0",  # so few updates train nothing that could be judged
    "health.code_spread_ratio=0",
    "health.image_spread_ratio=0",
    "health.adversarial_nats=0",
)
EVEN = {0.5: 6, 1.0: 6}


def options(**changes) -> SearchOptions:
    """A search of twelve short trials over weights of the joint stage."""
    values = {
        "data": "synthetic:40",
        "space": str(SPACE),
        "preset": "tiny",
        "set": SHORT,
        "trials": 12,
        "scheduler": "stop",
        "concurrency": 2,
        "seed": 3,
    }
    return SearchOptions(**(values | changes))


@pytest.fixture
def prepared(tmp_path) -> Prepared:
    """That search, checked."""
    return prepare("s", options(), tmp_path / "cache")


class TestPreTrainings:
    def test_late_weights_share_all(self, prepared):
        """Two latent sizes at two ratios: four VAEs; the GAN sees all images: two."""
        assert pre_trainings.count(prepared, EVEN) == {"vae": 4, "gan": 2}

    def test_weights_of_the_vae_share_the_gan_only(self, tmp_path):
        """`losses.kl` is a number of every trial's own, so is its VAE."""
        own = options(space="loss_weights", ratios="0.5,1.0")
        found = pre_trainings.count(prepare("s", own, tmp_path / "cache"), EVEN)
        assert found == {"vae": 12, "gan": 1}

    def test_a_stage_that_is_left_out_is_none(self, tmp_path):
        """Without epochs of the GAN there is nothing to share of it."""
        none = options(set=(*SHORT, "gan.epochs=0"))
        assert pre_trainings.count(prepare("s", none, tmp_path / "cache"), EVEN) == {
            "vae": 4
        }

    def test_there_are_no_more_than_trials(self, tmp_path):
        """Three trials at two ratios: two and one."""
        few = prepare("s", options(trials=3), tmp_path / "cache")
        assert pre_trainings.count(few, {0.5: 2, 1.0: 1}) == {"vae": 3, "gan": 2}


class TestUnshared:
    def test_late_weights_leave_none(self, prepared):
        """Two latent sizes for twelve trials."""
        assert pre_trainings.unshared(prepared, EVEN) == {}

    def test_what_each_stage_of_its_own_depends_on(self, tmp_path):
        """Of the searched parameters; the GAN's knows no weight of a loss."""
        weights = options(space="loss_weights", ratios="0.5,1.0")
        names = {"losses.kl", "losses.pose_reconstruction"}
        found = pre_trainings.unshared(prepare("s", weights, tmp_path / "cache"), EVEN)
        assert {stage: set(own) for stage, own in found.items()} == {"vae": names}
        joint = options(space="joint", ratios="0.5,1.0")
        found = pre_trainings.unshared(prepare("s", joint, tmp_path / "cache"), EVEN)
        assert set(found["vae"]) == names | {"latent_size", "vae.learning_rate"}
        assert set(found["gan"]) == {"latent_size", "gan.learning_rate"}

    def test_two_trials_at_two_ratios_differ_in_the_ratio(self, tmp_path):
        """Where nothing else of the VAE is searched; the GAN sees all images."""
        text = SPACE.read_text()
        size = '[parameters.latent_size]\nkind = "one_of"\nvalues = [4, 8]\n'
        assert size in text
        text = text.replace(size, "").replace("latent_size = 4\n", "")
        (tmp_path / "s.toml").write_text(text)
        few = options(space=str(tmp_path / "s.toml"), trials=2)
        found = pre_trainings.unshared(
            prepare("s", few, tmp_path / "cache"), {0.5: 1, 1.0: 1}
        )
        assert found == {"vae": ("labelled_ratio",)}


class TestReuse:
    def test_as_often_as_it_is_a_share_of_the_cost(self, tmp_path):
        """In updates of the joint stage, of which an epoch has 2 and a trial 2.25."""
        own = options(space="joint", ratios="0.5,1.0", scheduler="pause")
        vae, gan = pre_trainings.reuse(prepare("s", own, tmp_path / "cache"))
        follows = 2.25 * 2 + 1 * 2 * 0.4  # rung at 2 of 3 epochs, warm-up
        assert vae.share == pytest.approx(0.12 / (0.12 + follows))
        assert gan.share == pytest.approx(1.2 / (1.2 + follows))
        assert (vae.of_a_ratio, gan.of_a_ratio) == (True, False)
        assert set(gan.fields) == {"latent_size", "gan.learning_rate"}

    def test_pre_trainings_cost_no_more_than_what_follows(self, tmp_path):
        """However long they are: half of all updates at most."""
        long = options(
            space="joint",
            ratios="0.5,1.0",
            scheduler="pause",
            set=(*SHORT, "gan.epochs=900"),
        )
        prepared = prepare("s", long, tmp_path / "cache")
        counts = pre_trainings.count(prepared, {0.5: 300, 1.0: 300})
        paid = counts["gan"] * 900 * 2 * 0.3
        assert paid <= 600 * (2.25 * 2 + 0.8) + 2 * 900 * 2 * 0.3

    @pytest.mark.parametrize(
        "changes",
        [{"scheduler": "stop"}, {"share_stages": False}, {"space": str(SPACE)}],
    )
    def test_nothing_is_taken_over(self, tmp_path, changes):
        """Where trials are stopped, share nothing, or vary nothing of a stage but sizes."""
        given = {"scheduler": "pause", "space": "joint", "ratios": "0.5,1.0"} | changes
        found = pre_trainings.reuse(prepare("s", options(**given), tmp_path / "cache"))
        assert [part.fields for part in found] in ([], [("latent_size",)] * 2)
