"""What the modules with resources refuse by themselves: their variables, by Terraform itself and without the provider."""

import pytest

from terraform_engine import Values, values  # noqa: F401: a fixture

RIGHT = {
    "valkey": {"environment": "staging", "cluster_mode": False, "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "client_security_group_ids": ["sg-nodes"]},
    "valkey-alarms": {
        "name": "n", "environment": "staging", "node_ids": ["n-001"],
        "thresholds": {"cpu_metric": "CPUUtilization", "cpu_threshold": 45, "connections_threshold": 136, "new_connections_threshold": 204, "freeable_memory_threshold": 1},
    },
}  # fmt: skip

REFUSED = [
    ("valkey", {"log_retention_days": 100}, "log_retention_days is 100, which CloudWatch does not take: write one of 1, 3, 5, 7"),
    ("valkey", {"log_retention_days": 0}, "log_retention_days is 0, which CloudWatch does not take"),
    ("valkey", {"maintenance_window": "Sun:05:00-Sun:07:00"}, 'maintenance_window is "Sun:05:00-Sun:07:00"; write days and hours in UTC, in lower case'),
    ("valkey", {"maintenance_window": "05:00-07:00"}, 'maintenance_window is "05:00-07:00"; write days'),
    ("valkey", {"maintenance_window": "sun:24:00-sun:25:00"}, 'maintenance_window is "sun:24:00-sun:25:00"; write days'),
    ("valkey", {"snapshot_window": "sun:03:00-sun:04:00"}, 'snapshot_window is "sun:03:00-sun:04:00"; write hours in UTC'),
    ("valkey-alarms", {"hit_rate_percentage": 0}, "hit_rate_percentage is 0; below 0 the hit rate never is"),
    ("valkey-alarms", {"hit_rate_percentage": 100}, "hit_rate_percentage is 100; below 0 the hit rate never is"),
    ("valkey-alarms", {"memory_percentage": 100}, "memory_percentage is 100; at 100 keys are evicted already"),
    ("valkey-alarms", {"node_ids": []}, "node_ids is empty: nothing would be watched."),
    ("valkey-alarms", {"environment": "prod"}, 'environment is "prod"; write "staging" or "production".'),
]


@pytest.mark.parametrize("module", RIGHT)
def test_what_is_right_is_allowed(values: Values, module: str) -> None:
    assert values.of(module, "variables.tf", "var.environment", RIGHT[module]).allowed() == "staging"


@pytest.mark.parametrize(("module", "inputs", "sentence"), REFUSED, ids=[sentence[:40] for _, _, sentence in REFUSED])
def test_it_is_refused(values: Values, module: str, inputs: dict, sentence: str) -> None:
    values.of(module, "variables.tf", "var.environment", {**RIGHT[module], **inputs}).refused_because(sentence)
