"""The chart of the console: it asks the pool-manager, has no cache, and keeps its secrets."""

import pytest
from chart import CHARTS, changed, example, render, sentences, values

BASE = example("backoffice-console", "staging")
B = "backofficeConsole"
PUBLIC = f"{B}.configmap.NEXT_PUBLIC_TENANT_MANAGER_API_URL"
STORE = {f"{B}.useExistingSecret": False, f"{B}.existingSecretName": ""}
WORKOS = {"WORKOS_API_KEY": "sk_live_1", "WORKOS_CLIENT_ID": "client_1", "WORKOS_COOKIE_PASSWORD": "c" * 32}

REFUSED = [
    ({f"{B}.configmap.CACHE_ADDRS": "a:1"}, f"{B}.configmap.CACHE_ADDRS: the console has no connection to Valkey", "API_URL"),
    ({f"{B}.configmap.REDIS_HOST": "a"}, f"{B}.configmap.REDIS_HOST: the console has no connection", "API_URL"),
    ({**STORE, f"{B}.secrets": {**WORKOS, "CACHE_PASSWORD": "x"}}, f"{B}.secrets.CACHE_PASSWORD: the console has no connection", "API_URL"),
    ({f"{B}.extraEnvVars": [{"name": "VALKEY_URL", "value": "x"}]}, f"{B}.extraEnvVars: VALKEY_URL: the console has no connection", "API_URL"),
    ({f"{B}.configmap.API_URL": ""}, f"{B}.configmap.API_URL: is blank", "write a value"),
    ({f"{B}.configmap.API_URL": None}, f"{B}.configmap.API_URL: missing", "http://pool-manager.pool-manager.svc.cluster.local:4003"),
    ({PUBLIC: " "}, f"{PUBLIC}: is blank", "write a value"),
    ({PUBLIC: "pool-manager:4003"}, f'{PUBLIC}: "pool-manager:4003" is not http', "https://"),
    ({PUBLIC: "https://api.lerian.io/tenant-manager"}, f"{PUBLIC}: ", "a path would be lost"),
    ({PUBLIC: "https://api.example.com"}, f"{PUBLIC}: https://api.example.com is the name of an example", "address of the pool-manager"),
    ({f"{B}.configmap.WORKOS_API_KEY": "sk"}, f"{B}.configmap.WORKOS_API_KEY: is a secret", "existingSecretName"),
    ({f"{B}.configmap.SESSION_SECRET": "s"}, f"{B}.configmap.SESSION_SECRET: is a secret", "existingSecretName"),
    *[
        ({f"{B}.configmap.{name}": "marker-s3cr3t"}, f"{B}.configmap.{name}: is a secret", "existingSecretName")
        for name in ("AWS_SECRET_ACCESS_KEY", "SECRET_KEY", "JWT_SIGNING_KEY", "OAUTH_CLIENTSECRET", "SENTRY_DSN", "DB_PASSWD", "MAIL_APIKEY", "SMTP_PASS")
    ],
    ({f"{B}.requiredSecrets": ["SESSION_SALT"], f"{B}.configmap.SESSION_SALT": "s"}, f"{B}.configmap.SESSION_SALT: is a secret", "existingSecretName"),
    ({f"{B}.configmap.DATABASE_URL": "postgres://u:marker-s3cr3t@h/"}, f"{B}.configmap.DATABASE_URL: has a user or a password", "existingSecretName"),
    ({f"{B}.configmap.ERRORS_URL": "https://marker-s3cr3t@h/1"}, f"{B}.configmap.ERRORS_URL: has a user or a password", "existingSecretName"),
    ({f"{B}.configmap.API_URL": "http://u:marker-s3cr3t@h"}, f"{B}.configmap.API_URL: what stands there is not http", "host alone"),
    ({f"{B}.configmap.API_URL": "marker-s3cr3t@h"}, f"{B}.configmap.API_URL: what stands there is not http", "host alone"),
    ({f"{B}.configmap.PORT": "u:marker-s3cr3t@h"}, f"{B}.configmap.PORT: what stands there is no port", "1 to 65535"),
    ({f"{B}.configmap.NEXT_PUBLIC_X": "https://u:marker-s3cr3t@h"}, f"{B}.configmap.NEXT_PUBLIC_X: has a user or a password", ""),
    ({f"{B}.extraEnvVars": [{"name": "HTTPS_PROXY", "value": "http://u:marker-s3cr3t@h"}]}, f"{B}.extraEnvVars: HTTPS_PROXY: has a user or a password", "secretKeyRef"),
    ({f"{B}.extraEnvVars": [{"name": "JWT_SIGNING_KEY", "value": "marker-s3cr3t"}]}, f"{B}.extraEnvVars: JWT_SIGNING_KEY: is a secret", "secretKeyRef"),
    ({f"{B}.extraEnvVars": [{"name": "WORKOS_CLIENT_ID", "value": "c"}]}, f"{B}.extraEnvVars: WORKOS_CLIENT_ID: is a secret", "secretKeyRef"),
    ({f"{B}.extraEnvVars": [{"name": "X", "value": ""}]}, f"{B}.extraEnvVars: X: is blank", "stronger than"),
    ({f"{B}.configmap.THEME": "<theme>"}, f"{B}.configmap.THEME: still has the placeholder", "write the value"),
    ({f"{B}.extraEnvVars": [{"name": "X", "value": "<x>"}]}, f"{B}.extraEnvVars: X: still has the placeholder", "write the value"),
    ({**STORE, f"{B}.secrets": {**WORKOS, "WORKOS_API_KEY": "<key>"}}, f"{B}.secrets.WORKOS_API_KEY: still has the placeholder", "existingSecretName"),
    ({f"{B}.configmap.PORT": 0}, f'{B}.configmap.PORT: "0" is no port', "1 to 65535"),
    (STORE, f"{B}.existingSecretName: the console has no secrets", "WORKOS_COOKIE_PASSWORD"),
    ({f"{B}.secrets": WORKOS}, f"{B}.useExistingSecret and {B}.secrets: more than one way", "keep one"),
    ({**STORE, f"{B}.secrets": {**WORKOS, "WORKOS_COOKIE_PASSWORD": "short"}}, f"{B}.secrets.WORKOS_COOKIE_PASSWORD: has fewer than 32", "openssl"),
    ({**STORE, f"{B}.secrets": {"WORKOS_API_KEY": "x"}}, f"{B}.secrets.WORKOS_CLIENT_ID: missing", "requiredSecrets"),
    ({**STORE, f"{B}.secrets": {**WORKOS, "NEXT_PUBLIC_KEY": "x"}}, f"{B}.secrets.NEXT_PUBLIC_KEY: is in every browser", "configmap"),
    ({**STORE, f"{B}.externalSecret.enabled": True}, f"{B}.externalSecret.key: is blank", "Secrets Manager"),
    ({f"{B}.pdb.maxUnavailable": 1}, f"{B}.pdb: minAvailable (1) and maxUnavailable (1) are both set", 'write ""'),
    ({f"{B}.ingress.enabled": "true"}, f"{B}.ingress.hosts: is empty", "host"),
]


@pytest.mark.parametrize(("changes", "begins", "says"), REFUSED, ids=[begins for _, begins, _ in REFUSED])
def test_it_is_refused_with_the_reason(changes, begins, says):
    told = sentences("backoffice-console", changed(BASE, changes))
    found = [line for line in told if line.startswith(begins)]
    assert found, told
    assert says in found[0]
    # Logs keep what a render prints.
    assert "marker-s3cr3t" not in " ".join(told)


def test_what_is_no_secret_is_taken():
    plain = {"WORKOS_CLIENT_ID": "client_1", "NEXT_PUBLIC_SENTRY_DSN": "https://public@o1.ingest.sentry.io/1", "THEME_KEY": "dark"}
    made = render("backoffice-console", changed(BASE, {f"{B}.configmap.{name}": value for name, value in plain.items()}))
    assert plain.items() <= made.one("ConfigMap")["data"].items()


@pytest.mark.parametrize("url", ["http://a", "https://a:4003", "https://a.b/v1", "https://a.b/v1/", "http://[fd00::1]:4003/"])
def test_addresses_are_taken(url):
    made = render("backoffice-console", changed(BASE, {f"{B}.configmap.API_URL": url}))
    assert made.one("ConfigMap")["data"]["API_URL"] == url


def test_there_is_no_variable_of_a_cache():
    for name in ("staging", "production"):
        text = "\n".join(render("backoffice-console", example("backoffice-console", name)).files.values())
        assert not any(word in text for word in ("CACHE_", "REDIS_", "VALKEY_", "valkey"))
    assert not [key for key in values(CHARTS / "backoffice-console/values.yaml")[B]["configmap"] if "CACHE" in key]


def test_next_has_where_to_write_and_listens_to_everybody():
    made = render("backoffice-console", BASE)
    spec = made.workload()["spec"]["template"]["spec"]
    container = spec["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True and spec["securityContext"]["runAsUser"] == 1000
    assert {one["mountPath"] for one in container["volumeMounts"]} == {"/app/.next/cache", "/tmp"}
    assert all("emptyDir" in one for one in spec["volumes"])
    assert {"name": "HOSTNAME", "value": "0.0.0.0"} in container["env"]
    assert container["ports"][0]["containerPort"] == 3000
    assert made.one("ConfigMap")["data"]["PORT"] == "3000"
    assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
    moved = changed(BASE, {f"{B}.cachePath": "/app/apps/backoffice/.next/cache", f"{B}.readinessProbe.path": "/api/health"})
    container = render("backoffice-console", moved).container()
    assert container["volumeMounts"][0]["mountPath"] == "/app/apps/backoffice/.next/cache"
    assert container["readinessProbe"]["httpGet"]["path"] == "/api/health"


def test_replicas_and_budget():
    made = render("backoffice-console", BASE)
    assert "replicas" not in made.workload()["spec"]
    assert made.one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"] == "Deployment"
    assert made.one("PodDisruptionBudget")["spec"]["minAvailable"] == 1
    assert render("backoffice-console", changed(BASE, {f"{B}.autoscaling.enabled": "false"})).workload()["spec"]["replicas"] == 2


def test_the_notes_say_what_browsers_cannot_reach():
    assert "which no browser can reach" in render("backoffice-console", BASE).notes
    public = render("backoffice-console", changed(BASE, {PUBLIC: "https://pool-manager.lerian.io"})).notes
    assert "which no browser can reach" not in public and "when the image is built" in public


def test_secrets_stay_in_the_secret():
    made = render("backoffice-console", changed(BASE, {**STORE, f"{B}.secrets": WORKOS}))
    assert made.one("Secret")["stringData"] == WORKOS
    assert not any(text in str(one) for one in made.objects if one["kind"] != "Secret" for text in WORKOS.values())
    assert "WARNING: backofficeConsole.secrets holds secrets in clear" in made.notes
