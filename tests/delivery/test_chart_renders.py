"""What the charts render is what Kubernetes takes, for whole values files and several of its versions."""

import tomllib

import helm_python
import kubernetes_validate
import pytest
import yaml
from chart import CHARTS, NAMES, ROOT, VALUES, Rendered, changed, example, render, values

FIXTURES = {
    "pool-manager": {
        "staging": example("pool-manager", "staging"),
        "production": example("pool-manager", "production"),
        "trial": example("pool-manager", "trial"),
        "minimal": values(VALUES / "minimal.yaml"),
        "inline": values(VALUES / "inline.yaml"),
        "everything": values(VALUES / "everything.yaml"),
        "external": changed(example("pool-manager", "production"), {"poolManager.persistence.enabled": "true"}),
    },
    "backoffice-console": {
        "staging": example("backoffice-console", "staging"),
        "production": example("backoffice-console", "production"),
        "everything": values(VALUES / "console-everything.yaml"),
    },
}
ALL = [(chart, name) for chart, fixtures in FIXTURES.items() for name in fixtures]
KUBERNETES = ("1.25", "1.28", "1.31", "1.34", "1.37")
CUSTOM = {"ExternalSecret", "ServiceMonitor", "PrometheusRule"}


@pytest.fixture(scope="module", params=ALL, ids="-".join)
def rendered(request) -> Rendered:
    chart, name = request.param
    return render(chart, FIXTURES[chart][name])


def test_objects_are_what_kubernetes_takes(rendered):
    assert len(rendered.objects) >= 5
    for version in KUBERNETES:
        for found in rendered.objects:
            if found["kind"] not in CUSTOM:
                kubernetes_validate.validate(found, version, strict=True)


def test_a_field_that_kubernetes_does_not_have_would_be_found(rendered):
    deployment = rendered.workload()
    deployment = {**deployment, "spec": {**deployment["spec"], "replicaCount": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES[-1], strict=True)


def test_every_object_has_a_name_a_namespace_and_labels(rendered):
    for found in rendered.objects:
        if found["metadata"]["name"] == "extra":
            continue
        assert found["metadata"]["namespace"] in NAMES
        labels = found["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["app.kubernetes.io/name"] in NAMES
        assert labels["helm.sh/chart"].startswith(labels["app.kubernetes.io/name"] + "-helm-")


def test_no_two_objects_are_one(rendered):
    keys = [(found["kind"], found["metadata"].get("namespace"), found["metadata"]["name"]) for found in rendered.objects]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("chart", "name"), ALL, ids=str)
def test_helm_lint_has_nothing_to_say(chart, name):
    report = helm_python.lint(CHARTS / chart, FIXTURES[chart][name], strict=True, kube_version="v1.34.0")
    grave = [message for message in report["messages"] if message["severity"] > 1]
    assert not grave and not report["errors"], report


@pytest.mark.parametrize("chart", NAMES)
def test_the_files_are_those_of_the_standard(chart):
    exact = (
        "Chart.yaml README.md CHANGELOG.md values.yaml values-template.yaml values.schema.json docs/UPGRADE-1.0.md "
        "templates/_helpers.tpl templates/serviceaccount.yaml templates/configmap.yaml templates/secrets.yaml templates/deployment.yaml "
        "templates/service.yaml templates/ingress.yaml templates/hpa.yaml templates/pdb.yaml templates/NOTES.txt"
    )
    missing = [name for name in exact.split() if not (CHARTS / chart / name).is_file()]
    assert not missing
    meta = yaml.safe_load((CHARTS / chart / "Chart.yaml").read_text())
    assert meta["name"] == f"{chart}-helm"
    assert (meta["apiVersion"], meta["type"]) == ("v2", "application")
    assert meta["annotations"]["lerian.studio/chart-type"] == "single-service"
    assert all(meta[key] for key in ("home", "sources", "maintainers", "icon", "version"))
    assert isinstance(meta["appVersion"], str) and "dependencies" not in meta


def test_the_chart_is_for_the_version_of_the_service():
    meta = yaml.safe_load((CHARTS / "pool-manager/Chart.yaml").read_text())
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert meta["appVersion"] == cargo["workspace"]["package"]["version"]


@pytest.mark.parametrize("chart", NAMES)
def test_a_package_is_what_the_directory_is(chart, tmp_path):
    archive = helm_python.package(CHARTS / chart, destination=tmp_path)
    with helm_python.Chart.load(archive) as loaded:
        files = {one["name"] for one in loaded.files}
        packed = loaded.render(FIXTURES[chart]["production"], name=chart, namespace="default")
    assert packed == render(chart, FIXTURES[chart]["production"]).files
    assert "examples/production.yaml" in files and "docs/UPGRADE-1.0.md" in files


@pytest.mark.parametrize("chart", NAMES)
def test_nothing_is_rendered_that_is_switched_off(chart):
    component = {"pool-manager": "poolManager", "backoffice-console": "backofficeConsole"}[chart]
    for off in (False, "false"):
        made = render(chart, {component: {"enabled": off}})
        assert not made.objects and "nothing was rendered" in made.notes
