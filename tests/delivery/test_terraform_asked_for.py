"""The values with which Valkey was asked for (MIGRATION_MAP.md) are refused with every reason; corrected as the reasons say, they are not.

A fixture has the arguments of the snippet, nothing added: pasted into a call of the modules they have to lead to the reasons, and not to
"Unsupported argument" or "Missing required argument". What the modules with resources alone take is looked up, as no plan of those is
made here.
"""

import json
from pathlib import Path

import pytest

from terraform_engine import TERRAFORM, Settings, Values, settings, values  # noqa: F401: fixtures
from terraform_files import blocks

FIXTURES = sorted((Path(__file__).parent / "terraform_fixtures").glob("*.json"))
SETTINGS, VALKEY, ALARMS = (blocks(TERRAFORM / "modules" / name, "variable") for name in ("valkey-settings", "valkey", "valkey-alarms"))


def decided(inputs: dict) -> dict:
    """Those that the module without a provider decides about."""
    return {name: value for name, value in inputs.items() if name in SETTINGS}


def test_there_are_four() -> None:
    assert [file.stem for file in FIXTURES] == ["alarms", "production", "security_group", "staging"]


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_no_argument_is_unknown_or_missing(file: Path) -> None:
    fixture = json.loads(file.read_text())
    for inputs in (fixture["inputs"], fixture["right"]):
        assert inputs.keys() <= VALKEY.keys() | ALARMS.keys()
        if "subnet_ids" in inputs:
            required = {name for name, body in VALKEY.items() if "default" not in body}
            assert required <= inputs.keys() <= VALKEY.keys()


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_it_is_refused_with_its_reasons(settings: Settings, file: Path) -> None:
    fixture = json.loads(file.read_text())
    plan = settings.exactly(decided(fixture["inputs"]))
    for reason in fixture["reasons"]:
        plan.refused_because(reason)


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_what_the_reasons_lead_to_is_allowed(settings: Settings, file: Path) -> None:
    settings.exactly(decided(json.loads(file.read_text())["right"])).allowed()


def test_the_third_alarm_is_as_it_was_asked_for(settings: Settings, values: Values) -> None:
    right = json.loads((FIXTURES[0]).read_text())["right"]
    thresholds = settings.exactly(decided(right)).allowed()["alarms"]
    thresholds.pop("expected_connections")
    inputs = {"name": "n", "environment": "production", "node_ids": ["n-001"], "thresholds": thresholds, "memory_percentage": right["memory_percentage"]}
    watched = values.of("valkey-alarms", "metrics.tf", "local.watched", inputs).allowed()
    above = {alarm["metric"]: alarm["alarm"]["above"] for alarm in watched.values()}
    assert above["DatabaseMemoryUsagePercentage"] == 80
    assert (above["CPUUtilization"], above["CurrConnections"]) == (45, 136)
