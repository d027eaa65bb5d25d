"""Renders the charts with the Helm engine itself (the SDK of PyPI; no helm binary, no cluster)."""

import copy
from dataclasses import dataclass, field
from pathlib import Path

import helm_python
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHARTS = ROOT / "charts"
VALUES = Path(__file__).resolve().parent / "values"
NAMES = ("pool-manager", "backoffice-console")
COMPONENTS = {"pool-manager": "poolManager", "backoffice-console": "backofficeConsole"}


class UniqueKeys(yaml.SafeLoader):
    """Refuses a key that is there twice, of which YAML libraries keep either."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"{twice} twice{node.start_mark}"
        return super().construct_mapping(node, deep)


@dataclass
class Rendered:
    objects: list[dict]
    notes: str
    files: dict[str, str] = field(repr=False)

    def all(self, kind: str) -> list[dict]:
        return [found for found in self.objects if found["kind"] == kind]

    def one(self, kind: str, component: str | None = None) -> dict:
        """The one object of this kind, hooks apart unless a component is named."""
        found = [one for one in self.all(kind) if component is None and not is_hook(one) or component_of(one) == component]
        assert len(found) == 1, f"{len(found)} {kind}: {[one['metadata']['name'] for one in found]}"
        return found[0]

    def pods(self) -> list[tuple[str, dict]]:
        """Everything that becomes a pod: its object's name and its spec."""
        templates = [
            (f"{one['kind']}/{one['metadata']['name']}", one["spec"]["template"]["spec"])
            for one in self.objects
            if one["kind"] in ("Deployment", "StatefulSet", "Job")
        ]
        return templates + [(f"Pod/{one['metadata']['name']}", one["spec"]) for one in self.all("Pod")]

    def workload(self) -> dict:
        found = [one for one in self.objects if one["kind"] in ("Deployment", "StatefulSet")]
        assert len(found) == 1
        return found[0]

    def container(self) -> dict:
        return self.workload()["spec"]["template"]["spec"]["containers"][0]


def is_hook(rendered: dict) -> bool:
    return "helm.sh/hook" in rendered["metadata"].get("annotations", {})


def component_of(rendered: dict) -> str | None:
    return rendered["metadata"].get("labels", {}).get("app.kubernetes.io/component")


def values(path: Path) -> dict:
    """A values file, as `helm --values` reads it."""
    return helm_python.values_from_yaml(path.read_text())


def example(chart: str, name: str) -> dict:
    return values(CHARTS / chart / "examples" / f"{name}.yaml")


def defaults(chart: str) -> dict:
    return yaml.safe_load((CHARTS / chart / "values.yaml").read_text())


def changed(base: dict, changes: dict) -> dict:
    """The values with dotted paths set: `{"poolManager.pdb.enabled": False}`."""
    made = copy.deepcopy(base)
    for path, value in changes.items():
        place, parts = made, path.split(".")
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = value
    return made


def render(chart: str, given: dict, release: str | None = None, namespace: str = "default") -> Rendered:
    with helm_python.Chart.load(CHARTS / chart) as loaded:
        files = loaded.render(given, name=release or chart, namespace=namespace)
    objects = []
    for path, text in files.items():
        if path.endswith((".yaml", ".yml")):
            objects += [found for found in yaml.load_all(text, Loader=UniqueKeys) if found]
    notes = next((text for path, text in files.items() if path.endswith("NOTES.txt")), "")
    return Rendered(objects, notes, files)


def refusal(chart: str, given: dict) -> str:
    """Why the values cannot be rendered; an empty text if they can."""
    try:
        render(chart, given)
    except helm_python.HelmError as error:
        return str(error)
    return ""


def sentences(chart: str, given: dict) -> list[str]:
    """What the chart itself (and not the schema) says of the values, one sentence a line."""
    told = refusal(chart, given)
    _, _, faults = told.partition("The values cannot be used:")
    assert faults or not told, f"not refused by the chart's own sentences: {told}"
    return [line for line in faults.splitlines() if line.strip()]
