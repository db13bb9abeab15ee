import pytest

from results.checking import findings
from results.format.storage import StorageError


@pytest.mark.parametrize("key", findings.REMEDIES)
def test_each_remedy(key):
    """Each kind of damage gives a finding whose remedy is a sentence."""
    finding = findings.finding("a/b", "It is missing.", key)
    assert (finding.path, finding.problem) == ("a/b", "It is missing.")
    assert finding.remedy == findings.REMEDIES[key]
    assert finding.remedy[0].isupper()
    assert finding.remedy.endswith(".")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            "`a` is damaged: its checksum does not match.",
            "Its checksum does not match.",
        ),
        ("`a` is damaged: it lacks 'seed'", "It lacks 'seed'."),
        ("Cannot read `a`: no route.", "Cannot read `a`: no route."),
    ],
)
def test_cause(message, sentence):
    """The path before a damage is left out, and the rest is one sentence."""
    assert findings.cause(StorageError(message)) == sentence
