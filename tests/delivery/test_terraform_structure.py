"""What every Terraform file must have, read by a parser of HCL."""

import re
from pathlib import Path

import hcl2
import pytest

from terraform_engine import TERRAFORM
from terraform_files import blocks, one, parsed

FILES = sorted(TERRAFORM.rglob("*.tf"))
MODULES = sorted(path for path in (TERRAFORM / "modules").iterdir() if path.is_dir())
EXAMPLES = sorted(path for path in (TERRAFORM / "examples").iterdir() if path.is_dir())
DIRECTORIES = [*MODULES, *EXAMPLES]

# What others read by name: the service's doctor, the charts, the runbook.
OUTPUTS = {
    "cache_mode", "cache_addrs", "cache_tls_enabled", "cache_username", "auth_token_update_strategy", "valkey_secret_arn",
    "valkey_secret_name", "replication_group_id", "alarm_topic_arn",
}  # fmt: skip
INPUTS = {
    "environment", "cluster_mode", "node_type", "node_count", "shards", "replicas_per_shard", "engine_version", "authentication",
    "auth_token_update_strategy",
}  # fmt: skip


def resources(directory: Path, kind: str) -> list[dict]:
    found = [block for content in parsed(directory).values() for block in content.get("resource", []) if kind in block]
    return [body for block in found for body in block[kind].values()]


def test_the_directories_are_there() -> None:
    assert [path.name for path in MODULES] == ["service-role", "valkey", "valkey-alarms", "valkey-settings"]
    assert [path.name for path in EXAMPLES] == ["production", "staging"]
    assert len(FILES) > 30


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_each_has_its_files(directory: Path) -> None:
    names = {file.name for file in directory.iterdir()}
    assert {"variables.tf", "outputs.tf", "versions.tf"} <= names
    if directory in MODULES:
        assert "README.md" in names
    else:
        assert {"backend.tf", "data.tf", "main.tf", "terraform.tfvars-example"} <= names


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_variables_and_outputs_say_what_they_are(directory: Path) -> None:
    variables = blocks(directory, "variable")
    assert variables
    for name, body in variables.items():
        assert one(body.get("type")), f"{directory.name}: variable {name} has no type"
        assert len(str(one(body.get("description", "")))) > 5, f"{directory.name}: variable {name} has no description"
    outputs = blocks(directory, "output")
    assert outputs
    for name, body in outputs.items():
        assert len(str(one(body.get("description", "")))) > 5, f"{directory.name}: output {name} has no description"


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_versions_have_two_ends(directory: Path) -> None:
    (terraform,) = parsed(directory)["versions.tf"]["terraform"]
    pins = [one(terraform["required_version"])]
    for providers in terraform.get("required_providers", []):
        for name, body in providers.items():
            provider = one(body)
            assert provider["source"] == f"hashicorp/{name}"
            pins.append(provider["version"])
    for pin in pins:
        assert re.fullmatch(r">= \d+\.\d+\.\d+, < \d+\.0\.0", pin), f"{directory.name}: {pin}"
    for body in blocks(directory, "module").values():
        assert str(one(body["source"])).startswith("../"), "modules are those that are here: of others nothing could be checked"


@pytest.mark.parametrize("directory", MODULES, ids=lambda path: path.name)
def test_modules_leave_the_provider_to_who_calls_them(directory: Path) -> None:
    for name, content in parsed(directory).items():
        assert "provider" not in content, f"{directory.name}/{name}"
        assert "backend" not in str(content.get("terraform", "")), f"{directory.name}/{name}"


def test_the_settings_need_no_provider() -> None:
    for content in parsed(TERRAFORM / "modules" / "valkey-settings").values():
        assert not {"resource", "data", "module"} & content.keys()
        assert "required_providers" not in str(content.get("terraform", ""))


def test_inputs_and_outputs_are_those_that_others_name() -> None:
    valkey = TERRAFORM / "modules" / "valkey"
    assert INPUTS <= blocks(valkey, "variable").keys()
    assert OUTPUTS - {"alarm_topic_arn"} <= blocks(valkey, "output").keys()
    for example in EXAMPLES:
        assert OUTPUTS <= blocks(example, "output").keys(), example.name


def test_the_valkey_module_hands_every_input_on() -> None:
    """And has no default of its own that differs."""
    valkey, settings = (TERRAFORM / "modules" / name for name in ("valkey", "valkey-settings"))
    decided, given = blocks(settings, "variable"), blocks(valkey, "variable")
    call = blocks(valkey, "module")["settings"]
    for name, body in decided.items():
        assert name in call, f"settings.tf does not hand {name} on"
        if name == "subnet_count":
            continue
        assert one(call[name]) == f"${{var.{name}}}", name
        assert given[name].get("default") == body.get("default"), f"{name} has two defaults"


def test_the_group_is_encrypted_and_pins_its_version() -> None:
    valkey = TERRAFORM / "modules" / "valkey"
    (group,) = resources(valkey, "aws_elasticache_replication_group")
    assert one(group["at_rest_encryption_enabled"]) is True
    assert one(group["transit_encryption_enabled"]) is True
    assert one(group["transit_encryption_mode"]) == "required"
    assert one(group["auto_minor_version_upgrade"]) is False
    assert not resources(valkey, "aws_elasticache_cluster")


def test_a_snapshot_is_only_what_a_new_group_is_made_from() -> None:
    (group,) = resources(TERRAFORM / "modules" / "valkey", "aws_elasticache_replication_group")
    assert one(group["snapshot_name"]) == "${var.snapshot_name}"
    assert one(one(one(group["lifecycle"])["ignore_changes"])) == "${snapshot_name}", "another one would replace the group"


def test_the_security_group_opens_one_port_and_nothing_outwards() -> None:
    valkey = TERRAFORM / "modules" / "valkey"
    (group,) = resources(valkey, "aws_security_group")
    assert not {"ingress", "egress"} & group.keys()
    assert not resources(valkey, "aws_vpc_security_group_egress_rule") and not resources(valkey, "aws_security_group_rule")
    (rule,) = resources(valkey, "aws_vpc_security_group_ingress_rule")
    assert one(rule["from_port"]) == one(rule["to_port"]) == "${module.settings.port}"
    assert "cidr_ipv4" not in rule and "referenced_security_group_id" in rule


@pytest.mark.parametrize("directory", EXAMPLES, ids=lambda path: path.name)
def test_what_is_to_be_filled_in_says_so(directory: Path) -> None:
    backend = (directory / "backend.tf").read_text()
    assert "encrypt      = true" in backend and "use_lockfile = true" in backend
    for file in (directory / "backend.tf", directory / "terraform.tfvars-example"):
        assert re.search(r'"<PUT-YOUR-[A-Z-]+-HERE>"', file.read_text()), file.name
    example = hcl2.loads((directory / "terraform.tfvars-example").read_text())
    assert example.keys() <= blocks(directory, "variable").keys()
    required = {name for name, body in blocks(directory, "variable").items() if "default" not in body}
    assert required <= example.keys()
