"""Values that people write by mistake or on purpose: they come out as the same text, or not at all."""

import copy

import pytest
from chart import VALUES, changed, refusal, render, values

MINIMAL = values(VALUES / "minimal.yaml")
HOSTILE = [
    "{{ .Release.Name }}",
    '{{ fail "no" }}',
    "{{- range .Values }}",
    '"\nmetadata:\n  name: stolen',
    "'; rm -rf / #",
    "line\nbreak",
    "trailing\n\n",
    "tab\tand\\backslash",
    "# comment",
    "&anchor *alias !!tag",
    "- item\n- item",
    "---\napiVersion: v1",
    "ünïcödé 日本 🚀 \u2028\u00a0\u0007",
    "yes",
    "0x10",
    "1e3",
    "012",
    "null",
    "~",
    "2026-01-01",
    ": colon",
    "x" * 100_000,
]
# As a values file has them, and as the service must read them.
TYPED = [(True, "true"), (False, "false"), (0, "0"), (1_000_000, "1000000"), (123_456_789_012, "123456789012"), (1.5, "1.5"), (-3, "-3")]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_a_text_stays_that_text(text):
    changes = {
        "poolManager.configmap.LOG_LEVEL": text,
        "poolManager.extraEnvVars": [{"name": "RUST_BACKTRACE", "value": text}],
        "poolManager.podAnnotations": {"example.com/note": text},
        "serviceAccount.annotations": {"example.com/note": text},
    }
    made = render("pool-manager", changed(MINIMAL, changes))
    assert made.one("ConfigMap")["data"]["LOG_LEVEL"] == text
    environment = {one["name"]: one.get("value") for one in made.container()["env"]}
    assert environment["RUST_BACKTRACE"] == text
    assert made.workload()["spec"]["template"]["metadata"]["annotations"]["example.com/note"] == text
    assert made.one("ServiceAccount")["metadata"]["annotations"]["example.com/note"] == text
    assert len(made.objects) == len(render("pool-manager", MINIMAL).objects)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_a_secret_stays_that_text_and_in_its_secret(text):
    inline = changed(values(VALUES / "inline.yaml"), {"poolManager.secrets.CACHE_PASSWORD": "<" + text})
    made = render("pool-manager", inline)
    assert made.one("Secret")["stringData"]["CACHE_PASSWORD"] == "<" + text


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_a_text_of_the_console_stays_that_text(text):
    base = changed({}, {"backofficeConsole.useExistingSecret": True, "backofficeConsole.existingSecretName": "s"})
    made = render("backoffice-console", changed(base, {"backofficeConsole.configmap.FEATURE": text}))
    assert made.one("ConfigMap")["data"]["FEATURE"] == text


@pytest.mark.parametrize(("value", "text"), TYPED)
def test_numbers_and_booleans_come_out_as_text(value, text):
    changes = {
        "poolManager.configmap.SERVICE_RATE_LIMIT_MAX": value,
        "poolManager.extraEnvVars": [{"name": "RUST_BACKTRACE", "value": value}],
    }
    made = render("pool-manager", changed(MINIMAL, changes))
    assert made.one("ConfigMap")["data"]["SERVICE_RATE_LIMIT_MAX"] == text
    assert [one["value"] for one in made.container()["env"] if one["name"] == "RUST_BACKTRACE"] == [text]


def test_numbers_of_a_values_file_come_out_as_text(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text((VALUES / "minimal.yaml").read_text().replace("CACHE_MODE: single", "CACHE_MODE: single\n    RATE_LIMIT_MAX: 1000000\n    RATE_LIMIT_ENABLED: on"))
    data = render("pool-manager", values(file)).one("ConfigMap")["data"]
    assert (data["RATE_LIMIT_MAX"], data["RATE_LIMIT_ENABLED"]) == ("1000000", "true")


FLAGS = {
    "serviceAccount.create": "ServiceAccount",
    "poolManager.autoscaling.enabled": "HorizontalPodAutoscaler",
    "poolManager.pdb.enabled": "PodDisruptionBudget",
    "poolManager.migrations.enabled": "Job",
    "poolManager.test.enabled": "Pod",
    "poolManager.persistence.enabled": "StatefulSet",
    "poolManager.networkPolicy.enabled": "NetworkPolicy",
    "poolManager.ingress.enabled": "Ingress",
}


@pytest.mark.parametrize(("flag", "kind"), FLAGS.items())
def test_false_in_quotes_is_false_and_true_in_quotes_true(flag, kind):
    base = changed(MINIMAL, {"poolManager.ingress.hosts": [{"host": "a.example"}]})
    for off, on in ((False, True), ("false", "true")):
        assert not render("pool-manager", changed(base, {flag: off})).all(kind)
        assert render("pool-manager", changed(base, {flag: on})).all(kind)
    assert "must be one of" in refusal("pool-manager", changed(base, {flag: "no"}))


@pytest.mark.parametrize("place", ["poolManager.image.repository", "poolManager.image.tag", "poolManager.priorityClassName", "poolManager.ingress.className"])
def test_no_value_leaves_its_place(place):
    text = 'x"\n  hostNetwork: true\n  y: "{{ .Release.Name }}'
    base = changed(MINIMAL, {"poolManager.ingress.enabled": True, "poolManager.ingress.hosts": [{"host": "a.example"}], place: text})
    made = render("pool-manager", base)
    assert not any("hostNetwork" in spec for _, spec in made.pods())
    assert any(text in str(one) or "hostNetwork" in str(one) for one in made.objects)


@pytest.mark.parametrize(
    "changes",
    [
        {"poolManager.existingSecretName": "a\nb: c"},
        {"namespaceOverride": "kube-system\n---"},
        {"fullnameOverride": "Über"},
        {"poolManager.image.digest": "sha256:x"},
        {"poolManager.image.pullPolicy": "Sometimes"},
        {"poolManager.replicaCount": "2; drop"},
        {"poolManager.service.port": 0},
        {"poolManager.configmap": {"a-b": "x"}},
        {"poolManager.configmap": {"CACHE_MODE": ["single"]}},
        {"poolManager.configmap": "CACHE_MODE=single"},
        {"poolManager.persistence.size": "1Gi\n"},
        {"poolManager": None},
    ],
    ids=str,
)
def test_what_is_no_name_or_number_is_refused(changes):
    before = copy.deepcopy(MINIMAL)
    assert refusal("pool-manager", changed(MINIMAL, changes))
    assert before == MINIMAL
