"""The alarms, evaluated by Terraform without the provider that would make them."""

import re
from pathlib import Path

import pytest

from terraform_engine import TERRAFORM, Values, values  # noqa: F401: a fixture
from terraform_files import parsed

MODULE = TERRAFORM / "modules" / "valkey-alarms"
RUNBOOK = TERRAFORM.parent / "docs" / "RUNBOOK.md"
HOST = {"cpu_metric": "CPUUtilization", "cpu_threshold": 45, "connections_threshold": 136, "new_connections_threshold": 204, "freeable_memory_threshold": 280676112}
NODES = ["lerian-valkey-prod-0001-001", "lerian-valkey-prod-0001-002"]
TEXT = (MODULE / "alarms.tf").read_text()
RESOURCES = dict(re.findall(r'resource "aws_cloudwatch_metric_alarm" "(\w+)" \{(.*?)\n\}', TEXT, re.DOTALL))
ASKED = ("metric_name", "statistic", "comparison_operator", "threshold", "period", "evaluation_periods", "datapoints_to_alarm", "treat_missing_data", "dimensions", "expression")

# Metric, statistic, operator, threshold, seconds of a period, and how many of how many periods raise it.
SINGLE = {
    "CPUUtilization": ("Average", "GreaterThanThreshold", 45, 60, 5, 5),
    "CurrConnections": ("Maximum", "GreaterThanThreshold", 136, 60, 5, 10),
    "NewConnections": ("Sum", "GreaterThanThreshold", 204, 300, 2, 2),
    "DatabaseMemoryUsagePercentage": ("Average", "GreaterThanThreshold", 80, 60, 5, 5),
    "FreeableMemory": ("Average", "LessThanThreshold", 280676112, 60, 5, 5),
    "Evictions": ("Sum", "GreaterThanThreshold", 0, 300, 1, 1),
    "ReplicationLag": ("Average", "GreaterThanThreshold", 1, 60, 5, 5),
    "AuthenticationFailures": ("Sum", "GreaterThanThreshold", 0, 300, 1, 1),
    "CommandAuthorizationFailures": ("Sum", "GreaterThanThreshold", 0, 300, 1, 1),
    "KeyAuthorizationFailures": ("Sum", "GreaterThanThreshold", 0, 300, 1, 1),
    "ChannelAuthorizationFailures": ("Sum", "GreaterThanThreshold", 0, 300, 1, 1),
    "TrafficManagementActive": ("Maximum", "GreaterThanThreshold", 0, 60, 3, 5),
}
# Of metrics that are counted with: the expression, operator, threshold, how many of how many, and what it is made of.
COUNTED = {
    "swap": ("swap - freeable", "GreaterThanThreshold", 0, 5, 5, {"swap": "SwapUsage", "freeable": "FreeableMemory"}, "Average", 60),
    "hit_rate": (
        "IF(hits + misses >= 1000, 100 * hits / (hits + misses), 100)",
        "LessThanThreshold", 30, 6, 6, {"hits": "CacheHits", "misses": "CacheMisses"}, "Sum", 300,
    ),
}


def asked(resource: str) -> str:
    """What a resource asks of CloudWatch, as an expression of Terraform for one alarm."""
    # The arguments of the resource itself and those of the query that it returns: two and four blanks in front.
    arguments = {name: value for name, value in re.findall(r"^(?:  |    )(\w+) += (.+)$", RESOURCES[resource], re.MULTILINE) if name in ASKED}
    return "{" + ", ".join(f"{name} = {value}" for name, value in arguments.items()) + "}"


@pytest.fixture(scope="module")
def evaluated(values: Values) -> dict:
    """What metrics.tf and alarms.tf say for two nodes of two vCPUs: with the variables they need nothing else."""
    inputs = {"name": "lerian-valkey-prod", "environment": "production", "node_ids": NODES, "thresholds": HOST}
    metric = asked("metric").replace("each.", "alarm_.")
    others = ", ".join(f"{name} = {asked(name).replace('each.key', 'var.node_ids[0]')}" for name in ("swap", "hit_rate", "silent"))
    made = f"[for key, value in local.watched : [for alarm_ in [{{key = key, value = value}}] : {metric}][0]]"
    return values.of("valkey-alarms", "metrics.tf", f"{{watched = local.watched, metric = {made}, {others}}}", inputs).allowed()


@pytest.fixture(scope="module")
def alarms(evaluated: dict) -> dict:
    return evaluated["watched"]


def test_each_alarm_of_one_metric_asks_for_what_it_should(evaluated: dict) -> None:
    found = {node: {} for node in NODES}
    for alarm in evaluated["metric"]:
        assert alarm["treat_missing_data"] == "notBreaching"
        window = (alarm["period"], alarm["datapoints_to_alarm"], alarm["evaluation_periods"])
        found[alarm["dimensions"]["CacheClusterId"]][alarm["metric_name"]] = (alarm["statistic"], alarm["comparison_operator"], alarm["threshold"], *window)
    assert found == {node: SINGLE for node in NODES}


def test_a_silent_node_is_one_without_a_sample(evaluated: dict) -> None:
    # Any other statistic of no values is missing, too, and would be below 1 for a node that nobody is connected to.
    assert evaluated["silent"] == {
        "metric_name": "CurrConnections", "dimensions": {"CacheClusterId": NODES[0]}, "statistic": "SampleCount",
        "comparison_operator": "LessThanThreshold", "threshold": 1, "period": 60, "datapoints_to_alarm": 10, "evaluation_periods": 10,
        "treat_missing_data": "breaching",
    }


@pytest.mark.parametrize("name", COUNTED)
def test_each_alarm_that_counts_asks_for_what_it_should(evaluated: dict, name: str) -> None:
    expression, operator, threshold, breaching, of, metrics, statistic, period = COUNTED[name]
    alarm = evaluated[name]
    assert (alarm["expression"], alarm["comparison_operator"], alarm["threshold"]) == (expression, operator, threshold)
    assert (alarm["datapoints_to_alarm"], alarm["evaluation_periods"]) == (breaching, of)
    [made] = [resource[name] for resource in resources() if name in resource]
    assert made["metric_query"][0]["return_data"] == [True]
    query = made["dynamic"][0]["metric_query"]
    assert query["for_each"] == [metrics]
    assert query["content"][0]["id"] == ["${metric_query.key}"]
    assert query["content"][0]["metric"] == [{
        "namespace": ["AWS/ElastiCache"], "metric_name": ["${metric_query.value}"], "dimensions": [{"CacheClusterId": "${each.key}"}],
        "stat": [statistic], "period": [period],
    }]


def resources() -> list[dict]:
    return [block["aws_cloudwatch_metric_alarm"] for block in parsed(MODULE)["alarms.tf"]["resource"]]


def test_every_alarm_is_told_to_the_topic() -> None:
    told = {name: body for resource in resources() for name, body in resource.items()}
    assert set(told) == {"metric", "swap", "hit_rate", "silent"}
    for name, body in told.items():
        assert body["alarm_actions"] == body["ok_actions"] == [["${aws_sns_topic.alarms.arn}"]], name
        assert body.get("actions_enabled", [True]) == [True], name
        assert body["for_each"] == ["${local.watched}" if name == "metric" else "${toset(var.node_ids)}"], name


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
    missing = {name: re.search(r'treat_missing_data\s+= "(\w+)"', body)[1] for name, body in RESOURCES.items()}
    assert missing == {"metric": "notBreaching", "swap": "notBreaching", "hit_rate": "notBreaching", "silent": "breaching"}
