"""Makes what follows from other files: values.schema.json and the table of README.md from the comments in values.yaml, and
pool-manager/files/variables.yaml from docs/CONFIGURATION.md. Run it after a change of either; a test says when it is due.

    python charts/generate.py
"""

import json
import re
from pathlib import Path

import yaml

CHARTS = Path(__file__).resolve().parent
ROOT = CHARTS.parent

# null is what `NAME:` and `NAME: null` say: none.
TEXT = {"type": ["string", "number", "boolean", "null"]}
SHORT = {
    # A values file made by another program says "false" in quotes, and a template takes any text for true.
    "flag": {"enum": [True, False, "true", "false"]},
    # Of a label and of a namespace; of a Secret and of a ServiceAccount; of objects, which the templates shorten.
    "label": {"type": "string", "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", "maxLength": 63},
    "object": {"type": "string", "pattern": "^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$", "maxLength": 253},
    "name": {"type": "string", "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", "maxLength": 253},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "environment": {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Z_][A-Z0-9_]*$"},
        "additionalProperties": TEXT,
    },
}
# They are in the schema only so that the templates can say what to write instead.
REFUSED = {
    "pool-manager": {name: "Refused with what to write instead: `poolManager.configmap`, `poolManager.secrets`" for name in ("env", "envFrom")},
    "backoffice-console": {
        name: "Refused with what to write instead: `backofficeConsole.configmap`, `backofficeConsole.secrets`" for name in ("env", "envFrom")
    },
}
COMPONENTS = {"pool-manager": "poolManager", "backoffice-console": "backofficeConsole"}
TABLE = re.compile(r"(<!-- values -->\n).*?(<!-- /values -->)", re.DOTALL)
KEY = re.compile(r"^( *)([A-Za-z][A-Za-z0-9]*):")


def comments(text: str) -> dict[str, tuple[str, dict | None]]:
    """The description and the schema of each value, by its path."""
    found, path, description, schema = {}, [], [], None
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("# -- "):
            description, schema = [bare[5:]], None
        elif bare.startswith("# @schema "):
            told = bare[len("# @schema ") :]
            schema = SHORT[told] if told in SHORT else json.loads(told)
        elif bare.startswith("#") and description and schema is None:
            description.append(bare[1:].strip())
        elif match := KEY.match(line):
            path = [*path[: len(match[1]) // 2], match[2]]
            if description:
                found[".".join(path)] = (" ".join(description), schema)
            description, schema = [], None
        else:
            description, schema = [], None
    return found


def inferred(value) -> dict:
    for kind, name in ((bool, "boolean"), (int, "integer"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kind):
            return {"type": name}
    raise ValueError(f"no type of {value!r}: write # @schema")


def schema_of(values: dict, told: dict, path: str = "") -> dict:
    """A closed object, whose members are closed too, but for those that `# @schema` describes as a whole."""
    properties = {}
    for key, value in values.items():
        below = f"{path}.{key}".lstrip(".")
        description, schema = told.get(below, ("", None))
        if isinstance(value, dict) and schema is None:
            properties[key] = schema_of(value, told, below)
        elif not description:
            raise ValueError(f"{below}: write what it is for above it, as # -- ...")
        else:
            properties[key] = {"description": description, **(schema or inferred(value))}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def schema_text(chart: str) -> str:
    text = (CHARTS / chart / "values.yaml").read_text()
    schema = schema_of(yaml.safe_load(text), comments(text))
    for name, description in REFUSED[chart].items():
        for place in (schema, schema["properties"][COMPONENTS[chart]]):
            place["properties"][name] = {"description": description}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"Values of the {chart} chart"}
    return json.dumps(head | schema, indent=2, ensure_ascii=False) + "\n"


def table(chart: str) -> str:
    text = (CHARTS / chart / "values.yaml").read_text()
    values, rows = yaml.safe_load(text), ["| Value | Default | Meaning |", "|---|---|---|"]
    for path, (description, _) in comments(text).items():
        value = values
        for part in path.split("."):
            value = value[part]
        default = json.dumps(value, ensure_ascii=False).replace("|", "\\|")
        rows.append(f"| `{path}` | `{default}` | {description.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def readme_text(chart: str) -> str:
    readme = (CHARTS / chart / "README.md").read_text()
    return TABLE.sub(lambda match: match[1] + table(chart) + match[2], readme)


# Where a variable comes from. What is neither here nor secret is written in the ConfigMap.
OF_VALKEY = ("CACHE_ADDRS", "CACHE_USERNAME", "CACHE_PASSWORD")
OF_CHART = {
    "SERVER_ADDRESS": "write poolManager.configmap.SERVER_PORT",
    "DATA_DIR": "it is the volume of the pod (poolManager.persistence)",
    "CACHE_PASSWORD_FILE": "write poolManager.valkey.passwordFromFile: true",
}


def variables_text() -> str:
    page = (ROOT / "docs/CONFIGURATION.md").read_text()
    kinds = {}
    for name, meaning in re.findall(r"^\| `([A-Z0-9_]+)` \| .* \| (.*) \|$", page, re.MULTILINE):
        if name in OF_VALKEY:
            kinds[name] = "valkey"
        elif name.startswith("REDIS_"):
            kinds[name] = "legacy"
        elif name in OF_CHART:
            kinds[name] = OF_CHART[name]
        else:
            kinds[name] = "secret" if "(secret)" in meaning else "plain"
    head = "# Which environment variables the service reads, and where they come from: plain (the ConfigMap), secret, valkey (the Secret of\n# Valkey), legacy (refused), or else the chart itself, with what to write instead. Made by charts/generate.py: do not edit.\n"
    return head + yaml.safe_dump(kinds, sort_keys=False, width=200)


def outputs() -> dict[Path, str]:
    """What each file should hold."""
    made = {}
    for chart in COMPONENTS:
        made[CHARTS / chart / "values.schema.json"] = schema_text(chart)
        made[CHARTS / chart / "README.md"] = readme_text(chart)
    made[CHARTS / "pool-manager/files/variables.yaml"] = variables_text()
    return made


if __name__ == "__main__":
    for path, text in outputs().items():
        path.write_text(text)
