"""What Kubernetes would give to a container of a rendered pod: its environment, and the files of its Secrets."""

import re
from pathlib import Path

from chart import Rendered

# What Kubernetes knows of the pod.
FIELDS = {"status.hostIP": "127.0.0.1", "metadata.name": "pool-manager-0"}


def secrets_of(rendered: Rendered, remote: dict[str, dict[str, str]], own: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The Secrets of the namespace: those that were there (`own`), rendered ones, and what External Secrets makes of `remote`."""
    found = dict(own)
    found |= {one["metadata"]["name"]: one["stringData"] for one in rendered.all("Secret")}
    for one in rendered.all("ExternalSecret"):
        data = {each["secretKey"]: remote[each["remoteRef"]["key"]][each["remoteRef"]["property"]] for each in one["spec"]["data"]}
        found[one["spec"]["target"]["name"]] = data
    return found


def environment(rendered: Rendered, spec: dict, secrets: dict[str, dict[str, str]], root: Path) -> dict[str, str]:
    """The variables of the first container, as the kubelet makes them; volumes are directories below `root`."""
    container = spec["containers"][0]
    made: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            maps = {one["metadata"]["name"]: one["data"] for one in rendered.all("ConfigMap")}
            made |= maps[source["configMapRef"]["name"]]
        else:
            made |= secrets[source["secretRef"]["name"]]
    for one in container["env"]:
        value = one.get("value", "")
        if "valueFrom" in one:
            value = resolved(one["valueFrom"], secrets)
        if value is not None:
            made[one["name"]] = re.sub(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", lambda match: made.get(match[1], match[0]), value)
    for mount in container.get("volumeMounts", []):
        directory = root / mount["mountPath"].lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        volume = next((one for one in spec.get("volumes", []) if one["name"] == mount["name"]), {})
        if "secret" in volume:
            kept = secrets[volume["secret"]["secretName"]]
            for item in volume["secret"].get("items") or [{"key": key, "path": key} for key in kept]:
                (directory / item["path"]).write_text(kept[item["key"]])
        made = {name: str(root) + value if value.startswith(mount["mountPath"]) else value for name, value in made.items()}
    return made


def resolved(source: dict, secrets: dict[str, dict[str, str]]) -> str | None:
    if "fieldRef" in source:
        return FIELDS[source["fieldRef"]["fieldPath"]]
    reference = source["secretKeyRef"]
    found = secrets.get(reference["name"], {}).get(reference["key"])
    assert found is not None or reference.get("optional"), f"the pod would not start: {reference}"
    return found
