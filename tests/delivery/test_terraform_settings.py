"""What the module without a provider decides, by Terraform itself."""

import pytest

from terraform_engine import Settings, settings  # noqa: F401: a fixture


def test_staging_is_one_node_without_cluster_mode(settings: Settings) -> None:
    outputs = settings.of("staging").allowed()
    assert outputs["name"] == "lerian-valkey-staging"
    assert outputs["cache_mode"] == "single"
    assert outputs["topology"] == {
        "num_cache_clusters": 1,
        "num_node_groups": None,
        "replicas_per_node_group": None,
        "automatic_failover_enabled": False,
        "multi_az_enabled": False,
        "snapshot_retention_limit": 1,
    }
    assert outputs["engine"]["parameter_group_name"] == "default.valkey8"
    assert outputs["node_ids"] == ["lerian-valkey-staging-001"]
    assert outputs["port"] == 6379


def test_a_second_node_brings_failover_and_another_zone(settings: Settings) -> None:
    topology = settings.of("staging", node_count=2).allowed()["topology"]
    assert topology["num_cache_clusters"] == 2
    assert topology["automatic_failover_enabled"] and topology["multi_az_enabled"]


def test_production_is_three_shards_with_a_replica_each(settings: Settings) -> None:
    outputs = settings.of("production").allowed()
    assert outputs["name"] == "lerian-valkey-prod"
    assert outputs["cache_mode"] == "cluster"
    assert outputs["topology"] == {
        "num_cache_clusters": None,
        "num_node_groups": 3,
        "replicas_per_node_group": 1,
        "automatic_failover_enabled": True,
        "multi_az_enabled": True,
        "snapshot_retention_limit": 7,
    }
    assert outputs["engine"]["parameter_group_name"] == "default.valkey8.cluster.on"
    assert outputs["node_ids"] == [f"lerian-valkey-prod-000{shard}-00{copy}" for shard in (1, 2, 3) for copy in (1, 2)]
    assert outputs["node"]["memory_gib_usable"] == 29.4, "3 x 13.07 GiB, less the quarter that is reserved"


@pytest.mark.parametrize(
    ("version", "single", "cluster"),
    [
        ("7.2", "default.valkey7", "default.valkey7.cluster.on"),
        ("8.1", "default.valkey8", "default.valkey8.cluster.on"),
        ("9.0", "default.valkey9", "default.valkey9.cluster.on"),
    ],
)
def test_the_parameter_group_follows_version_and_mode(settings: Settings, version: str, single: str, cluster: str) -> None:
    for environment, group in (("staging", single), ("production", cluster)):
        engine = settings.of(environment, engine_version=version).allowed()["engine"]
        assert engine["parameter_group_name"] == group


def test_parameters_make_a_group_of_the_right_mode(settings: Settings) -> None:
    policy = {"maxmemory-policy": "volatile-lfu"}
    single = settings.of("staging", parameters=policy).allowed()["engine"]
    assert single["makes_parameter_group"] and single["parameter_group_name"] is None
    assert single["parameters"] == policy
    cluster = settings.of("production", parameters=policy).allowed()["engine"]
    assert cluster["parameters"] == {**policy, "cluster-enabled": "yes"}


@pytest.mark.parametrize(
    ("node_type", "metric", "threshold"),
    [
        ("cache.t4g.small", "CPUUtilization", 45),
        ("cache.r7g.large", "CPUUtilization", 45),
        ("cache.r7g.xlarge", "EngineCPUUtilization", 80),
    ],
)
def test_the_cpu_alarm_fits_the_vcpus(settings: Settings, node_type: str, metric: str, threshold: int) -> None:
    alarms = settings.of("staging", node_type=node_type).allowed()["alarms"]
    assert (alarms["cpu_metric"], alarms["cpu_threshold"]) == (metric, threshold)


def test_connections_are_counted_of_one_node(settings: Settings) -> None:
    """A pod has two links of its pool at most, and the one on which it is told of changed keys."""
    for pool_size, links in ((20, 3), (2, 3), (1, 2)):
        alarms = settings.of("production", service_replicas=5, service_pool_size=pool_size, consumer_connections=15).allowed()["alarms"]
        assert alarms["expected_connections"] == 5 * links + 15
        assert alarms["connections_threshold"] == 2 * (5 * links + 15)
        assert alarms["new_connections_threshold"] == 3 * (5 * links + 15)


@pytest.mark.parametrize(
    ("consumers", "threshold"),
    [(50, 75), (50, 250), (50, 500), (200, 1000)],
    ids=["a little above", "more than three times", "seven times", "1000 where it means something"],
)
def test_a_threshold_that_means_something_is_allowed(settings: Settings, consumers: int, threshold: int) -> None:
    alarms = settings.of("production", consumer_connections=consumers, connections_threshold=threshold).allowed()["alarms"]
    assert alarms["connections_threshold"] == threshold


def test_a_rotation_of_users_has_two_passwords_and_ends_with_one(settings: Settings) -> None:
    before = settings.of("staging").allowed()["authentication"]
    assert before["service_password_versions"] == ["1"]
    # The clock of the plan is the real one: a day far ahead is not overdue.
    during = {"service_password_version": 2, "service_previous_password_valid": True, "rotation_started_on": "2999-01-31"}
    during = settings.of("staging", **during).allowed()["authentication"]
    assert during["service_password_versions"] == ["1", "2"]
    assert during["service_password_version"] == "2", "the new one is what the service is given"
    assert during["consumer_password_versions"] == ["1"], "subscribers go at their own pace"
    after = settings.of("staging", service_password_version=2).allowed()["authentication"]
    assert after["service_password_versions"] == ["2"]


@pytest.mark.parametrize("strategy", ["SET", "ROTATE"])
def test_a_token_has_a_strategy_and_no_user(settings: Settings, strategy: str) -> None:
    started = {"rotation_started_on": "2999-01-31"} if strategy == "ROTATE" else {}
    plan = settings.of("staging", authentication="token", auth_token_update_strategy=strategy, **started)
    authentication = plan.allowed()["authentication"]
    assert authentication["auth_token_update_strategy"] == strategy
    assert authentication["service_username"] == ""


def test_the_move_from_a_token_to_users_is_allowed(settings: Settings) -> None:
    authentication = settings.of("staging", auth_token_update_strategy="DELETE").allowed()["authentication"]
    assert authentication["kind"] == "users"


def test_what_is_already_so_may_be_said(settings: Settings) -> None:
    said = {"at_rest_encryption_enabled": True, "transit_encryption_enabled": True, "auto_minor_version_upgrade": False, "ingress_to_port": 6379}
    settings.of("production", **said).allowed()


def test_tags_are_those_of_every_component(settings: Settings) -> None:
    tags = settings.of("production", additional_tags={"Team": "platform", "ManagedBy": "somebody"}).allowed()["tags"]
    assert tags == {"Name": "lerian-valkey-prod", "Environment": "production", "ManagedBy": "Terraform", "Team": "platform"}
