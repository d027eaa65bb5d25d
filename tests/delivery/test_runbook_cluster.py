"""The commands of the runbook that are about a cluster: three shards with a replica each."""

import threading

import pytest

from runbook_shell import Shell
from runbook_shell import authority, certificate, directory, program  # noqa: F401 (fixtures)
from runbook_stack import Service, ValkeyCluster, cache_variables, wait_for


@pytest.fixture(scope="module")
def cluster(directory, authority, certificate):
    cluster = ValkeyCluster(directory, authority, certificate)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def on_cluster(program, directory, authority, cluster):
    service = Service(program, directory / "on-cluster", RATE_LIMIT_MAX="100000", **cache_variables("cluster", authority, *cluster.nodes))
    service.start()
    yield Shell(service, {})
    service.stop()


def test_figures_of_a_cluster(on_cluster):
    assert on_cluster.run("nodes").count('"role":"master"') == 3


def test_flushall_reaches_every_master_and_one_node_is_not_everything(on_cluster, cluster):
    service = on_cluster.service
    for number in range(20):
        service.add_tenant(f"spread-{number}")
    cluster.masters()[0].cli("FLUSHDB")
    assert service.cached_keys("tenant-connections:*"), "one FLUSHDB empties one node only"
    on_cluster.run("flushall-cluster")
    wait_for("empty masters", lambda: not service.cached_keys("tenant-connections:*"))
    assert service.is_ready()


def test_fail_over_is_seen_and_heals_by_itself(on_cluster, cluster):
    cluster.settle()
    victim = cluster.masters()[0]
    timer = threading.Timer(2, lambda: victim.process.stop(9))
    timer.start()
    try:
        seen = on_cluster.run("watch", WATCH="12")
    finally:
        timer.join()
        victim.start()
    assert "unhealthy" not in seen
    wait_for("three masters", lambda: len(cluster.masters()) == 3 and on_cluster.service.is_ready())


def test_shard_is_added_while_it_serves(on_cluster, cluster):
    ended, failures, asked = threading.Event(), [], iter(range(1_000_000))

    def reads():
        while not ended.is_set():
            try:
                # Another slot each time.
                on_cluster.service.call("GET", f"/cache/keys/resharded:{next(asked)}")
            except OSError as error:
                failures.append(error)

    reader = threading.Thread(target=reads)
    reader.start()
    try:
        cluster.add_shard()
        on_cluster.run("shards")
    finally:
        ended.set()
        reader.join()
    assert not failures and next(asked) > 100
    assert on_cluster.service.environment["CACHE_ADDRS"] == cluster.nodes[0].address
