"""docker-compose.yml with its variables filled in, as far as this project uses the language."""

import re
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
DIRECTORY = ROOT / "deploy" / "compose"
LOCAL, CLUSTER = DIRECTORY / "local.env", DIRECTORY / "cluster.env"
VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


@cache
def services() -> dict[str, dict]:
    """The services with anchors merged and variables as they are written."""
    return yaml.safe_load(FILE.read_text())["services"]


def values_of(*files: Path) -> dict[str, str]:
    values = {}
    for file in files:
        lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
        values |= dict(line.split("=", 1) for line in lines)
    return values


def required_variables() -> set[str]:
    return {name for name, operator, _ in VARIABLE.findall(FILE.read_text()) if operator == ":?"}


def environment_of(service: str, *files: Path) -> dict[str, str]:
    """The environment of a container that is started with these files."""
    values = values_of(*files)

    def filled(match: re.Match) -> str:
        name, operator, word = match.groups()
        if values.get(name):
            return values[name]
        assert operator == ":-", f"{name} is required"
        return word

    environment = services()[service].get("environment", {}).items()
    # One without a value is handed on from the shell, if that has it.
    return {name: VARIABLE.sub(filled, value) for name, value in environment if value is not None}
