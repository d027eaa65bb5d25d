"""The values with which Valkey was asked for (MIGRATION_MAP.md) are refused with every reason; corrected as the reasons say, they are not."""

import json
from pathlib import Path

import pytest

from terraform_engine import Settings, settings  # noqa: F401: a fixture

FIXTURES = sorted((Path(__file__).parent / "terraform_fixtures").glob("*.json"))


def test_there_are_three() -> None:
    assert [file.stem for file in FIXTURES] == ["production", "security_group", "staging"]


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_it_is_refused_with_its_reasons(settings: Settings, file: Path) -> None:
    fixture = json.loads(file.read_text())
    plan = settings.exactly(fixture["inputs"])
    for reason in fixture["reasons"]:
        plan.refused_because(reason)


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_what_the_reasons_lead_to_is_allowed(settings: Settings, file: Path) -> None:
    settings.exactly(json.loads(file.read_text())["right"]).allowed()
