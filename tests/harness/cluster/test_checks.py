import pytest

from harness.cluster import checks


@pytest.mark.ray
def test_a_local_cluster_is_counted():
    """One node with at least one core, as Ray sees this machine."""
    nodes, cores, gpus = checks.resources("local").split(", ")
    assert nodes == "1 nodes"
    assert float(cores.removesuffix(" cores")) >= 1
    assert float(gpus.removesuffix(" GPUs")) >= 0


def test_no_cluster_is_refused():
    """Nobody listens on port 1."""
    with pytest.raises(ValueError, match=r"none answers at '127\.0\.0\.1:1'"):
        checks.resources("127.0.0.1:1")
