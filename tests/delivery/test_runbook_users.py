"""The commands of the runbook and of the upgrade guide where Valkey has users, which is Terraform's default: the users are those of its
access strings."""

import threading

import pytest

from runbook_shell import Shell
from runbook_shell import authority, certificate, directory, program  # noqa: F401 (fixtures)
from runbook_stack import PASSWORD, Service, ValkeyCluster, ValkeyNode, cache_variables, wait_for
from terraform_engine import Settings, settings  # noqa: F401 (a fixture)

OF_SERVICE, OF_TEST = "of-the-service-0123456789", "of-the-test-0123456789"
LOGIN = {"CACHE_USERNAME": "pool-manager", "CACHE_PASSWORD": OF_SERVICE, "REDISCLI_AUTH": OF_SERVICE}
CHANNEL = "tenant-events:staging:"


@pytest.fixture(scope="module")
def users(settings, directory):
    """A file for `aclfile`: ElastiCache makes a user anew with its access string, so nothing else is in force."""
    outputs = settings.of("production").allowed()
    lines = [
        f"user pool-manager reset >{OF_SERVICE} {outputs['service_access_string']}",
        f"user test on >{OF_TEST} ~* &* +@all",
        # Last: who makes users in a cluster is `default` until then.
        f"user default reset >{PASSWORD} {outputs['consumer_access_string']}",
    ]
    (directory / "users.acl").write_text("\n".join(lines) + "\n")
    return directory / "users.acl"


@pytest.fixture(scope="module")
def shell(program, directory, authority, certificate, users):
    node = ValkeyNode(directory, authority, certificate, "--aclfile", str(users))
    service = Service(program, directory / "with-users", **{**cache_variables("single", authority, node), **LOGIN})
    service.start()
    yield Shell(service, {"ENVIRONMENT": "staging"})
    service.stop()
    node.process.stop()


def test_what_only_looks_works(shell):
    shell.run("valkey-ping")
    shell.run("readiness")
    doctor = shell.run("doctor")
    assert "FAULT" not in doctor and "NOPERM" not in doctor
    shell.run("token-works")
    shell.run("figures")
    assert f"{CHANNEL}\n0" in shell.run("subscribers")


def test_a_consumer_is_heard_of_and_hears(shell):
    heard = {}
    listener = threading.Thread(target=lambda: heard.update(said=shell.listen("hear-new", until="event_id")))
    listener.start()
    for name in ("subscribers", "new-subscribers", "events"):
        wait_for("the listener", lambda: f"{CHANNEL}\n1" in shell.run(name))
    shell.service.add_tenant("heard")
    listener.join()
    assert "NOPERM" not in heard["said"]


def test_the_user_of_the_service_is_no_listener(shell):
    assert "NOPERM" in shell.bash(f"valkey SUBSCRIBE {CHANNEL}")
    assert "NOPERM" in shell.bash("listener GET tenant:1")


def test_everything_is_flushed_by_the_service_alone(shell):
    for number, name in enumerate(("flush-all", "flush-all-cli")):
        shell.service.add_tenant(f"flushed-{number}")
        shell.run("flush-all") if name == "flush-all" else shell.run("flush-all-cli")
        assert not shell.service.cached_keys("tenant-connections:*")
    for command in ("valkey FLUSHALL ASYNC", "valkey FLUSHDB", "listener FLUSHALL"):
        assert "NOPERM" in shell.bash(command), command


def test_every_node_of_a_cluster_is_asked_who_listens(program, directory, authority, certificate, users):
    cluster = ValkeyCluster(directory, authority, certificate)
    try:
        for node in cluster.nodes:
            for line in users.read_text().splitlines():
                assert node.cli("ACL", "SETUSER", *line.split()[1:]).strip() == "OK"
        variables = {**cache_variables("cluster", authority, *cluster.nodes), **LOGIN}
        shell = Shell(Service(program, directory / "asking", **variables), {})
        said = shell.bash(f'valkey --cluster call "$CACHE_ADDRS" PUBSUB NUMSUB {CHANNEL}')
        assert said.count(f": {CHANNEL}\n0\n") == 6 and "NOPERM" not in said, said
    finally:
        cluster.stop()
