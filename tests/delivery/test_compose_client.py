"""What Docker's own client says of docker-compose.yml, where there is one. It needs no engine for that."""

import json
import os
import re
import shutil
import subprocess

import pytest

from compose_file import CLUSTER, LOCAL, ROOT, environment_of, required_variables


def client() -> list[str] | None:
    """`docker compose`, or the same program by its older name."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            return command
    return None


CLIENT = client()
pytestmark = pytest.mark.skipif(CLIENT is None, reason="there is no `docker compose` here")


def run(*arguments) -> subprocess.CompletedProcess:
    # Nothing that the caller has set is filled in.
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run([*CLIENT, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


def project(*files) -> dict:
    arguments = [word for file in files for word in ("--env-file", str(file))]
    shown = run(*arguments, "config", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    return json.loads(shown.stdout)


@pytest.mark.parametrize("files", [[LOCAL], [LOCAL, CLUSTER]], ids=["local", "cluster"])
def test_the_client_takes_it(files):
    services = project(*files)["services"]
    in_cluster = [name for name in services if name.startswith("valkey-")]
    assert len(in_cluster) == (7 if CLUSTER in files else 0)
    environment = services["pool-manager"]["environment"]
    handed_on = {"LOG_LEVEL", "BOOTSTRAP_ADMIN_API_KEY"}
    assert {name: value for name, value in environment.items() if name not in handed_on} == environment_of("pool-manager", *files)
    assert all(environment.get(name) is None for name in handed_on)
    for name, service in services.items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and int(service["mem_limit"]) > 0, name


def test_without_passwords_it_says_where_they_are(tmp_path):
    empty = tmp_path / "empty.env"
    empty.write_text("")
    refused = run("--env-file", str(empty), "config")
    assert refused.returncode != 0
    name = re.search(r"required variable (\w+) is missing a value: see deploy/compose/local.env", refused.stderr)
    assert name and name[1] in required_variables(), refused.stderr
