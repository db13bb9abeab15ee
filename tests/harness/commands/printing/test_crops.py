from harness.commands.printing import crops


FACTS = {
    "data": "nyu:\x1b[2J",
    "frames": 40,
    "side_px": 32,
    "mebibytes": 0.1,
    "train": 28,
    "validation": 6,
    "test": 5,
    "labels": 37,
    "unlabelled": 0,
    "dropped": {},
    "centres": "from a file",
    "notes": [],
    "seconds": 1.5,
}


class TestCropBar:
    def test_counts_what_is_made_and_not_what_was_there(self):
        """Of 100 frames 60 were ready; of a second set all 8 are made."""
        with crops.CropBar() as bar:
            assert bar.made == 0
            bar.progress(60, 100)
            assert bar.made == 0
            bar.progress(90, 100)
            assert bar.made == 30
            bar.progress(100, 100)
            assert bar.made == 40
            bar.progress(0, 8)
            bar.progress(8, 8)
            assert bar.made == 8

    def test_a_line_now_and_then_without_a_terminal(self, capsys, monkeypatch):
        """The second line within the ten seconds is left out."""
        monkeypatch.setattr(crops.time, "monotonic", lambda: 100.0)
        with crops.CropBar() as bar:
            for done in (0, 50, 75):
                bar.progress(done, 100)
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("50 of 100 frames, ")


class TestSentences:
    def test_name_every_frame(self):
        """Every kind of frame; the name of the set cannot steer a terminal."""
        first, last = crops.sentences(FACTS).splitlines()
        assert first == (
            "nyu:\\x1b[2J: 40 frames, 37 labels, crops of 32 px (0.1 MiB), their centres "
            "from a file: 28 train, 6 validation, 5 test, 0 unlabelled, 0 dropped."
        )
        assert last == "Ready after 1.5 s."

    def test_a_line_more_for_each_reason_and_note(self):
        """Why frames were dropped, and what was taken for granted."""
        dropped = {"no hand seen": 17, "no label": 2}
        more = {"dropped": dropped, "notes": ["a guess \x1b"]}
        first, *lines, _ = crops.sentences(FACTS | more).splitlines()
        assert first.endswith("19 dropped.")
        assert lines == [
            "Dropped: 17 no hand seen.",
            "Dropped: 2 no label.",
            "a guess \\x1b",
        ]
