"""The objects of the pool-manager's chart, one by one."""

import pytest
from chart import VALUES, changed, component_of, example, is_hook, render, values

MINIMAL = values(VALUES / "minimal.yaml")
P = "poolManager"
EVERYTHING = values(VALUES / "everything.yaml")
ALL = {name: example("pool-manager", name) for name in ("staging", "production", "trial")} | {
    "minimal": MINIMAL,
    "inline": values(VALUES / "inline.yaml"),
    "everything": EVERYTHING,
}


def pod(given: dict) -> dict:
    return render("pool-manager", given).workload()["spec"]["template"]["spec"]


@pytest.mark.parametrize("name", ALL)
def test_every_container_is_confined(name):
    made = render("pool-manager", ALL[name])
    assert made.pods()
    for where, spec in made.pods():
        assert spec["securityContext"]["fsGroup"] == 1000, where
        assert spec["automountServiceAccountToken"] is False, where
        assert spec["enableServiceLinks"] is False, where
        for container in spec["containers"]:
            context = container["securityContext"]
            assert (context["runAsUser"], context["runAsGroup"], context["runAsNonRoot"]) == (1000, 1000, True)
            assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys() and "memory" in container["resources"]["limits"]


def test_probes_have_the_numbers_of_the_platform():
    container = render("pool-manager", MINIMAL).container()
    get = {"port": "http", "scheme": "HTTP"}
    assert container["livenessProbe"] == {
        "httpGet": {"path": "/health", **get}, "initialDelaySeconds": 15, "periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 3
    }  # fmt: skip
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/readyz", **get}, "initialDelaySeconds": 5, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [{f"{P}.tls.existingSecretName": "listener"}, {f"{P}.configmap.TLS_CERT_FILE": "/a", f"{P}.configmap.TLS_KEY_FILE": "/b"}],
)
def test_probes_speak_tls_where_the_service_does(changes):
    container = render("pool-manager", changed(MINIMAL, changes)).container()
    assert container["livenessProbe"]["httpGet"]["scheme"] == container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"


def test_the_port_is_the_same_everywhere():
    made = render("pool-manager", changed(MINIMAL, {f"{P}.configmap.SERVER_PORT": 8080, f"{P}.service.port": 80}))
    assert made.container()["ports"][0]["containerPort"] == 8080
    assert made.one("ConfigMap")["data"]["SERVER_PORT"] == "8080"
    port = made.one("Service")["spec"]["ports"][0]
    assert (port["port"], port["targetPort"]) == (80, "http")


def test_replicas_are_the_autoscalers_where_there_is_one():
    made = render("pool-manager", MINIMAL)
    assert "replicas" not in made.workload()["spec"]
    spec = made.one("HorizontalPodAutoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 5)
    assert {one["resource"]["name"]: one["resource"]["target"]["averageUtilization"] for one in spec["metrics"]} == {"cpu": 80, "memory": 80}
    for kind, persistent in (("Deployment", False), ("StatefulSet", True)):
        made = render("pool-manager", changed(MINIMAL, {f"{P}.persistence.enabled": persistent}))
        assert made.workload()["kind"] == made.one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"] == kind
        assert "replicas" not in made.workload()["spec"]
        off = changed(MINIMAL, {f"{P}.persistence.enabled": persistent, f"{P}.autoscaling.enabled": "false", f"{P}.replicaCount": 3})
        assert render("pool-manager", off).workload()["spec"]["replicas"] == 3


def test_a_budget_has_one_bound():
    assert render("pool-manager", MINIMAL).one("PodDisruptionBudget")["spec"]["minAvailable"] == 1
    made = render("pool-manager", changed(MINIMAL, {f"{P}.pdb.minAvailable": "", f"{P}.pdb.maxUnavailable": "50%"}))
    spec = made.one("PodDisruptionBudget")["spec"]
    assert spec["maxUnavailable"] == "50%" and "minAvailable" not in spec
    none = render("pool-manager", changed(MINIMAL, {f"{P}.pdb.minAvailable": "", f"{P}.pdb.maxUnavailable": 0}))
    assert none.one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 0


def test_selectors_find_the_pods_of_the_service_and_no_others():
    made = render("pool-manager", EVERYTHING)
    workload = made.workload()
    labels = workload["spec"]["template"]["metadata"]["labels"]
    selectors = [workload["spec"]["selector"]["matchLabels"], made.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]]
    selectors += [one["spec"]["selector"] for one in made.all("Service")]
    others = [made.one("Job", "migrate")["spec"]["template"]["metadata"]["labels"], made.one("Pod", "doctor")["metadata"]["labels"]]
    assert len(selectors) == 4
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert not any(selector.items() <= other.items() for other in others)
    policy = made.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert all(policy.items() <= each.items() for each in [labels, *others])


def test_pods_are_spread_over_zones_and_nodes():
    spread = pod(MINIMAL)["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert all(one["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "pool-manager" for one in spread)
    own = {"labelSelector": {"matchLabels": {"a": "b"}}, "maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
    assert pod(changed(MINIMAL, {f"{P}.topologySpreadConstraints": [own]}))["topologySpreadConstraints"] == [own]


def test_pods_are_replaced_when_their_configuration_changes():
    def checksums(given):
        return render("pool-manager", given).workload()["spec"]["template"]["metadata"]["annotations"]

    inline = ALL["inline"]
    before = checksums(inline)
    assert checksums(inline) == before
    config = checksums(changed(inline, {f"{P}.configmap.LOG_LEVEL": "debug"}))
    assert config["checksum/config"] != before["checksum/config"] and config["checksum/secrets"] == before["checksum/secrets"]
    secret = checksums(changed(inline, {f"{P}.secrets.CACHE_PASSWORD": "another"}))
    assert secret["checksum/secrets"] != before["checksum/secrets"] and secret["checksum/config"] == before["checksum/config"]


def test_the_data_directory_is_an_emptydir_or_a_claim_for_each_pod():
    made = render("pool-manager", MINIMAL)
    assert [one for one in pod(MINIMAL)["volumes"] if one["name"] == "data"] == [{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}]
    assert not made.all("StatefulSet")
    claimed = render("pool-manager", changed(MINIMAL, {f"{P}.persistence.enabled": True})).workload()
    assert [one["metadata"]["name"] for one in claimed["spec"]["volumeClaimTemplates"]] == ["data"]
    assert "volumes" not in claimed["spec"]["template"]["spec"]
    for workload in (made.workload(), claimed):
        container = workload["spec"]["template"]["spec"]["containers"][0]
        assert {"name": "data", "mountPath": "/data"} in container["volumeMounts"]
        assert {"name": "DATA_DIR", "value": "/data"} in container["env"]
    headless = [one for one in render("pool-manager", EVERYTHING).all("Service") if one["spec"].get("clusterIP") == "None"]
    assert headless[0]["metadata"]["name"] == render("pool-manager", EVERYTHING).workload()["spec"]["serviceName"]


def test_telemetry_goes_to_the_collector_of_the_node():
    on = {f"{P}.configmap.ENABLE_TELEMETRY": "true", f"{P}.configmap.ALLOW_INSECURE_OTEL": "true"}
    environment = {one["name"]: one for one in render("pool-manager", changed(MINIMAL, on)).container()["env"]}
    assert environment["HOST_IP"]["valueFrom"]["fieldRef"]["fieldPath"] == "status.hostIP"
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"]["value"] == "$(HOST_IP):4317"
    # Kubernetes replaces $(NAME) by what stands before it in the list.
    assert list(environment).index("HOST_IP") < list(environment).index("OTEL_EXPORTER_OTLP_ENDPOINT")
    own = {"env": [one["name"] for one in render("pool-manager", EVERYTHING).container()["env"]]}
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in own["env"] and "POD_NAME" in own["env"]
    assert "HOST_IP" not in [one["name"] for one in render("pool-manager", MINIMAL).container()["env"]]


def test_the_migration_comes_before_the_pods_and_gets_one_secret():
    for name, given in ALL.items():
        made = render("pool-manager", given)
        if name == "trial":
            assert not made.all("Job")
            continue
        job = made.one("Job", "migrate")
        annotations = job["metadata"]["annotations"]
        assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade" and annotations["argocd.argoproj.io/hook"] == "PreSync"
        container = job["spec"]["template"]["spec"]["containers"][0]
        assert container["args"] == ["migrate"] and "envFrom" not in container
        secret = [one for one in container["env"] if "valueFrom" in one]
        assert [one["name"] for one in secret] == ["MONGO_URI"]
        # What it refers to is there before the first install: a hook of a lower weight, or none of ours.
        wanted = secret[0]["valueFrom"]["secretKeyRef"]["name"]
        ours = [one for one in made.objects if one["metadata"]["name"] == wanted and one["kind"] in ("Secret", "ExternalSecret")]
        for one in ours:
            assert is_hook(one) and int(one["metadata"]["annotations"]["helm.sh/hook-weight"]) < int(annotations["helm.sh/hook-weight"])
        assert bool(ours) == (name in ("production", "inline"))


def test_helm_test_asks_the_doctor_with_the_environment_of_the_service():
    for given in ALL.values():
        made = render("pool-manager", given)
        doctor = made.one("Pod", "doctor")
        assert doctor["metadata"]["annotations"]["helm.sh/hook"] == "test"
        container = doctor["spec"]["containers"][0]
        assert container["args"] == ["doctor", "--json"]
        for key in ("env", "envFrom", "image", "volumeMounts"):
            assert container.get(key) == made.container().get(key)
        mounts = {one["name"] for one in container["volumeMounts"]}
        assert mounts == {one["name"] for one in doctor["spec"]["volumes"]}
        assert doctor["spec"]["serviceAccountName"] == made.workload()["spec"]["template"]["spec"]["serviceAccountName"]


def test_the_role_is_given_by_the_service_account():
    made = render("pool-manager", EVERYTHING)
    account = made.one("ServiceAccount")
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].startswith("arn:aws:iam::")
    assert made.workload()["spec"]["template"]["spec"]["serviceAccountName"] == account["metadata"]["name"]
    other = changed(MINIMAL, {"serviceAccount.create": False, "serviceAccount.name": "there-already"})
    assert pod(other)["serviceAccountName"] == "there-already"


def test_extra_objects_are_taken_as_they_are():
    extra = [one for one in render("pool-manager", EVERYTHING).objects if one["metadata"]["name"] == "extra"]
    assert extra[0]["data"] == {"template": "{{ .Release.Name }}"}


def test_labels_and_annotations_of_an_umbrella_are_on_everything():
    for one in render("pool-manager", EVERYTHING).objects:
        if one["metadata"]["name"] != "extra":
            assert one["metadata"]["labels"]["team"] == "platform"
            assert component_of(one) in ("pool-manager", "migrate", "doctor")
    own = changed(MINIMAL, {"global.commonLabels": {"app.kubernetes.io/name": "x"}, f"{P}.podLabels": {"app.kubernetes.io/instance": "x"}})
    labels = render("pool-manager", own).workload()["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == labels["app.kubernetes.io/instance"] == "pool-manager"
