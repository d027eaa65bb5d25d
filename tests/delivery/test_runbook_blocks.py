"""What holds for every command of the operators' documents, whether it is run or only parsed."""

import re
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from runbook_aws import count_of, faults_of
from runbook_blocks import Block
from runbook_shell import COMMANDS, DOCUMENTS, ROOT, RUN, SHOWS
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


def test_helm_is_told_the_namespace():
    """Without it helm looks into that of the context, and finds no release there."""
    commands = [each for document in DOCUMENTS for each in re.findall(r"\bhelm (?:rollback|(?:test|upgrade) pool-manager)[^`\n]*", document.read_text())]
    assert len(commands) >= 6 and {command.split()[1] for command in commands} == {"rollback", "test", "upgrade"}
    assert not [command for command in commands if not re.search(r" pool-manager .*--namespace ", command)]


def test_helm_waits_longer_than_the_migration_may_take():
    """Else the deadline takes the pod and its log away as helm gives up."""
    values = yaml.safe_load((ROOT / "charts" / "pool-manager" / "values.yaml").read_text())
    limit = values["poolManager"]["migrations"]["activeDeadlineSeconds"]
    minutes = re.findall(r"helm upgrade [^\n]*--timeout (\d+)m", "".join(block.text for block in COMMANDS))
    assert minutes and all(int(each) * 60 > limit for each in minutes), f"{minutes} min, and the Job may take {limit} s"


def test_a_file_is_made_before_it_is_read():
    uses = re.findall(r"([<>]) ?outputs\.json", "".join(block.text for block in COMMANDS if block.document == "RUNBOOK.md"))
    assert uses[0] == ">" and "<" in uses
    assert "`rm outputs.json`" in (ROOT / "docs" / "RUNBOOK.md").read_text()


def test_a_restored_cluster_gets_a_network_and_an_instance():
    commands = [command for block in COMMANDS for command in block.text.replace("\\\n", " ").splitlines() if "aws docdb" in command]
    restored = [command for command in commands if " restore-db-cluster-" in command]
    assert len(restored) == 2
    for command in restored:
        assert "--db-subnet-group-name" in command and "--vpc-security-group-ids" in command, command
    later = commands[commands.index(restored[-1]):]
    assert any(" create-db-instance " in command for command in later) and any(" wait db-instance-available " in command for command in later)


def test_the_autoscaler_is_held_while_one_replica_is_meant():
    commands = "".join(block.text for block in COMMANDS)
    held = commands.index('"minReplicas":1,"maxReplicas":1')
    assert held < commands.index("--replicas=1\n") < commands.index('"minReplicas":3,"maxReplicas":5')


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
