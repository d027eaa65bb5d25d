"""The access strings of the module, given to a real Valkey: they are enough for the service and for subscribers, and no more.

`POOL_MANAGER` names the binary of the service; without it the one that cargo built is taken.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from terraform_engine import Settings, settings  # noqa: F401: a fixture

SERVICE, CONSUMER, ADMINISTRATOR = "password-of-the-service", "password-of-subscribers", "password-of-the-test"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Valkey:
    """A server whose `default` and `pool-manager` are as ElastiCache makes them: new users with these access strings."""

    def __init__(self, port: int) -> None:
        self.port = port

    def asks(self, password: str, *command: str, user: str = "") -> str:
        """What the server answers, errors too."""
        login = ["--user", user] if user else []
        environment = {**os.environ, "REDISCLI_AUTH": password}
        arguments = ["valkey-cli", "-h", "127.0.0.1", "-p", str(self.port), *login, *command]
        answer = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=10)
        return (answer.stdout + answer.stderr).strip()

    def administers(self, *command: str) -> str:
        return self.asks(ADMINISTRATOR, *command, user="administrator")

    def makes(self, user: str, password: str, access_string: str) -> None:
        answer = self.administers("ACL", "SETUSER", user, "reset", f">{password}", *access_string.split(" "))
        assert answer == "OK", answer

    def hears(self, *subscription: str) -> str:
        """What a subscriber without a user name gets first."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            for command in (("AUTH", CONSUMER), subscription):
                parts = "".join(f"${len(part)}\r\n{part}\r\n" for part in command)
                connection.sendall(f"*{len(command)}\r\n{parts}".encode())
                answer = connection.recv(4096).decode()
            return answer


@pytest.fixture(scope="module")
def valkey(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    outputs = settings.of("production").allowed()
    directory = tmp_path_factory.mktemp("valkey")
    server = Valkey(free_port())
    lines = [f"port {server.port}", "bind 127.0.0.1", f"dir {directory}", 'save ""', f"user administrator on >{ADMINISTRATOR} ~* &* +@all"]
    (directory / "valkey.conf").write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(["valkey-server", directory / "valkey.conf"], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while server.administers("PING") != "PONG":
            assert time.monotonic() < end, "valkey-server did not begin to answer"
            time.sleep(0.05)
        server.makes("pool-manager", SERVICE, outputs["service_access_string"])
        server.makes("default", CONSUMER, outputs["consumer_access_string"])
        yield server
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def service(valkey: Valkey, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "CACHE_MODE": "single",
        "CACHE_ADDRS": f"127.0.0.1:{valkey.port}",
        "CACHE_USERNAME": "pool-manager",
        "CACHE_PASSWORD": SERVICE,
        "LOG_LEVEL": "error",
    }


def runs(service: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    binary = Path(os.environ.get("POOL_MANAGER", Path(__file__).parents[2] / "target" / "debug" / "pool-manager")).resolve()
    assert binary.is_file(), f"POOL_MANAGER names the binary of the service; there is none at {binary}"
    return subprocess.run([binary, *arguments], env=service, capture_output=True, text=True, timeout=60)


def lines(answer: subprocess.CompletedProcess) -> list[dict]:
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_access_strings_keep_the_rules_of_elasticache(settings: Settings) -> None:
    outputs = settings.of("production").allowed()
    for name in ("service_access_string", "consumer_access_string"):
        rules = outputs[name].split(" ")
        assert rules[0] == "on", "without it a user is off"
        assert "-@all" in rules, "what is not named is refused"
        assert not [rule for rule in rules if rule[0] in "><#!" or rule in ("nopass", "reset", "+@all", "allcommands", "&*", "allchannels")], name
        assert len(rules) == len(set(rules))
    commands = {rule for rule in outputs["consumer_access_string"].split(" ") if rule[0] == "+"}
    assert commands == {"+ping", "+subscribe", "+unsubscribe", "+client|setinfo", "+client|setname"}


def test_the_service_is_given_what_its_document_lists(settings: Settings, root: Path) -> None:
    _, document = (root / "docs" / "ARCHITECTURE.md").read_text().split("ACL SETUSER pool-manager on >PASSWORD")
    documented = set(document.split("\n\n")[0].split())
    given = set(settings.of("staging").allowed()["service_access_string"].split())
    assert given == documented | {"on", "resetchannels", "-@all"}


def test_the_service_finds_nothing_amiss(service: dict[str, str]) -> None:
    """Its preflight connects as its own user, scans, and looks at what kind of server it is."""
    answer = runs(service, "doctor")
    assert "NOPERM" not in answer.stdout + answer.stderr
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_service_lists_reads_counts_and_deletes(valkey: Valkey, service: dict[str, str]) -> None:
    for number in range(20):
        assert valkey.asks(SERVICE, "SET", f"tenant:{number}", "value", "EX", "60", user="pool-manager") == "OK"
    assert len(lines(runs(service, "cache", "keys", "--pattern", "tenant:*"))) >= 20
    assert runs(service, "cache", "get", "tenant:1").returncode == 0
    assert lines(runs(service, "cache", "stats"))
    (report,) = lines(runs(service, "cache", "delete", "--pattern", "tenant:*"))[-1:]
    assert report["deleted"] == 20, report


def test_the_service_may_do_nothing_else(valkey: Valkey) -> None:
    for command in (["CONFIG", "GET", "*"], ["FLUSHALL"], ["KEYS", "*"], ["ACL", "LIST"], ["SWAPDB", "0", "1"], ["MONITOR"], ["PUBLISH", "other", "x"], ["CLIENT", "KILL", "ID", "1"], ["PUBSUB", "CHANNELS"], ["SUBSCRIBE", "tenant-events:staging:"]):
        assert valkey.asks(SERVICE, *command, user="pool-manager").startswith("NOPERM"), command


def test_the_operator_sees_who_listens(valkey: Valkey) -> None:
    channel = "tenant-events:staging:"
    assert valkey.asks(SERVICE, "PUBSUB", "NUMSUB", channel, user="pool-manager").split() == [channel, "0"]
    listener = subprocess.Popen(
        ["valkey-cli", "-p", str(valkey.port), "SUBSCRIBE", channel], env={**os.environ, "REDISCLI_AUTH": CONSUMER}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert listener.stdout.readline().strip() == "subscribe"
        assert valkey.asks(SERVICE, "PUBSUB", "NUMSUB", channel, user="pool-manager").split() == [channel, "1"]
    finally:
        listener.kill()
        listener.wait()


def test_nobody_gets_in_without_a_password(valkey: Valkey) -> None:
    assert valkey.asks("", "PING").startswith("NOAUTH")
    assert "WRONGPASS" in valkey.asks("another-password", "PING")


def test_a_subscriber_hears_what_the_service_tells(valkey: Valkey) -> None:
    assert valkey.asks(CONSUMER, "PING") == "PONG"
    for environment in ("staging", "production"):
        channel = f"tenant-events:{environment}:"
        assert valkey.hears("SUBSCRIBE", channel).startswith("*3\r\n$9\r\nsubscribe\r\n")
        assert valkey.asks(SERVICE, "PUBLISH", channel, "{}", user="pool-manager").isdigit()


def test_a_subscriber_tells_its_name_without_a_refusal(valkey: Valkey) -> None:
    """Clients do so on every connection; a refusal would be counted."""
    assert valkey.asks(CONSUMER, "CLIENT", "SETINFO", "LIB-NAME", "go-redis") == "OK"
    assert valkey.asks(CONSUMER, "CLIENT", "SETNAME", "ledger") == "OK"


@pytest.mark.parametrize(
    "command",
    [
        ["GET", "tenant:1"], ["SET", "tenant:1", "x"], ["PUBLISH", "tenant-events:staging:", "{}"], ["KEYS", "*"], ["SCAN", "0"],
        ["CONFIG", "GET", "*"], ["INFO"], ["FLUSHALL"], ["EVAL", "return 1", "0"], ["CLIENT", "LIST"], ["ACL", "WHOAMI"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_subscriber_may_do_nothing_else(valkey: Valkey, command: list[str]) -> None:
    assert valkey.asks(CONSUMER, *command).startswith("NOPERM"), command


@pytest.mark.parametrize("subscription", [("SUBSCRIBE", "other"), ("SUBSCRIBE", "__keyspace@0__:x"), ("PSUBSCRIBE", "*"), ("SSUBSCRIBE", "tenant-events:staging:")])
def test_a_subscriber_hears_nothing_else(valkey: Valkey, subscription: tuple[str, str]) -> None:
    assert valkey.hears(*subscription).startswith("-NOPERM"), subscription


def test_channels_can_be_narrowed(settings: Settings, valkey: Valkey) -> None:
    narrow = settings.of("staging", consumer_channels=["tenant-events:staging:"]).allowed()["consumer_access_string"]
    wide = settings.of("staging").allowed()["consumer_access_string"]
    valkey.makes("default", CONSUMER, narrow)
    try:
        assert valkey.hears("SUBSCRIBE", "tenant-events:production:").startswith("-NOPERM")
        assert "subscribe" in valkey.hears("SUBSCRIBE", "tenant-events:staging:")
    finally:
        valkey.makes("default", CONSUMER, wide)
