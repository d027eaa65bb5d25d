"""Every mistake that the module without a provider refuses, by Terraform itself, with the sentence that it says."""

import re
from pathlib import Path

import pytest

from terraform_engine import TERRAFORM, Settings, planned, settings  # noqa: F401: a fixture

MODULE = TERRAFORM / "modules" / "valkey-settings"
TOKEN = {"authentication": "token", "auth_token_update_strategy": "SET"}
GOOD_TOKEN = "abcdefgh!&#$^<>-"

# Environment, inputs beside the right ones, and the beginning of the sentence or what tells it from others.
REFUSED = [
    # What Valkey is made by.
    ("staging", {"cluster_id": "lerian-valkey-staging"}, "cluster_id belongs to aws_elasticache_cluster"),
    ("staging", {"num_cache_nodes": 1}, "num_cache_nodes belongs to aws_elasticache_cluster"),
    ("staging", {"num_cache_clusters": 1}, "num_cache_clusters is called node_count here."),
    ("production", {"num_node_groups": 3}, "num_node_groups is called shards here."),
    ("production", {"replicas_per_node_group": 1}, "replicas_per_node_group is called replicas_per_shard here."),
    ("production", {"cluster_mode_enabled": True}, "cluster_mode_enabled is called cluster_mode here."),
    ("production", {"replication_group_id": "lerian-valkey-prod"}, "replication_group_id is called name here"),
    ("staging", {"engine": "redis"}, 'engine is "redis"; the service is tested with Valkey'),
    ("staging", {"engine_version": "7.1"}, 'engine_version is "7.1"; Valkey begins with 7.2'),
    ("staging", {"engine_version": "8.0.1"}, 'engine_version is "8.0.1"; Valkey begins with 7.2'),
    ("staging", {"auto_minor_version_upgrade": True}, "auto_minor_version_upgrade = true: after AWS had gone"),
    # Parameter groups.
    ("production", {"parameter_group_name": "default.valkey8"}, 'which does not fit cluster mode of Valkey 8.0: write "default.valkey8.cluster.on"'),
    ("staging", {"parameter_group_name": "default.valkey8.cluster.on"}, 'which does not fit a group without cluster mode of Valkey 8.0: write "default.valkey8"'),
    ("staging", {"parameter_group_name": "default.valkey7"}, 'parameter_group_name is "default.valkey7", which does not fit'),
    ("staging", {"parameter_group_name": "mine", "parameters": {"timeout": "0"}}, "parameter_group_name and parameters are both given"),
    ("production", {"parameters": {"cluster-enabled": "no"}}, "parameters names cluster-enabled"),
    # The network.
    ("staging", {"security_group_ids": ["sg-mine"]}, "security_group_ids has no place here"),
    ("staging", {"ingress_to_port": 6380}, "ingress_to_port opens a range of ports."),
    ("staging", {"egress_cidr_blocks": ["0.0.0.0/0"]}, "egress_cidr_blocks has no place here"),
    ("staging", {"port": 6380}, "port is 6380, which is no TLS port of a node"),
    ("staging", {"port": 0}, "port is 0; write 6379."),
    ("staging", {"vpc_id": None}, "vpc_id is absent: the module makes the security group, in the VPC of the subnets."),
    ("staging", {"client_security_group_ids": []}, "client_security_group_ids is empty"),
    ("staging", {"at_rest_encryption_enabled": False}, "at_rest_encryption_enabled = false: snapshots hold"),
    ("staging", {"transit_encryption_enabled": False}, "transit_encryption_enabled = false: passwords and AUTH tokens need TLS."),
    # Nodes, fail-over, zones.
    ("staging", {"automatic_failover_enabled": True}, "automatic_failover_enabled = true with node_count = 1: nobody is there to take over."),
    ("staging", {"multi_az_enabled": True}, "multi_az_enabled = true with node_count = 1: one node stands in one zone."),
    ("staging", {"node_count": 2, "automatic_failover_enabled": False}, "multi_az_enabled = true without automatic_failover_enabled"),
    ("staging", {"cluster_mode": True, "shards": 1, "replicas_per_shard": 0}, "cluster_mode with one shard and no replica is one node"),
    ("production", {"automatic_failover_enabled": False}, "automatic_failover_enabled = false with cluster_mode"),
    ("production", {"replicas_per_shard": 0}, "replicas_per_shard = 0 in production"),
    ("production", {"cluster_mode": False}, "node_count = 1 in production: a node that fails takes its keys with it"),
    ("production", {"multi_az_enabled": False}, "multi_az_enabled = false in production"),
    ("production", {"subnet_count": 1}, "there is 1 subnet, but multi_az_enabled needs subnets in two zones"),
    ("production", {"node_type": "cache.t4g.medium"}, 'node_type is "cache.t4g.medium" in production: a burstable node'),
    ("staging", {"node_type": "cache.r9x.large"}, 'node_type is "cache.r9x.large", which nodes.tf does not know'),
    ("production", {"expected_data_gib": 57}, "expected_data_gib is 57 and does not fit: the primaries (3 x cache.r7g.large) have 39.21 GiB, of which 25 % are reserved, so 29.40 GiB hold data"),
    ("staging", {"node_count": 7}, "node_count is 7; a group has one primary and at most five replicas"),
    ("production", {"shards": 0}, "shards is 0; write 1 to 90"),
    ("production", {"replicas_per_shard": 6}, "replicas_per_shard is 6; write 0 to 5."),
    ("staging", {"name": "Lerian_Valkey"}, "name must have 1 to 30 lower-case letters"),
    ("staging", {"name": "a-name-that-is-longer-than-thirty"}, "name must have 1 to 30 lower-case letters"),
    ("staging", {"cluster_mode": None}, "cluster_mode is absent: write false for one shard (CACHE_MODE=single) or true for several"),
    ("staging", {"environment": None}, "environment is absent: write \"staging\" or \"production\"."),
    ("staging", {"environment": "Staging"}, 'environment must be "staging" or "production", in lower case'),
    ("staging", {"snapshot_retention_limit": 36}, "snapshot_retention_limit must be 0 to 35 days."),
    # Tokens, users and their rotation.
    ("staging", {"authentication": "none"}, 'authentication is "none"; write "users" or "token".'),
    ("staging", {**TOKEN, "auth_token": GOOD_TOKEN + "@"}, "auth_token must have 16 to 128 letters, digits and of signs only ! & # $ ^ < > -"),
    ("staging", {**TOKEN, "auth_token": "fifteen-letters"}, "auth_token must have 16 to 128 letters"),
    ("staging", {**TOKEN, "auth_token": "x" * 129}, "auth_token must have 16 to 128 letters"),
    ("staging", {"auth_token": GOOD_TOKEN}, 'auth_token is given, but authentication is "users"'),
    ("staging", {"authentication": "token"}, "auth_token_update_strategy is absent: the provider has no default"),
    ("staging", {**TOKEN, "auth_token_update_strategy": "DELETE"}, 'auth_token_update_strategy = "DELETE" with authentication = "token"'),
    ("staging", {**TOKEN, "auth_token_update_strategy": "rotate"}, 'auth_token_update_strategy must be "SET", "ROTATE" or "DELETE", in capitals.'),
    ("staging", {"auth_token_update_strategy": "SET"}, 'auth_token_update_strategy = "SET" with authentication = "users", where there is no token.'),
    ("staging", {**TOKEN, "auth_token_update_strategy": "ROTATE"}, 'auth_token_update_strategy = "ROTATE" is a step, not a state: the old one stays valid until auth_token_update_strategy = "SET".'),
    ("staging", {**TOKEN, "auth_token_update_strategy": "ROTATE", "rotation_started_on": "2020-01-31"}, "a rotation was begun on 2020-01-31 and not finished within 7 days"),
    ("staging", {"service_password_version": 2, "service_previous_password_valid": True}, "a previous password is a step, not a state"),
    ("staging", {"rotation_started_on": "2999-01-31"}, "rotation_started_on is given, but nothing is being rotated"),
    ("staging", {"rotation_started_on": "31.01.2999"}, "rotation_started_on must be a day such as 2026-01-31."),
    ("staging", {"service_previous_password_valid": True, "rotation_started_on": "2999-01-31"}, "service_previous_password_valid = true with service_password_version = 1: there was none before."),
    ("staging", {"consumer_previous_password_valid": True, "rotation_started_on": "2999-01-31"}, "consumer_previous_password_valid = true with consumer_password_version = 1: there was none before."),
    ("staging", {**TOKEN, "service_previous_password_valid": True}, 'a previous password is to stay valid, but authentication is "token"'),
    ("staging", {**TOKEN, "consumer_password_version": 2}, "consumer_password_version is 2, but with a token subscribers have the same one"),
    ("staging", {"rotation_days": 0}, "rotation_days is 0; write 1 to 90 whole days"),
    ("staging", {"rotation_days": 365}, "rotation_days is 365; write 1 to 90 whole days"),
    ("staging", {"service_password_version": 0}, "service_password_version is 0; count 1, 2, 3."),
    ("staging", {"consumer_password_version": 1.5}, "consumer_password_version is 1.5; count 1, 2, 3."),
    ("staging", {"consumer_channels": ["*"]}, "consumer_channels must name channels of the event bus"),
    ("staging", {"consumer_channels": ["tenant-events:staging: +@all"]}, "consumer_channels must name channels of the event bus"),
    ("staging", {"consumer_channels": ["tenant-events:staging:\n+@all"]}, "consumer_channels must name channels of the event bus"),
    ("staging", {"consumer_channels": ["tenant-events:staging:\t+@all"]}, "consumer_channels must name channels of the event bus"),
    ("staging", {"consumer_channels": ["tenant-events:staging:\n"]}, "consumer_channels must name channels of the event bus"),
    # Alarms.
    ("production", {"cpu_alarm_metric": "EngineCPUUtilization", "cpu_alarm_threshold": 80}, "cpu_alarm_metric is EngineCPUUtilization, but cache.r7g.large has 2 vCPUs"),
    ("production", {"cpu_alarm_threshold": 80}, "cpu_alarm_threshold is 80 % of 2 vCPUs, but the engine uses one of them: at 45 % it is full."),
    ("production", {"cpu_alarm_metric": "CPU"}, 'cpu_alarm_metric must be "CPUUtilization" or "EngineCPUUtilization".'),
    ("production", {"connections_threshold": 1000}, "connections_threshold is 1000, but a node has 68 connections in ordinary use: 6 pods x 3 links and 50 subscribers. Write 69 to 680, or leave it out: 136."),
    ("production", {"connections_threshold": 68}, "connections_threshold is 68, but a node has 68 connections in ordinary use"),
]


@pytest.mark.parametrize(("environment", "inputs", "sentence"), REFUSED, ids=[sentence[:50] for _, _, sentence in REFUSED])
def test_it_is_refused(settings: Settings, environment: str, inputs: dict, sentence: str) -> None:
    settings.of(environment, **inputs).refused_because(sentence)


def test_all_reasons_are_told_at_once(settings: Settings) -> None:
    plan = settings.of("production", cluster_id="x", port=6380, node_type="cache.t4g.small", authentication="token", connections_threshold=1000)
    for sentence in ("cluster_id belongs", "port is 6380", "a burstable node", "auth_token_update_strategy is absent", "connections_threshold is 1000"):
        plan.refused_because(sentence)


def test_what_is_made_in_the_same_apply_holds_no_other_reason_back(settings: Settings) -> None:
    """A token, and the id of a VPC, that are not known before."""
    unknown = {"resource": {"terraform_data": {"made": {"input": "x"}}}}
    inputs = {**Settings.RIGHT["staging"], "vpc_id": "${terraform_data.made.id}", "auth_token": "${terraform_data.made.output}", "auth_token_update_strategy": "SET", "port": 6380}
    plan = planned(settings.directory, MODULE, inputs, beside=unknown)
    plan.refused_because('auth_token_update_strategy = "SET" with authentication = "users", where there is no token.')
    plan.refused_because("port is 6380, which is no TLS port of a node")


def test_a_token_is_never_shown(settings: Settings) -> None:
    plan = settings.of("staging", **{**TOKEN, "auth_token": "a-secret-with-@-in-it"})
    assert plan.is_refused
    # What was typed stands in the configuration that was written, which the frame of the error quotes: so the reasons alone are looked at.
    reasons = plan.refusals[plan.refusals.index("auth_token must have"):]
    assert "a-secret" not in reasons


def sentences(file: Path) -> list[str]:
    """The texts of refusals in a file: what stands alone in a line of a list, and messages of validations."""
    text = file.read_text()
    lists = "".join(re.findall(r"_refusals\s*= compact\(\[(.*?)\n  \]\)", text, re.DOTALL))
    texts = re.findall(r'(?:^|[?:] )\s*"((?:[^"\\]|\\.)+)"(?=[ ,\n])', lists, re.MULTILINE)
    return [text for text in texts if len(text) > 20] + re.findall(r'error_message = "((?:[^"\\]|\\.)+)"', text)


def test_every_refusal_has_a_case() -> None:
    """The longest piece of each text without a value in it stands in this file's own cases, or is led to by them."""
    cases = " ".join(sentence for _, _, sentence in REFUSED)
    found = [text for file in sorted(MODULE.glob("*.tf")) for text in sentences(file)]
    assert len(found) > 50, "the texts were not found in the files"
    for text in found:
        pieces = re.split(r"\$\{[^}]*\}|%[a-z.0-9]+", text.replace('\\"', '"'))
        assert any(piece.strip()[:20] in cases for piece in pieces if len(piece.strip()) > 5), f"no case asserts: {text}"
