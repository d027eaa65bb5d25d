"""`pool-manager doctor --values` says of a values file what the chart says of it when it is rendered."""

import json
import os
import subprocess

import pytest

# What the Secrets would bring; nothing is connected to.
SECRETS = {
    "CACHE_ADDRS": "clustercfg.pool.abc123.use2.cache.amazonaws.com:6379",
    "CACHE_USERNAME": "pool-manager",
    "CACHE_PASSWORD": "not-a-real-password-0123456789",
    "MONGO_URI": "mongodb://user:not-real@mongo/",
    "RABBITMQ_URI": "amqps://user:not-real@rabbitmq/",
    "BOOTSTRAP_ADMIN_API_KEY": "not-a-real-key",
    "SECRETS_ENCRYPTION_KEY": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
}


def doctor(tmp_path, *files, secrets=SECRETS):
    binary = os.environ.get("POOL_MANAGER")
    assert binary, "set POOL_MANAGER to the binary, as cargo xtask deliver does"
    arguments = [word for file in files for word in ("--values", str(file))]
    environment = {**secrets, "DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [binary, "doctor", "--offline", "--json", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    bad = [check for check in report["checks"] if check["verdict"] in ("fault", "misconfigured")]
    assert (done.returncode == 0) == (not bad), done
    return [check["detail"] for check in bad]


@pytest.mark.parametrize("name", ["staging", "production", "trial"])
def test_the_examples_of_the_chart_are_well(root, tmp_path, name):
    chart = root / "charts/pool-manager"
    secrets = dict(SECRETS)
    if name == "staging":
        secrets["CACHE_ADDRS"] = "master.pool.abc123.use2.cache.amazonaws.com:6379"
    if name == "trial":
        # It brings none, and needs none.
        secrets = {}
    faults = doctor(tmp_path, chart / f"examples/{name}.yaml", secrets=secrets)
    assert not faults


def test_the_values_of_the_request_are_refused_with_the_reasons(root, tmp_path):
    (request,) = sorted((root / "tests/delivery/values").glob("request-pool-manager*.yaml"))
    faults = doctor(tmp_path, request)
    for reason in [
        "env: the chart has no such value",
        "envFrom: the chart has no such value",
        "env.CACHE_ADDRS: blank, and hides what the Secret has",
        "env.CACHE_PASSWORD: blank, and hides what the Secret has",
    ]:
        assert any(fault.startswith(reason) for fault in faults), (reason, faults)


@pytest.mark.parametrize("name", ["staging", "production"])
def test_what_secrets_bring_is_no_fault_where_they_are_not(root, tmp_path, name):
    example = root / f"charts/pool-manager/examples/{name}.yaml"
    assert not doctor(tmp_path, example, secrets={})


def test_telemetry_in_clear_is_refused_as_the_chart_refuses_it(root, tmp_path):
    values = tmp_path / "values.yaml"
    example = (root / "charts/pool-manager/examples/staging.yaml").read_text()
    values.write_text("poolManager: {configmap: {ENABLE_TELEMETRY: true, ALLOW_INSECURE_OTEL: null}}")
    faults = doctor(tmp_path, root / "charts/pool-manager/examples/staging.yaml", values)
    assert any("sends in clear text" in fault for fault in faults), (faults, example)
