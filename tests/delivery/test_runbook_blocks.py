"""What holds for every command of the operators' documents, whether it is run or only parsed."""

import re
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from runbook_aws import count_of, faults_of
from runbook_blocks import Block
from runbook_shell import COMMANDS, RUN, SHOWS
from runbook_stack import only


def test_a_reader_can_tell_what_is_run():
    for block in COMMANDS:
        assert block.needs_platform == (block.run is None), f"{block.place}: is run and needs a platform, or is not run and needs none"


def test_every_block_that_is_run_has_a_test_and_nothing_else_is_promised():
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_runbook*.py"))
    tested = set(re.findall(r'\.(?:run|listen)\(\s*"([a-z0-9-]+)"', tests)) | {"preamble"}
    assert tested == set(RUN)
    assert set(SHOWS) <= set(RUN)


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.place)
def test_the_shell_can_parse(block: Block):
    parsed = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
    assert parsed.returncode == 0 and not parsed.stderr, f"{block.place}: {parsed.stderr}"


def test_aws_knows_its_commands():
    faults = {block.place: faults_of(block.text) for block in COMMANDS}
    assert sum(count_of(block.text) for block in COMMANDS) >= 10
    assert not {place: found for place, found in faults.items() if found}


def test_what_is_wrong_with_an_aws_command_is_found():
    assert faults_of("aws elasticache test-failover --replication-group-id x") == ["aws elasticache test-failover: node-group-id is missing"]
    assert faults_of("aws elasticache fail-over --group x") == ["aws elasticache fail-over: there is no such operation"]
    assert "there is no option --shard" in faults_of("aws elasticache test-failover --replication-group-id x --node-group-id 1 --shard 1")[0]
    assert "is none of" in faults_of("aws elasticache modify-replication-group --replication-group-id x --cluster-mode on")[0]


def test_no_secret_is_an_argument():
    for block in COMMANDS:
        for argument in (r"--auth-token[ =]", r"--passwords\b", r"-a ", r"--pass\b", r"-H ['\"]?X-API-Key", r"--from-literal"):
            assert not re.search(rf"(?:^|\s){argument}", block.text), f"{block.place}: {argument}"


def test_the_pod_for_valkey_cli_is_a_restricted_one():
    pod = yaml.safe_load(only(r"<<'END'\n(apiVersion: v1\nkind: Pod\n(?:.*\n)*?)END", "\n".join(block.text for block in COMMANDS)))
    kubernetes_validate.validate(pod, "1.34", strict=True)
    container = pod["spec"]["containers"][0]
    assert all("value" not in variable for variable in container["env"])
    assert pod["spec"]["securityContext"]["runAsNonRoot"] and not container["securityContext"]["allowPrivilegeEscalation"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
