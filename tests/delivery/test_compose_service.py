"""What the service itself says of the environment that docker-compose.yml hands it."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from compose_file import CLUSTER, LOCAL, ROOT, environment_of
from container_file import stages_of

# What cannot be reached without the other containers.
ELSEWHERE = {"record store", "cache", "events", "telemetry"}


def image_environment() -> dict[str, str]:
    stage = stages_of(ROOT / "Dockerfile")[1][-1]
    arguments = dict(argument.split("=", 1) for argument in stage.values("ARG"))
    entries = dict(entry.split("=", 1) for entry in shlex.split(" ".join(stage.values("ENV"))))
    return {name: arguments.get(value.removeprefix("$"), value) for name, value in entries.items()}


def examined(tmp_path: Path, environment: dict[str, str]) -> tuple[int, list[dict]]:
    program = Path(os.environ.get("POOL_MANAGER", ROOT / "target" / "debug" / "pool-manager")).resolve()
    assert program.is_file(), f"POOL_MANAGER names the binary of the service; there is none at {program}"
    everything = image_environment() | environment | {"DATA_DIR": str(tmp_path), "SERVER_PORT": "0"}
    run = subprocess.run([program, "doctor", "--json"], env=everything, capture_output=True, text=True, timeout=120)
    return run.returncode, json.loads(run.stdout)["checks"]


@pytest.mark.parametrize("files", [[LOCAL], [LOCAL, CLUSTER]], ids=["local", "cluster"])
def test_it_has_no_fault_but_that_nobody_is_there(files, tmp_path):
    code, rows = examined(tmp_path, environment_of("pool-manager", *files))
    assert code == 1, "64 would say that the configuration must change"
    faults = {row["subject"] for row in rows if row["verdict"] != "ok"}
    assert faults == ELSEWHERE, [row for row in rows if row["verdict"] != "ok"]
    addresses = {row["detail"] for row in rows if row["subject"] == "cache"}
    assert len(addresses) == 1 and environment_of("pool-manager", *files)["CACHE_ADDRS"] in addresses.pop()
