"""values.yaml, values.schema.json, the README and the list of variables say the same."""

import json
import re
import sys

import jsonschema
import pytest
import yaml
from chart import CHARTS, COMPONENTS, NAMES, ROOT, defaults, example, refusal, values

sys.path.insert(0, str(CHARTS))
import generate  # noqa: E402


def schema(chart: str) -> dict:
    return json.loads((CHARTS / chart / "values.schema.json").read_text())


@pytest.mark.parametrize("path", generate.outputs(), ids=lambda path: str(path.relative_to(CHARTS)))
def test_what_is_made_is_up_to_date(path):
    assert path.read_text() == generate.outputs()[path], f"{path.relative_to(ROOT)}: run python charts/generate.py"


@pytest.mark.parametrize("chart", NAMES)
def test_the_schema_is_one_and_takes_the_values(chart):
    jsonschema.Draft7Validator.check_schema(schema(chart))
    validator = jsonschema.Draft7Validator(schema(chart))
    validator.validate(defaults(chart))
    for name in (path.stem for path in (CHARTS / chart / "examples").iterdir()):
        validator.validate(example(chart, name))
    validator.validate(yaml.safe_load((CHARTS / chart / "values-template.yaml").read_text()))


def walk(values: dict, properties: dict, path: str = ""):
    """Every value, with what the schema has of it."""
    for key, value in values.items():
        found = properties.get(key)
        yield f"{path}{key}", value, found
        if isinstance(value, dict) and found and "properties" in found and "description" not in found:
            yield from walk(value, found["properties"], f"{path}{key}.")


@pytest.mark.parametrize("chart", NAMES)
def test_every_value_is_in_the_schema_and_described(chart):
    seen = 0
    for path, _, found in walk(defaults(chart), schema(chart)["properties"]):
        assert found, f"{path} is not in the schema"
        if "properties" in found and "description" not in found:
            assert found["additionalProperties"] is False, f"{path} is open"
        else:
            assert len(found["description"]) > 5, path
            seen += 1
    assert seen > 50
    assert schema(chart)["additionalProperties"] is False


@pytest.mark.parametrize("chart", NAMES)
def test_the_schema_has_nothing_else(chart):
    def names(properties, path=""):
        for key, found in properties.items():
            yield f"{path}{key}"
            if "properties" in found and "description" not in found:
                yield from names(found["properties"], f"{path}{key}.")

    known = {path for path, _, _ in walk(defaults(chart), schema(chart)["properties"])}
    component = COMPONENTS[chart]
    refused = {"env", "envFrom", f"{component}.env", f"{component}.envFrom"}
    assert set(names(schema(chart)["properties"])) - known == refused


@pytest.mark.parametrize("chart", NAMES)
def test_the_readme_has_the_defaults(chart):
    readme = (CHARTS / chart / "README.md").read_text()
    rows = re.findall(r"^\| `([A-Za-z.]+)` \| `(.*?)` \| .+ \|$", readme, re.MULTILINE)
    told = {path: json.loads(default) for path, default in rows}
    kept = {path: value for path, value, found in walk(defaults(chart), schema(chart)["properties"]) if "description" in found}
    assert told == kept
    assert "## Chart Contract" in readme
    for field in ("Chart type", "Required secrets", "Dependency notes", "Production overrides", "Source/license"):
        assert f"- {field}:" in readme


@pytest.mark.parametrize("chart", NAMES)
def test_the_upgrade_guide_has_the_sections(chart):
    guide = (CHARTS / chart / "docs/UPGRADE-1.0.md").read_text()
    headings = re.findall(r"^## (.+)$", guide, re.MULTILINE)
    assert headings == [
        "Topics",
        "Overview",
        "Features",
        "Configuration Reference",
        "Migration Steps",
        "Preview changes before upgrading",
        "Command to upgrade",
    ]


@pytest.mark.parametrize("chart", NAMES)
def test_files_that_are_linked_are_there(chart):
    for page in ("README.md", "CHANGELOG.md", "docs/UPGRADE-1.0.md"):
        text = (CHARTS / chart / page).read_text()
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert ((CHARTS / chart / page).parent / link).exists(), f"{page}: {link}"


@pytest.mark.parametrize("chart", NAMES)
def test_the_template_is_refused_until_it_is_filled_in(chart):
    told = refusal(chart, values(CHARTS / chart / "values-template.yaml"))
    assert f"{COMPONENTS[chart]}.existingSecretName: is blank" in told


def test_the_variables_are_those_of_the_service():
    kinds = yaml.safe_load((CHARTS / "pool-manager/files/variables.yaml").read_text())
    page = (ROOT / "docs/CONFIGURATION.md").read_text()
    assert set(kinds) == set(re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|", page, re.MULTILINE))
    assert {name for name, kind in kinds.items() if kind in ("secret", "valkey")} >= {
        "MONGO_URI",
        "RABBITMQ_URI",
        "CACHE_PASSWORD",
        "BOOTSTRAP_ADMIN_API_KEY",
        "SECRETS_ENCRYPTION_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "EVENTS_LEGACY_REDIS_PASSWORD",
    }
    for name in ("CACHE_MODE", "AWS_REGION", "ENVIRONMENT_NAME"):
        assert kinds[name] == "plain"
