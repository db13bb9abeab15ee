"""What a Ray cluster has to offer, for a check before a search."""

from typing import Any

import ray

from harness.cluster import connection


def resources(address: str) -> str:
    """Nodes, cores and GPUs of a cluster, in words.

    Args:
        address: Where it runs, `auto` to find it, `local` to start one.

    Raises:
        ValueError: If no cluster answers there, or it refuses us.
    """
    with connection.cluster(address):
        have: dict[str, Any] = ray.cluster_resources()
        nodes = sum(node["Alive"] for node in ray.nodes())
    return f"{nodes} nodes, {have.get('CPU', 0):g} cores, {have.get('GPU', 0):g} GPUs"
