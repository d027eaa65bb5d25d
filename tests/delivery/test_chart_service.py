"""The service itself takes what the charts give it: the environment of a rendered pod has no fault of the configuration, and what the
chart demands is what the service demands.

`POOL_MANAGER` names the binary: `cargo xtask deliver` builds it and sets the variable. By hand: `cargo build -p pool-manager`, then
`POOL_MANAGER=target/debug/pool-manager`."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from chart import VALUES, Rendered, changed, defaults, example, render, sentences, values
from chart_pod import environment, secrets_of

KEY = base64.b64encode(b"k" * 32).decode()
SERVICE = {
    "MONGO_URI": "mongodb://pool-manager:s3cret@127.0.0.1:1/",
    "BOOTSTRAP_ADMIN_API_KEY": "a-key-of-the-first-operator-0123456789",
    "SECRETS_ENCRYPTION_KEY": KEY,
    "RABBITMQ_URI": "amqp://pool-manager:s3cret@127.0.0.1:1/",
}
VALKEY = {"CACHE_ADDRS": "127.0.0.1:1", "CACHE_PASSWORD": "s3cret-s3cret-s3cret", "CACHE_USERNAME": ""}
# The entries in AWS Secrets Manager; those of Valkey as the Terraform module names and fills them.
REMOTE = {
    "pool-manager/production/variables": SERVICE,
    "pool-manager/production/lerian-valkey-prod/service": VALKEY,
    "pool-manager/staging/lerian-valkey-staging/service": VALKEY,
}
OWN = {
    "pool-manager-credentials": SERVICE,
    "pool-manager.credentials": SERVICE,
    "valkey-credentials": {name: VALKEY[name] for name in ("CACHE_ADDRS", "CACHE_PASSWORD")},
    "broker": {"uri": SERVICE["RABBITMQ_URI"]},
}
EVERYTHING = values(VALUES / "everything.yaml")
# The listener's certificate is looked at, so it would have to be one; probes are tested elsewhere.
EVERYTHING["poolManager"]["tls"] = {"existingSecretName": ""}
GIVEN = {
    "staging": example("pool-manager", "staging"),
    "production": example("pool-manager", "production"),
    "trial": example("pool-manager", "trial"),
    "inline": values(VALUES / "inline.yaml"),
    "everything": EVERYTHING,
}


@pytest.fixture(scope="session")
def binary() -> Path:
    named = os.environ.get("POOL_MANAGER")
    assert named, "POOL_MANAGER names no binary: run `cargo xtask deliver`, or build it and set POOL_MANAGER=target/debug/pool-manager"
    path = Path(named).resolve()
    assert path.is_file(), f"POOL_MANAGER={named}: there is no such file"
    return path


def run(binary: Path, environment: dict[str, str], directory: Path, *arguments: str) -> subprocess.CompletedProcess:
    known = {**environment, "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run([binary, *arguments], env=known, cwd=directory, capture_output=True, text=True, timeout=120, check=False)


def checks(binary: Path, environment: dict[str, str], directory: Path, *arguments: str) -> list[dict]:
    answer = run(binary, environment, directory, "doctor", "--json", *arguments)
    assert answer.stdout.strip().startswith("{"), answer.stderr
    return json.loads(answer.stdout)["checks"]


def misconfigured(rows: list[dict]) -> list[str]:
    return [row["detail"] for row in rows if row["verdict"] == "misconfigured"]


def service_environment(rendered: Rendered, directory: Path) -> dict[str, str]:
    spec = rendered.workload()["spec"]["template"]["spec"]
    return environment(rendered, spec, secrets_of(rendered, REMOTE, OWN), directory)


@pytest.mark.parametrize("name", GIVEN)
def test_the_service_takes_the_environment_of_its_pod(binary, name, tmp_path):
    rendered = render("pool-manager", GIVEN[name])
    variables = service_environment(rendered, tmp_path)
    rows = checks(binary, variables, tmp_path)
    assert not misconfigured(rows), rows
    told = {row["subject"]: row["detail"] for row in rows}
    mode = variables["DEPLOYMENT_MODE"]
    assert told["configuration"].startswith(mode), told
    if name != "trial":
        # It went where the Secret says: to the one address, with TLS, and found nobody.
        assert "127.0.0.1:1" in told["cache"] or name == "inline", told
        assert "MONGO_URI" in told["record store"] and "from BOOTSTRAP_ADMIN_API_KEY" in told["API key"]


@pytest.mark.parametrize("name", ["MONGO_URI", "BOOTSTRAP_ADMIN_API_KEY", "SECRETS_ENCRYPTION_KEY", "CACHE_ADDRS"])
def test_a_blank_secret_would_be_found(binary, name, tmp_path):
    inline = GIVEN["inline"]
    variables = service_environment(render("pool-manager", inline), tmp_path)
    told = misconfigured(checks(binary, {**variables, name: ""}, tmp_path, "--offline"))
    assert [line for line in told if line.startswith(f"{name}: missing")], told


def test_the_chart_demands_what_the_service_demands(binary, tmp_path):
    """Both are given the chart's defaults, and no Secret."""
    plain = {name: str(value) for name, value in defaults("pool-manager")["poolManager"]["configmap"].items()}
    of_service = {line.split(":")[0] for line in misconfigured(checks(binary, plain, tmp_path, "--offline"))}
    bare = {"poolManager": {"valkey": {"existingSecretName": ""}, "secrets": {"RABBITMQ_URI": "amqps://a:b@c/"}}}
    of_chart = {re.sub(r"^poolManager\.(configmap|secrets)\.", "", line.split(":")[0]) for line in sentences("pool-manager", bare)}
    assert len(of_service) >= 5
    # The mode comes with the address, and a password is the chart's own demand.
    assert of_chart - of_service == {"CACHE_MODE", "CACHE_PASSWORD"}
    assert not of_service - of_chart


SPELLINGS = {
    "DEPLOYMENT_MODE": ("saas", "byoc", " saas ", "Saas", "prod"),
    "ENVIRONMENT_NAME": ("staging", "production", " staging", "Staging", "prod", "dev"),
    "CACHE_MODE": ("cluster", "Cluster", "single", "sentinel"),
    "CACHE_TLS_ENABLED": ("true", "True", "false", "FALSE", "yes", "1", "0"),
    "SECRETS_BACKEND": ("aws", "AWS", "embedded"),
    "SERVER_PORT": ("4003", "65535", "65536", "http"),
    "ENABLE_TELEMETRY": ("true", "TRUE", "1", "false", "0"),
    "READYZ_DRAIN_GRACE_SECONDS": ("0", "12", "x", "-1"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, told in SPELLINGS.items() for value in told])
def test_the_chart_refuses_what_the_service_refuses(binary, name, value, tmp_path):
    inline = GIVEN["inline"]
    of_chart = sentences("pool-manager", changed(inline, {f"poolManager.configmap.{name}": value}))
    variables = service_environment(render("pool-manager", inline), tmp_path)
    # The endpoint is the chart's own, and in clear.
    variables |= {"OTEL_EXPORTER_OTLP_ENDPOINT": "10.0.0.1:4317"} if name == "ENABLE_TELEMETRY" else {}
    of_service = misconfigured(checks(binary, {**variables, name: value}, tmp_path, "--offline"))
    assert bool(of_chart) == bool(of_service), (of_chart, of_service)


def test_telemetry_in_clear_is_what_both_want_to_be_told(binary, tmp_path):
    rendered = render("pool-manager", example("pool-manager", "production"))
    variables = {**service_environment(rendered, tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": "10.0.0.1:4317"}
    assert not misconfigured(checks(binary, variables, tmp_path, "--offline"))
    told = misconfigured(checks(binary, {**variables, "ALLOW_INSECURE_OTEL": "false"}, tmp_path, "--offline"))
    assert "clear text" in told[0]


@pytest.mark.parametrize("name", ["staging", "production", "inline"])
def test_the_migration_takes_the_environment_of_its_pod(binary, name, tmp_path):
    rendered = render("pool-manager", GIVEN[name])
    spec = rendered.one("Job", "migrate")["spec"]["template"]["spec"]
    variables = environment(rendered, spec, secrets_of(rendered, REMOTE, OWN), tmp_path)
    answer = run(binary, {**variables, "MONGO_URI": SERVICE["MONGO_URI"]}, tmp_path, *spec["containers"][0]["args"])
    # It wants the record store, and nothing else.
    assert answer.returncode == 1 and "MONGO_URI: the record store does not answer" in answer.stderr, answer.stderr
    assert not list(tmp_path.rglob("*.sqlite"))
    assert misconfigured(checks(binary, {**variables, "DEPLOYMENT_MODE": "saas"}, tmp_path, "--offline"))
