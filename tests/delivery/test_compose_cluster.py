"""The scripts that docker-compose.yml mounts, on real servers: six nodes become a cluster once, and stay one."""

import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from compose_file import DIRECTORY, LOCAL, environment_of

pytestmark = pytest.mark.skipif(
    shutil.which("valkey-server") is None, reason="valkey-server is not installed; `cargo xtask test` installs it"
)
NODES = 6


def first_free_port() -> int:
    """The first of six that follow each other and whose bus ports, 10000 further up, are free too."""
    for first in range(21000, 30000, 10):
        try:
            for port in (first + offset + bus for offset in range(NODES) for bus in (0, 10000)):
                with socket.socket() as listener:
                    listener.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no six free ports")


def wait_for(happened, what: str, seconds: float = 40):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"waited {seconds} s for: {what}"
        time.sleep(0.2)


class Cluster:
    def __init__(self, directory):
        self.first = first_free_port()
        self.directory = directory
        self.environment = os.environ | environment_of("valkey", LOCAL) | {
            "VALKEY_CONFIGURATION": str(DIRECTORY / "valkey.conf"),
            "VALKEY_DATA": str(directory),
            "FIRST_PORT": str(self.first),
            "TMPDIR": str(directory),
        }
        self.running = {}

    def start(self):
        for port in range(self.first, self.first + NODES):
            self._start("valkey.sh", str(port))
        self._start("valkey-cluster.sh")

    def _start(self, script: str, *arguments: str):
        log = (self.directory / f"{''.join(arguments) or script}.log").open("a")
        command = ["sh", DIRECTORY / script, *arguments]
        name = arguments[0] if arguments else script
        self.running[name] = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def stop(self, name: str):
        process = self.running.pop(name)
        process.terminate()
        process.wait(20)

    def stop_all(self):
        for name in list(self.running):
            self.stop(name)
        # As the memory of a container that was stopped.
        (self.directory / "valkey-cluster.made").unlink(missing_ok=True)

    def is_healthy(self) -> bool:
        command = ["sh", DIRECTORY / "valkey-cluster.sh", "health"]
        return subprocess.run(command, env=self.environment, capture_output=True).returncode == 0

    def wait_until_healthy(self):
        wait_for(self.is_healthy, f"the health of the cluster; its logs are in {self.directory}")

    def ask(self, offset: int, *command: str, password: str | None = None) -> str:
        environment = self.environment | ({"REDISCLI_AUTH": password} if password is not None else {})
        run = subprocess.run(
            ["valkey-cli", "-e", "-p", str(self.first + offset), *command], env=environment, capture_output=True, text=True
        )
        return run.stdout + run.stderr

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.start()
    try:
        made.wait_until_healthy()
        yield made
    finally:
        made.stop_all()


def test_three_primaries_have_a_replica_each(cluster):
    nodes = cluster.ask(0, "cluster", "nodes").splitlines()
    primaries = {line.split()[0] for line in nodes if "master" in line.split()[2]}
    followed = [line.split()[3] for line in nodes if "slave" in line.split()[2]]
    assert len(nodes) == NODES and len(primaries) == 3 and set(followed) == primaries and len(followed) == 3


def test_clients_are_sent_to_the_name(cluster):
    def told() -> list[tuple[str, str]]:
        lines = cluster.ask(3, "cluster", "slots").splitlines()
        return [(host, port) for host, port in zip(lines, lines[1:]) if port in ports]

    ports = {str(cluster.first + offset) for offset in range(NODES)}
    wait_for(lambda: {port for _, port in told()} == ports, "every node is known to every other")
    assert {host for host, _ in told()} == {"valkey-cluster"}
    moved = cluster.ask(0, "get", "foo")
    # `foo` is in slot 12182: the third primary's.
    assert re.search(rf"MOVED 12182 valkey-cluster:{cluster.first + 2}", moved), moved


def test_who_has_no_password_is_not_let_in(cluster):
    assert "NOAUTH" in cluster.ask(0, "get", "foo", password="")
    assert "WRONGPASS" in cluster.ask(0, "get", "foo", password="another")


def test_the_password_is_in_no_command_line(cluster):
    password = cluster.environment["REDISCLI_AUTH"]
    for process in cluster.running.values():
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            assert password.encode() not in file.read()


def test_a_restart_finds_the_cluster_again(cluster):
    before = {line.split()[0] for line in cluster.ask(0, "cluster", "nodes").splitlines()}
    assert "OK" in cluster.ask(2, "set", "foo", "kept")
    cluster.stop_all()
    assert not cluster.is_healthy()
    cluster.start()
    cluster.wait_until_healthy()
    assert {line.split()[0] for line in cluster.ask(0, "cluster", "nodes").splitlines()} == before
    assert "the nodes are a cluster already" in cluster.log("valkey-cluster.sh")
    wait_for(lambda: any("kept" in cluster.ask(offset, "get", "foo") for offset in range(NODES)), "the value is there again")


def test_a_replica_takes_over(cluster):
    def master(offset: int) -> bool:
        return "role:master" in cluster.ask(offset, "info", "replication")

    gone = next(offset for offset in range(NODES) if master(offset))
    primaries = {offset for offset in range(NODES) if master(offset)}
    cluster.stop(str(cluster.first + gone))
    left = [offset for offset in range(NODES) if offset != gone]
    wait_for(lambda: sum(master(offset) for offset in left) == len(primaries), "a replica takes over")
    cluster.wait_until_healthy()


@pytest.mark.parametrize("password", ["", 'with"quote', "with\nline", "with blank"])
def test_a_password_that_would_be_read_otherwise_is_refused(password, tmp_path):
    environment = os.environ | {"REDISCLI_AUTH": password, "VALKEY_DATA": str(tmp_path)}
    run = subprocess.run(["sh", DIRECTORY / "valkey.sh"], env=environment, capture_output=True, text=True)
    assert run.returncode == 64 and "letters, digits" in run.stderr
