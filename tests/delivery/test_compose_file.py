"""docker-compose.yml: how its containers are confined, what they are handed, and that no password is in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from compose_file import CLUSTER, DIRECTORY, FILE, LOCAL, ROOT, environment_of, required_variables, services, values_of
from container_file import stages_of

SERVICES = services()
BUILT = {"pool-manager": ROOT / "Dockerfile", "otel-collector": DIRECTORY / "collector.Dockerfile"}
each_service = pytest.mark.parametrize("name", SERVICES)


def test_it_is_a_compose_file():
    program = Path(sys.executable).with_name("check-jsonschema")
    run = subprocess.run([program, "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@each_service
def test_a_container_is_confined(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"]) and service["pids_limit"] > 0
    if name in BUILT:
        assert stages_of(BUILT[name])[1][-1].value("USER") not in ("root", "0")
    else:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])


@each_service
def test_a_container_says_whether_it_is_well(name):
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD" and len(check["test"]) > 1, "the shell is not needed"
    assert {"interval", "timeout", "retries"} <= set(check)


@each_service
def test_ports_are_on_loopback(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:"), f"{port} can be reached from other machines"


@each_service
def test_what_is_mounted_is_there(name):
    declared = set(re.findall(r"^  ([\w-]+):$", FILE.read_text().split("\nvolumes:\n")[1], re.MULTILINE))
    for volume in SERVICES[name].get("volumes", []):
        source, target, *mode = volume.split(":")
        if source.startswith("./"):
            assert (ROOT / source).is_file() and mode == ["ro"], volume
        else:
            assert source in declared, volume
    # What is written is in a volume or in memory.
    assert target_of_data(name) <= {volume.split(":")[1] for volume in SERVICES[name].get("volumes", [])}


def target_of_data(name: str) -> set[str]:
    image = SERVICES[name].get("image", "").partition(":")[0]
    directories = {"valkey/valkey": {"/data"}, "mongo": {"/data/db", "/data/configdb"}, "rabbitmq": {"/var/lib/rabbitmq"}}
    return set() if name == "valkey-cluster" else directories.get(image, {"/data"} if name == "pool-manager" else set())


def test_the_check_of_the_service_is_that_of_the_image():
    check = stages_of(ROOT / "Dockerfile")[1][-1].value("HEALTHCHECK")
    assert SERVICES["pool-manager"]["healthcheck"]["test"] == ["CMD", *re.findall(r'"([^"]+)"', check)]


def test_the_service_waits_for_all_that_it_talks_to():
    waits = SERVICES["pool-manager"]["depends_on"]
    assert set(waits) == {name for name in SERVICES if not re.fullmatch(r"pool-manager|valkey-node-\d", name)}
    for name, wait in waits.items():
        assert wait["condition"] == "service_healthy"
        assert wait.get("required", True) is ("profiles" not in SERVICES[name])


def test_versions_are_those_that_the_documents_name():
    image = {name: service.get("image", "") for name, service in SERVICES.items()}
    [mongo] = re.findall(r"It needs\s+MongoDB (\d+)", (ROOT / "docs/STORE.md").read_text())
    [valkey] = set(re.findall(r"Valkey (\d+) and RabbitMQ", (ROOT / "README.md").read_text()))
    assert image["mongo"] == f"mongo:{mongo}"
    assert {image[name] for name in image if name.startswith("valkey")} == {f"valkey/valkey:{valkey}"}
    assert re.fullmatch(r"rabbitmq:\d+-management", image["rabbitmq"])


def test_no_password_is_in_it():
    text = FILE.read_text()
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASS|SECRET|AUTH|_KEY", variable):
                assert value is None or re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name}: {variable}"
            for password in re.findall(r"://[^:/]+:(.*)@", str(value)):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", password), f"{name}: {variable}"
    for password in values_of(LOCAL).values():
        assert password not in text
    assert required_variables()
    for reason in re.findall(r"\$\{\w+:\?([^}]*)\}", text):
        assert reason == "see deploy/compose/local.env", "whoever has not set it must be told what to do"


def test_the_local_profile_has_the_passwords_and_nothing_else_has():
    passwords = values_of(LOCAL)
    assert set(passwords) == required_variables()
    for name, password in passwords.items():
        assert password.startswith("local-only-") and re.fullmatch(r"[\w-]+", password), name
    tracked = subprocess.run(["git", "grep", "--untracked", "-lE", "|".join(passwords.values())], cwd=ROOT, capture_output=True, text=True)
    assert tracked.stdout.split() == [LOCAL.relative_to(ROOT).as_posix()], "a password of the local profile is in other files"


def test_the_service_is_handed_only_variables_that_it_knows():
    documented = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/CONFIGURATION.md").read_text(), re.MULTILINE))
    assert set(SERVICES["pool-manager"]["environment"]) <= documented


@pytest.mark.parametrize("files, mode, address", [([LOCAL], "single", "valkey:6379"), ([LOCAL, CLUSTER], "cluster", "valkey-cluster:7000")])
def test_profiles_choose_the_cache(files, mode, address):
    environment = environment_of("pool-manager", *files)
    assert (environment["CACHE_MODE"], environment["CACHE_ADDRS"]) == (mode, address)
    assert environment["DEPLOYMENT_MODE"] == "local"
    hosts = [address, *re.findall(r"(?:@|//)([a-z-]+:\d+)", " ".join(environment.values()))]
    assert len(hosts) == 4
    for host in hosts:
        assert host.partition(":")[0] in SERVICES, host


def test_the_cluster_is_six_nodes_at_one_name():
    nodes = {name: service for name, service in SERVICES.items() if name.startswith("valkey-node-")}
    assert sorted(service["entrypoint"][-1] for service in nodes.values()) == [str(port) for port in range(7000, 7006)]
    for service in nodes.values():
        port = service["entrypoint"][-1]
        assert service["network_mode"] == "service:valkey-cluster" and service["profiles"] == ["cluster"]
        assert service["healthcheck"]["test"] == ["CMD", "valkey-cli", "-e", "-p", port, "ping"]
    assert SERVICES["valkey-cluster"]["ports"] == ["127.0.0.1:7000-7005:7000-7005"]
    assert values_of(CLUSTER)["COMPOSE_PROFILES"] == "cluster"
