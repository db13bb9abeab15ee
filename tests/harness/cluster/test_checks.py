import pytest

from harness.cluster import checks


@pytest.mark.ray
def test_a_cluster_is_counted(ray_address):
    """One node with two cores and no GPU, as it was started."""
    assert checks.resources(ray_address) == "1 nodes, 2 cores, 0 GPUs"


def test_no_cluster_is_refused():
    """Nobody listens on port 1."""
    with pytest.raises(ValueError, match=r"none answers at '127\.0\.0\.1:1'"):
        checks.resources("127.0.0.1:1")
