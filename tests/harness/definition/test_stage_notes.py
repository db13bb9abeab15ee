"""Sentences on who paid for a pre-training, written, read and counted."""

from harness.definition import stage_notes
from harness.definition.stage_notes import StageNote


class TestNotes:
    def test_are_read_as_they_were_written(self):
        """Both kinds come back; any other sentence is none."""
        for note in (
            StageNote(stage="vae", short="3f2a91c0"),
            StageNote(stage="gan", short="00000000", payer="first/t-00001"),
        ):
            assert stage_notes.read(note.sentence) == note
        assert StageNote(stage="vae", short="3f2a91c0", payer="t-00001").sentence == (
            "vae 3f2a91c0: reused, trained by t-00001"
        )
        assert stage_notes.read("warm_up 3f2a91c0: trained here") is None
        assert stage_notes.read("") is None

    def test_are_counted_once_a_trial(self):
        """Two trials, one of them told twice, one sentence of another kind."""
        trained, reused = (
            "vae 3f2a91c0: trained here",
            "vae 3f2a91c0: reused, trained by a",
        )
        events = [
            ("a", trained),
            ("a", trained),
            ("b", reused),
            ("c", reused),
            ("c", "hung"),
        ]
        assert stage_notes.counts(events) == (1, 2)
