"""A search that is there goes on with the code and the device that it was begun with."""

import pytest

from harness.definition.identity import code_identity
from harness.driver import begun


@pytest.fixture
def one_trial(driven, make_report):
    """A search with a trial that was trained, its rows stored by other means."""

    def stored(**cells):
        driven.policy._recorder._made_by = {
            "code_sha256": cells.get("code"),
            "data_sha256": None,
        }
        name = driven.policy.propose().trial
        report = make_report(1, 20.0, device=cells.get("device", "cpu"))
        driven.policy.report(name, {"report": report})
        driven.writer.flush()
        return driven.store

    return stored


class TestCode:
    def test_the_same_code_goes_on(self, one_trial):
        """Nothing is said."""
        store = one_trial(code=code_identity.identity())
        begun.check_code(store, store.header("s"), "trials")

    @pytest.mark.parametrize("code", ["0" * 64, None])
    def test_other_code_is_refused(self, one_trial, code):
        """Also where rows do not say by which code; the way on is named."""
        store = one_trial(code=code)
        with pytest.raises(ValueError, match=r"other code \(test; .*--accept-code"):
            begun.check_code(store, store.header("s"), "trials")

    def test_an_empty_table_takes_any(self, driven):
        """Nothing could stand side by side."""
        begun.check_code(driven.store, driven.store.header("s"), "finals")


class TestDevice:
    @pytest.mark.parametrize(
        ("before", "wanted", "has_gpu", "chosen"),
        [
            ("cpu", "auto", False, "cpu"),
            ("cpu", "auto", True, "cpu"),
            ("cuda", "auto", True, "cuda"),
            ("cuda", "cpu", False, "cpu"),
            ("cpu", "cuda", True, "cuda"),
        ],
    )
    def test_of_the_trials_unless_asked(
        self, one_trial, before, wanted, has_gpu, chosen
    ):
        """`auto` is what it was; an explicit wish holds."""
        store = one_trial(device=before)
        assert begun.device(store, "s", wanted, has_gpu=has_gpu) == chosen

    @pytest.mark.parametrize("has_gpu", [False, True])
    def test_of_the_cluster_where_nothing_has_run(self, driven, has_gpu):
        """A new search takes a GPU if there is one."""
        found = begun.device(driven.store, "s", "auto", has_gpu=has_gpu)
        assert found == ("cuda" if has_gpu else "cpu")

    def test_a_gpu_search_without_a_gpu(self, one_trial):
        """It does not go on, on a CPU, without a word."""
        store = one_trial(device="cuda")
        with pytest.raises(
            ValueError, match=r"got cuda, on which s was begun; --device"
        ):
            begun.device(store, "s", "auto", has_gpu=False)
        with pytest.raises(ValueError, match="got cuda; --device cpu"):
            begun.device(store, "s", "cuda", has_gpu=False)


class TestTrials:
    def on(self, driven, typed):
        """What a command that goes on has, and stores."""
        header = driven.store.header("s")
        found = begun.trials(driven.store, header, typed)
        begun.keep_trials(driven.store, header, typed)
        assert driven.store.wanted("s") == found
        return found

    def test_another_number_that_was_typed_holds(self, driven):
        """More and fewer; the header's holds until then."""
        assert driven.store.wanted("s") == 12
        assert [self.on(driven, typed) for typed in (12, 20, 20, 6)] == [12, 20, 20, 6]

    def test_the_same_command_keeps_what_was_wished_since(self, driven):
        """Whether the search was first begun or was extended with it."""
        driven.store.want("s", 30)
        assert [self.on(driven, 12), self.on(driven, 12)] == [30, 30]
        assert self.on(driven, 15) == 15
        driven.store.want("s", 9)
        assert self.on(driven, 15) == 9
        assert self.on(driven, 12) == 12
