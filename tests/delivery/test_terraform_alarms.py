"""The table of alarms, evaluated by Terraform without the provider that would make them."""

import re
from pathlib import Path

import pytest

from terraform_engine import TERRAFORM, Values, values  # noqa: F401: a fixture

MODULE = TERRAFORM / "modules" / "valkey-alarms"
RUNBOOK = TERRAFORM.parent / "docs" / "RUNBOOK.md"
HOST = {"cpu_metric": "CPUUtilization", "cpu_threshold": 45, "connections_threshold": 136, "new_connections_threshold": 204, "freeable_memory_threshold": 280676112}
NODES = ["lerian-valkey-prod-0001-001", "lerian-valkey-prod-0001-002"]


@pytest.fixture(scope="module")
def alarms(values: Values) -> dict:
    """What metrics.tf says for two nodes of two vCPUs: with the variables it needs nothing else."""
    inputs = {"name": "lerian-valkey-prod", "environment": "production", "node_ids": NODES, "thresholds": HOST}
    return values.of("valkey-alarms", "metrics.tf", "local.watched", inputs).allowed()


def test_every_node_has_every_alarm(alarms: dict) -> None:
    metrics = {alarm["metric"] for alarm in alarms.values()}
    assert {"CPUUtilization", "CurrConnections", "DatabaseMemoryUsagePercentage"} <= metrics, "the three that were asked for, with two vCPUs"
    assert {"Evictions", "ReplicationLag", "AuthenticationFailures", "TrafficManagementActive", "NewConnections"} <= metrics
    assert "EngineCPUUtilization" not in metrics
    assert len(alarms) == len(NODES) * len(metrics)
    assert {alarm["node"] for alarm in alarms.values()} == set(NODES)


def test_thresholds_are_those_given(alarms: dict) -> None:
    of = {alarm["metric"]: alarm["alarm"] for alarm in alarms.values()}
    assert of["CPUUtilization"]["above"] == 45
    assert of["CurrConnections"]["above"] == 136
    assert of["NewConnections"]["above"] == 204
    assert of["DatabaseMemoryUsagePercentage"]["above"] == 80
    assert of["FreeableMemory"]["below"] == 280676112 and of["FreeableMemory"]["above"] is None


def test_each_alarm_has_one_side_and_a_window(alarms: dict) -> None:
    for name, watched in alarms.items():
        alarm = watched["alarm"]
        assert (alarm["above"] is None) != (alarm["below"] is None), name
        assert 1 <= alarm["breaching"] <= alarm["of"], name
        assert alarm["seconds"] in (60, 300), "ElastiCache sends a value a minute"


def headings() -> set[str]:
    return set(re.findall(r"^#{2,4} (.+)$", RUNBOOK.read_text(), re.MULTILINE))


def test_the_runbook_has_the_section_of_each_alarm(alarms: dict) -> None:
    sections = {watched["alarm"]["section"] for watched in alarms.values()}
    sections |= set(re.findall(r'Read \\"([^$\\]+)\\" in', (MODULE / "alarms.tf").read_text()))
    assert {"Alarm: SwapUsage", "Alarm: CacheHitRate", "A dependency is down"} <= sections
    assert sections <= headings(), sections - headings()
    assert "Alarm: EngineCPUUtilization" in headings(), "for nodes of more than two vCPUs"


def test_a_silent_node_is_the_only_one_that_missing_values_tell() -> None:
    text = (MODULE / "alarms.tf").read_text()
    resources = dict(re.findall(r'resource "aws_cloudwatch_metric_alarm" "(\w+)" \{(.*?)\n\}', text, re.DOTALL))
    missing = {name: re.search(r'treat_missing_data\s+= "(\w+)"', body)[1] for name, body in resources.items()}
    assert missing == {"metric": "notBreaching", "swap": "notBreaching", "hit_rate": "notBreaching", "silent": "breaching"}
