"""What an object names is there: rendered, made by an ExternalSecret, or listed here with who makes it. Names hold for every release."""

import re

import pytest
from chart import CHARTS, ROOT, VALUES, changed, example, render, values

MINIMAL = values(VALUES / "minimal.yaml")
CONSOLE = example("backoffice-console", "staging")
# Secrets and ConfigMaps that whoever installs the chart makes, as its README and examples say.
MADE_BY_OTHERS = {
    ("pool-manager", "minimal"): {"pool-manager-credentials", "valkey-credentials"},
    ("pool-manager", "staging"): {"pool-manager-credentials"},
    ("pool-manager", "production"): {"pool-manager-tls"},
    ("pool-manager", "trial"): set(),
    ("pool-manager", "inline"): set(),
    ("pool-manager", "everything"): {
        "pool-manager.credentials",
        "valkey-credentials",
        "pool-manager-listener",
        "pool-manager-ingress",
        "broker",
        "authority",
        "registry",
        "registry-2",
    },
    ("backoffice-console", "staging"): {"backoffice-console-credentials"},
    ("backoffice-console", "production"): {"backoffice-console-tls"},
    ("backoffice-console", "console-everything"): {"authority", "registry"},
}


def given(chart: str, name: str) -> dict:
    path = CHARTS / chart / "examples" / f"{name}.yaml"
    return values(path if path.exists() else VALUES / f"{name}.yaml")


def referred(found) -> set[str]:
    """The Secrets and ConfigMaps that are named anywhere below, but for those that must not be there."""
    names = set()
    if isinstance(found, list):
        return set().union(*map(referred, found))
    if isinstance(found, dict):
        for key, value in found.items():
            if key in ("secretRef", "secretKeyRef", "configMapRef", "configMapKeyRef", "configMap") and isinstance(value, dict):
                names.add(value["name"])
            elif key == "secretName":
                names.add(value)
            elif key == "imagePullSecrets":
                names |= {one["name"] for one in value}
            else:
                names |= referred(value)
    return names


def made_here(rendered) -> set[str]:
    own = {one["metadata"]["name"] for one in rendered.objects if one["kind"] in ("Secret", "ConfigMap")}
    return own | {one["spec"]["target"]["name"] for one in rendered.all("ExternalSecret")}


@pytest.mark.parametrize(("chart", "name"), MADE_BY_OTHERS, ids=str)
def test_every_name_is_known(chart, name):
    rendered = render(chart, given(chart, name))
    assert referred(rendered.objects) - made_here(rendered) == MADE_BY_OTHERS[chart, name]


def test_a_name_that_nobody_makes_would_be_found():
    assert referred({"envFrom": [{"secretRef": {"name": "nobody"}}]}) == {"nobody"}


LONG = "a" * 53
RELEASES = ("pool-manager", "backoffice-console", "valkey", "redis", "cache", "blue-pool-manager", LONG, LONG[:-1] + "b")


@pytest.mark.parametrize(("chart", "base"), [("pool-manager", given("pool-manager", "inline")), ("backoffice-console", CONSOLE)])
def test_releases_do_not_collapse_into_one_another(chart, base):
    seen = {}
    for release in RELEASES:
        rendered = render(chart, base, release=release, namespace="shared")
        assert not referred(rendered.objects) - made_here(rendered) - MADE_BY_OTHERS[chart, "staging"], release
        keys = {(one["kind"], one["metadata"]["name"]) for one in rendered.objects}
        for other, taken in seen.items():
            assert not keys & taken, f"{release} and {other}"
        seen[release] = keys


NAME = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize(
    "names",
    [{}, {"fullnameOverride": "n" * 253}, {"fullnameOverride": "n" * 52}, {"nameOverride": "m" * 200}, {"fullnameOverride": "a-" * 30 + "z"}],
    ids=str,
)
def test_names_are_short_enough(persistent, names):
    base = changed(given("pool-manager", "production"), {"poolManager.persistence.enabled": persistent, **names})
    for release in ("pool-manager", LONG):
        for one in render("pool-manager", base, release=release).objects:
            name = one["metadata"]["name"]
            assert NAME.match(name) and len(name) <= 63, name
            # The pods of a StatefulSet carry a label of its name, a dash and ten more characters.
            assert one["kind"] != "StatefulSet" or len(name) <= 52
            for value in one["metadata"]["labels"].values():
                assert len(value) <= 63 and re.match(r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", value)


def test_the_namespace_is_the_charts_own_or_that_of_the_release():
    for chart, base in (("pool-manager", MINIMAL), ("backoffice-console", CONSOLE)):
        assert {one["metadata"]["namespace"] for one in render(chart, base, namespace="other").objects} == {chart}
        own = render(chart, changed(base, {"namespaceOverride": ""}), namespace="other")
        assert {one["metadata"]["namespace"] for one in own.objects} == {"other"}


def test_the_console_asks_the_service_that_the_other_chart_makes():
    service = render("pool-manager", MINIMAL).one("Service")
    address = f"http://{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local:{service['spec']['ports'][0]['port']}"
    assert render("backoffice-console", CONSOLE).one("ConfigMap")["data"]["API_URL"] == address
    assert address in render("pool-manager", MINIMAL).notes


def test_no_secret_is_outside_of_a_secret():
    inline = given("pool-manager", "inline")
    rendered = render("pool-manager", inline)
    texts = list(inline["poolManager"]["secrets"].values())
    assert len(texts) == 6
    for path, text in rendered.files.items():
        for one in texts:
            if one in text:
                assert path.endswith(("templates/secrets.yaml", "templates/migrations-job.yaml")), f"{one} in {path}"
    for one in rendered.objects:
        if one["kind"] != "Secret":
            assert not any(text in str(one) for text in texts), one["kind"]


@pytest.mark.parametrize(("chart", "name"), MADE_BY_OTHERS, ids=str)
def test_nothing_hides_what_a_secret_gives(chart, name):
    """`env` is stronger than `envFrom`, and of `envFrom` the later one than the earlier."""
    rendered = render(chart, given(chart, name))
    secret = {"CACHE_ADDRS", "CACHE_PASSWORD", "CACHE_USERNAME", "MONGO_URI", "RABBITMQ_URI", "BOOTSTRAP_ADMIN_API_KEY", "SECRETS_ENCRYPTION_KEY"}
    for one in rendered.all("ConfigMap"):
        assert not secret & one["data"].keys()
        assert all(value.strip() for value in one["data"].values())
    for where, spec in rendered.pods():
        for container in spec["containers"]:
            for variable in container["env"]:
                assert "valueFrom" in variable or variable["value"].strip(), where
                assert variable["name"] not in secret or "secretKeyRef" in variable["valueFrom"], where
            kinds = [next(iter(source)) for source in container.get("envFrom", [])]
            assert kinds == sorted(kinds), f"{where}: the ConfigMap comes first"


def test_an_external_secret_takes_what_the_terraform_module_writes():
    module = " ".join((ROOT / "terraform/modules/valkey/secrets.tf").read_text().split())
    assert 'name = "pool-manager/${var.environment}/${local.name}/service"' in module
    for environment, group in (("staging", "lerian-valkey-staging"), ("production", "lerian-valkey-prod")):
        values_of = given("pool-manager", environment)
        role = values_of["serviceAccount"]["annotations"]["eks.amazonaws.com/role-arn"].split("/")[-1]
        assert f'"{role}"' in (ROOT / f"terraform/examples/{environment}/main.tf").read_text()
        external = values_of["poolManager"]["valkey"]["externalSecret"]
        assert external["key"] == f"pool-manager/{environment}/{group}/service"
        assert group in (ROOT / "terraform/modules/valkey-settings/topology.tf").read_text()
    rendered = render("pool-manager", given("pool-manager", "production"))
    valkey = [one for one in rendered.all("ExternalSecret") if one["spec"]["target"]["name"] == "valkey-credentials"]
    assert len(valkey) == 1 and valkey[0]["apiVersion"] == "external-secrets.io/v1"
    for name in ("CACHE_ADDRS", "CACHE_PASSWORD", "CACHE_USERNAME"):
        assert f"{name} = " in module
    for one in rendered.all("ExternalSecret"):
        assert set(one["spec"]) == {"refreshInterval", "secretStoreRef", "target", "data"}
        assert set(one["spec"]["secretStoreRef"]) == {"kind", "name"} and set(one["spec"]["target"]) == {"name", "creationPolicy"}
    taken = {one["secretKey"]: one["remoteRef"]["property"] for one in valkey[0]["spec"]["data"]}
    assert taken == {name: name for name in ("CACHE_ADDRS", "CACHE_PASSWORD", "CACHE_USERNAME")}
    service = [one for one in rendered.all("ExternalSecret") if one["spec"]["target"]["name"] == "pool-manager-credentials"]
    assert [one["secretKey"] for one in service[0]["spec"]["data"]] == [
        "MONGO_URI",
        "BOOTSTRAP_ADMIN_API_KEY",
        "SECRETS_ENCRYPTION_KEY",
        "RABBITMQ_URI",
    ]
    token = changed(given("pool-manager", "production"), {"poolManager.valkey.externalSecret.withUsername": "false"})
    again = [one for one in render("pool-manager", token).all("ExternalSecret") if one["spec"]["target"]["name"] == "valkey-credentials"]
    assert [one["secretKey"] for one in again[0]["spec"]["data"]] == ["CACHE_ADDRS", "CACHE_PASSWORD"]


def test_the_role_is_for_the_service_account_that_the_chart_makes():
    variables = (ROOT / "terraform/modules/service-role/variables.tf").read_text()
    account = render("pool-manager", MINIMAL).one("ServiceAccount")["metadata"]
    for name, value in (("namespace", account["namespace"]), ("service_account", account["name"])):
        block = variables.split(f'variable "{name}"')[1].split("\nvariable ")[0]
        assert f'= "{value}"' in block
