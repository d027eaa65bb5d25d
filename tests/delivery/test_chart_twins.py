"""What stands in the chart and in the service, too: the same on both sides."""

import re

import pytest
import yaml
from chart import CHARTS, ROOT, VALUES, changed, defaults, render, sentences, values

MINIMAL = values(VALUES / "minimal.yaml")
P = "poolManager"
KINDS = yaml.safe_load((CHARTS / "pool-manager/files/variables.yaml").read_text())
SERVER = (ROOT / "crates/pool-manager/src/config/server.rs").read_text()
APP = (ROOT / "crates/pool-manager/src/app.rs").read_text()
# Their names are not the service's own: libraries read more of them.
OF_LIBRARIES = ("AWS", "OTEL", "RUST")


def seconds(text: str, name: str) -> int:
    [found] = re.findall(rf"const {name}: Duration = Duration::from_secs\((\d+)\);", text)
    return int(found)


def needed(**changes: object) -> int:
    """How many seconds the chart demands for a pod to stop."""
    told = sentences("pool-manager", changed(MINIMAL, {f"{P}.terminationGracePeriodSeconds": 45, **{f"{P}.configmap.{name}": value for name, value in changes.items()}}))
    [found] = re.findall(r"write (\d+) or more$", "\n".join(told), re.MULTILINE)
    return int(found)


def test_a_pod_has_the_time_that_the_service_takes_to_stop():
    grace = seconds(SERVER, "DEFAULT_GRACE")
    [documented] = re.findall(r"^\| `READYZ_DRAIN_GRACE_SECONDS` \| `(\d+)`", (ROOT / "docs/CONFIGURATION.md").read_text(), re.MULTILINE)
    assert grace == int(documented)
    beyond = needed(READYZ_DRAIN_GRACE_SECONDS=20) - 20
    assert needed() == grace + beyond, "the chart counts with another default"
    ends = re.findall(r"const \w+_LIMIT: Duration = Duration::from_secs\((\d+)\);", APP)
    assert len(ends) >= 4, "the limits of the end were not found"
    assert seconds(SERVER, "DRAIN_LIMIT") + sum(map(int, ends)) <= beyond
    assert defaults("pool-manager")[P]["terminationGracePeriodSeconds"] >= grace + beyond


def test_the_migration_gets_every_plain_variable_of_the_store():
    plain = {name for name, kind in KINDS.items() if kind == "plain" and name.startswith("MONGO_")}
    assert len(plain) >= 3
    made = render("pool-manager", changed(MINIMAL, {f"{P}.configmap.{name}": "x" for name in plain}))
    [container] = made.one("Job", "migrate")["spec"]["template"]["spec"]["containers"]
    assert plain <= {one["name"] for one in container["env"]}


@pytest.mark.parametrize("word", sorted({name.split("_")[0] for name in KINDS if "_" in name}))
def test_a_misspelt_name_is_found_by_its_first_word(word):
    name = f"{word}_MISSPELT"
    told = sentences("pool-manager", changed(MINIMAL, {f"{P}.extraEnvVars": [{"name": name, "value": "x"}]}))
    expected = [] if word in OF_LIBRARIES else [f"{P}.extraEnvVars: {name}: the service has no variable of this name; see docs/CONFIGURATION.md for the right one"]
    assert told == expected


def test_the_network_policy_lets_everything_through_that_the_service_needs():
    made = render("pool-manager", changed(MINIMAL, {f"{P}.networkPolicy.enabled": True}))
    open_ports = {one["port"] for rule in made.one("NetworkPolicy")["spec"]["egress"] if "to" not in rule for one in rule["ports"]}
    # Names, Valkey, MongoDB and DocumentDB, RabbitMQ with TLS, AWS and issuers, the collector.
    assert open_ports >= {53, 6379, 27017, 5671, 443, 4317}
