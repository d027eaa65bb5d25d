"""Values that would go wrong in the cluster fail the render, with a sentence that begins with the value and says what would be right."""

import pytest
from chart import VALUES, changed, refusal, render, sentences, values

MINIMAL = values(VALUES / "minimal.yaml")
INLINE = values(VALUES / "inline.yaml")
P = "poolManager"
STORE = {f"{P}.useExistingSecret": False, f"{P}.existingSecretName": ""}
EXTERNAL = {**STORE, f"{P}.externalSecret.enabled": True, f"{P}.externalSecret.key": "k", f"{P}.externalSecret.secretStoreRef.name": "s"}

# What is changed in the minimal values, how the sentence begins, and a part of what it says to do.
REFUSED = [
    # Blanks that would hide a Secret.
    ({f"{P}.configmap.CACHE_ADDRS": ""}, f"{P}.configmap.CACHE_ADDRS: comes from the Secret of Valkey", "remove it"),
    ({f"{P}.configmap.CACHE_PASSWORD": " "}, f"{P}.configmap.CACHE_PASSWORD: comes from the Secret", "a blank would be taken"),
    ({f"{P}.configmap.AWS_ENDPOINT_URL": "  "}, f"{P}.configmap.AWS_ENDPOINT_URL: is blank", "write a value, or remove it"),
    ({f"{P}.extraEnvVars": [{"name": "CACHE_ADDRS", "value": ""}]}, f"{P}.extraEnvVars: CACHE_ADDRS: is blank", "stronger than"),
    ({f"{P}.extraEnvVars": [{"name": "CACHE_PASSWORD"}]}, f"{P}.extraEnvVars: CACHE_PASSWORD: is blank", "write a value"),
    # Secrets where everybody reads them.
    ({f"{P}.configmap.MONGO_URI": "mongodb://a:b@c/"}, f"{P}.configmap.MONGO_URI: is a secret", "existingSecretName"),
    ({f"{P}.configmap.AWS_SECRET_ACCESS_KEY": "x"}, f"{P}.configmap.AWS_SECRET_ACCESS_KEY: is a secret", "existingSecretName"),
    ({f"{P}.configmap.CACHE_PASSWORD": "x"}, f"{P}.configmap.CACHE_PASSWORD: comes from the Secret", "valkey.existingSecretName"),
    ({f"{P}.configmap.CACHE_ADDRS": "a:1"}, f"{P}.configmap.CACHE_ADDRS: comes from the Secret", "valkey.existingSecretName"),
    ({f"{P}.extraEnvVars": [{"name": "RABBITMQ_URI", "value": "amqps://a:b@c/"}]}, f"{P}.extraEnvVars: RABBITMQ_URI: is a secret", "secretKeyRef"),
    *[
        ({f"{P}.extraEnvVars": [{"name": name, "value": "marker-s3cr3t"}]}, f"{P}.extraEnvVars: {name}: has the name of a secret", "secretKeyRef")
        for name in ("OTEL_EXPORTER_OTLP_HEADERS", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "MY_PASSWORD", "CLIENTSECRET", "SENTRY_DSN", "SIGNING_KEY", "my_credential", "DB_PASSWD", "MAIL_APIKEY", "SMTP_PASS", "KEY_PASSPHRASE")
    ],
    *[
        ({f"{P}.extraEnvVars": [{"name": name, "value": value}]}, f"{P}.extraEnvVars: {name}: has a user or a password", "secretKeyRef")
        for name, value in (("HTTPS_PROXY", "http://u:marker-s3cr3t@proxy:3128"), ("HTTP_PROXY", "u:marker-s3cr3t@proxy:3128"), ("CACHE_ADDRS", "rediss://:marker-s3cr3t@a:6379"))
    ],
    *[
        ({f"{P}.configmap.{name}": value}, f"{P}.configmap.{name}: has a user or a password", "remove it")
        for name, value in (
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:marker-s3cr3t@collector:4317"),
            ("AWS_ENDPOINT_URL", "https://marker-s3cr3t@proxy"),
            ("AUTH_JWKS_URL", "https://u:marker-s3cr3t@issuer/keys"),
            ("EVENTS_LEGACY_REDIS_HOST", "redis://:marker-s3cr3t@a"),
            ("AUTH_ISSUER", "u:marker-s3cr3t@issuer"),
        )
    ],
    ({f"{P}.configmap.ENVIRONMENT_NAME": "x://u:marker-s3cr3t@h"}, f'{P}.configmap.ENVIRONMENT_NAME: "x://...@h" is not', "staging or production"),
    (
        {f"{P}.configmap.ENABLE_TELEMETRY": "true", f"{P}.configmap.OTEL_EXPORTER_OTLP_ENDPOINT": "http://u:marker-s3cr3t@collector:4317"},
        f"{P}.configmap.ALLOW_INSECURE_OTEL: telemetry goes to http://...@collector:4317 in clear", 'write "true"',
    ),
    # What was copied and not filled in.
    ({f"{P}.configmap.AWS_REGION": "<region>"}, f"{P}.configmap.AWS_REGION: still has the placeholder", "write the value"),
    ({f"{P}.extraEnvVars": [{"name": "RUST_LOG", "value": " <level>\n"}]}, f"{P}.extraEnvVars: RUST_LOG: still has the placeholder", "write the value"),
    # Names.
    ({f"{P}.configmap.CACHE_ADRS": "a:1"}, f"{P}.configmap.CACHE_ADRS: the service has no variable", "CONFIGURATION.md"),
    ({f"{P}.extraEnvVars": [{"name": "CACHE_POOLSIZE", "value": 3}]}, f"{P}.extraEnvVars: CACHE_POOLSIZE: the service has no", "CONFIGURATION.md"),
    ({f"{P}.configmap.REDIS_HOST": "a"}, f"{P}.configmap.REDIS_HOST: an old name", "CACHE_*"),
    ({f"{P}.configmap.DATA_DIR": "/tmp"}, f"{P}.configmap.DATA_DIR: the chart sets it", "persistence"),
    ({f"{P}.configmap.SERVER_ADDRESS": ":80"}, f"{P}.configmap.SERVER_ADDRESS: the chart sets it", "SERVER_PORT"),
    ({f"{P}.configmap.CACHE_PASSWORD_FILE": "/x"}, f"{P}.configmap.CACHE_PASSWORD_FILE: the chart sets it", "passwordFromFile"),
    ({f"{P}.extraEnvVars": [{"name": "HOST_IP", "value": "1"}]}, f"{P}.extraEnvVars: HOST_IP: the chart sets it", ""),
    ({f"{P}.extraEnvVars": [{"name": "ALLOW_EMBEDDED", "value": True}]}, f"{P}.extraEnvVars: ALLOW_EMBEDDED: the chart goes by it", f"{P}.configmap"),
    ({f"{P}.extraEnvVars": [{"name": "A", "value": 1}, {"name": "A", "value": 2}]}, f"{P}.extraEnvVars: A: is there twice", "remove one"),
    ({f"{P}.extraEnvVars": [{"name": "CACHE_MODE", "value": "single"}]}, f"{P}.extraEnvVars: CACHE_MODE: is in {P}.configmap", "remove one"),
    ({f"{P}.extraEnvVars": [{"name": "A", "value": 1, "valueFrom": {}}]}, f"{P}.extraEnvVars: A: has both", "remove one"),
    # What the service demands.
    ({f"{P}.configmap.DEPLOYMENT_MODE": "prod"}, f'{P}.configmap.DEPLOYMENT_MODE: "prod" is not', "saas, byoc or local"),
    ({f"{P}.configmap.ENVIRONMENT_NAME": None}, f"{P}.configmap.ENVIRONMENT_NAME: missing", "staging or production"),
    ({f"{P}.configmap.ENVIRONMENT_NAME": "prod"}, f'{P}.configmap.ENVIRONMENT_NAME: "prod" is not', "staging or production"),
    ({f"{P}.configmap.CACHE_MODE": None}, f"{P}.configmap.CACHE_MODE: missing", "cache_mode"),
    ({f"{P}.configmap.CACHE_MODE": "sentinel"}, f'{P}.configmap.CACHE_MODE: "sentinel" is not', "single or cluster"),
    ({f"{P}.configmap.CACHE_TLS_ENABLED": "yes"}, f'{P}.configmap.CACHE_TLS_ENABLED: "yes" is not', "true or false"),
    ({f"{P}.configmap.AWS_REGION": None}, f"{P}.configmap.AWS_REGION: missing", "us-east-2"),
    ({f"{P}.configmap.SECRETS_BACKEND": "embedded"}, f"{P}.configmap.SECRETS_BACKEND: missing with DEPLOYMENT_MODE=saas", "write aws"),
    ({f"{P}.configmap.SERVER_PORT": "http"}, f'{P}.configmap.SERVER_PORT: "http" is no port', "1 to 65535"),
    ({f"{P}.configmap.SERVER_PORT": 70000}, f'{P}.configmap.SERVER_PORT: "70000" is no port', "1 to 65535"),
    ({f"{P}.configmap.TLS_CERT_FILE": "/tls.crt"}, f"{P}.configmap.TLS_KEY_FILE: missing", "belong together"),
    ({f"{P}.configmap.TLS_CERT_FILE": "/a", f"{P}.configmap.TLS_KEY_FILE": "/b", f"{P}.tls.existingSecretName": "t"}, f"{P}.tls.existingSecretName: is set beside", "remove one"),
    # Secrets.
    (STORE, f"{P}.existingSecretName: the service has no secrets", "useExistingSecret: true"),
    ({f"{P}.existingSecretName": ""}, f"{P}.existingSecretName: is blank", "write the name"),
    ({f"{P}.useExistingSecret": "false"}, f"{P}.useExistingSecret: is false although", "write true"),
    ({f"{P}.secrets.MONGO_URI": "mongodb://a/"}, f"{P}.useExistingSecret and {P}.secrets: more than one way", "keep one"),
    ({f"{P}.externalSecret.enabled": True}, f"{P}.useExistingSecret and {P}.externalSecret.enabled: more than one way", "keep one"),
    ({**EXTERNAL, f"{P}.externalSecret.key": ""}, f"{P}.externalSecret.key: is blank", "Secrets Manager"),
    ({**EXTERNAL, f"{P}.externalSecret.secretStoreRef.name": ""}, f"{P}.externalSecret.secretStoreRef.name: is blank", "ClusterSecretStore"),
    ({**EXTERNAL, f"{P}.externalSecret.variables": ["MONGO_URI", "SECRETS_ENCRYPTION_KEY"]}, f"{P}.externalSecret.variables: has no BOOTSTRAP_ADMIN_API_KEY", "write a key"),
    ({**EXTERNAL, f"{P}.externalSecret.variables": ["CACHE_MODE"]}, f"{P}.externalSecret.variables: CACHE_MODE is no secret", "configmap"),
    ({f"{P}.valkey.externalSecret.enabled": True, f"{P}.externalSecret.secretStoreRef.name": "s"}, f"{P}.valkey.externalSecret.key: is blank", "valkey_secret_name"),
    ({f"{P}.valkey.existingSecretName": "", f"{P}.valkey.passwordFromFile": True}, f"{P}.valkey.existingSecretName: is blank although", "valkey-credentials"),
    # Pods.
    ({f"{P}.terminationGracePeriodSeconds": 56}, f"{P}.terminationGracePeriodSeconds: 56 is less", "write 57 or more"),
    ({f"{P}.configmap.READYZ_DRAIN_GRACE_SECONDS": "20"}, f"{P}.terminationGracePeriodSeconds: 60 is less", "write 65 or more"),
    ({f"{P}.pdb.maxUnavailable": 1}, f"{P}.pdb: minAvailable (1) and maxUnavailable (1) are both set", 'write ""'),
    ({f"{P}.pdb.minAvailable": ""}, f"{P}.pdb: neither", "write one"),
    ({f"{P}.pdb.minAvailable": 2}, f"{P}.pdb.minAvailable: 2 of 2 replicas", "pdb.enabled: false"),
    ({f"{P}.autoscaling.minReplicas": 6}, f"{P}.autoscaling.minReplicas: 6 is more", "maxReplicas (5)"),
    ({f"{P}.resources": {"requests": {"cpu": None}}}, f"{P}.resources.requests.cpu: missing", "autoscaling.enabled: false"),
    ({f"{P}.deploymentUpdate.maxSurge": 0}, f"{P}.deploymentUpdate: maxSurge and maxUnavailable are both 0", "write 1"),
    # The edge and telemetry.
    ({f"{P}.ingress.enabled": True}, f"{P}.ingress.hosts: is empty", "host"),
    ({f"{P}.ingress.enabled": "true", f"{P}.ingress.hosts": [{"host": " "}]}, f"{P}.ingress.hosts: a host is blank", "name"),
    ({f"{P}.configmap.ENABLE_TELEMETRY": True}, f"{P}.configmap.ALLOW_INSECURE_OTEL: telemetry goes to $(HOST_IP):4317 in clear", 'write "true"'),
    ({f"{P}.monitoring.serviceMonitor.enabled": True}, f"{P}.monitoring.serviceMonitor.collectorLabels: is empty", "labels of the Service"),
    ({f"{P}.monitoring.prometheusRule.enabled": True}, f"{P}.configmap.ENABLE_TELEMETRY: is not", 'write "true"'),
    # The places that the charts of others have.
    ({"env": {"CACHE_MODE": "single"}}, "env: this chart has no such value", f"{P}.configmap"),
    ({"envFrom": []}, "envFrom: this chart has no such value", f"{P}.valkey.existingSecretName"),
    ({f"{P}.env": []}, f"{P}.env: this chart has no such value", f"{P}.configmap"),
    ({f"{P}.envFrom": []}, f"{P}.envFrom: this chart has no such value", f"{P}.existingSecretName"),
]


def test_the_minimal_values_are_taken():
    assert not refusal("pool-manager", MINIMAL)
    assert not refusal("pool-manager", INLINE)


@pytest.mark.parametrize(("changes", "begins", "says"), REFUSED, ids=[begins for _, begins, _ in REFUSED])
def test_it_is_refused_with_the_reason(changes, begins, says):
    told = sentences("pool-manager", changed(MINIMAL, changes))
    found = [line for line in told if line.startswith(begins)]
    assert found, told
    assert says in found[0]
    # Logs keep what a render prints.
    assert "marker-s3cr3t" not in " ".join(told)


def test_what_only_looks_like_a_secret_is_taken():
    extra = {"HTTPS_PROXY": "http://proxy:3128", "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token", "MONKEY": "x", "NO_PROXY": "a@b", "OTEL_BSP_SCHEDULE_DELAY": 5}
    entries = [{"name": name, "value": value} for name, value in extra.items()]
    referred = [{"name": "MY_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    urls = {f"{P}.configmap.AWS_ENDPOINT_URL": "https://proxy:8443/a@b", f"{P}.configmap.AUTH_JWKS_URL": "https://issuer/keys"}
    assert not refusal("pool-manager", changed(MINIMAL, {f"{P}.extraEnvVars": entries + referred, **urls}))


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "AUTH_JWKS_URL"])
def test_what_is_said_of_a_password_in_a_url_can_be_done(name):
    told = sentences("pool-manager", changed(MINIMAL, {f"{P}.configmap.{name}": "https://u:marker-s3cr3t@h"}))
    advised = "OTEL_EXPORTER_OTLP_HEADERS" if name.startswith("OTEL") else name
    assert ("the whole variable" if advised == name else advised) in told[0]
    followed = {f"{P}.extraEnvVars": [{"name": advised, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}
    assert not refusal("pool-manager", changed(MINIMAL, followed))


def test_every_fault_is_told_at_once():
    told = sentences("pool-manager", {})
    assert [line.split(":")[0] for line in told] == [
        "poolManager.configmap.ENVIRONMENT_NAME",
        "poolManager.configmap.CACHE_MODE",
        "poolManager.configmap.AWS_REGION",
        "poolManager.existingSecretName",
    ]


@pytest.mark.parametrize("name", ["MONGO_URI", "BOOTSTRAP_ADMIN_API_KEY", "SECRETS_ENCRYPTION_KEY", "CACHE_ADDRS", "CACHE_PASSWORD"])
def test_each_credential_is_missed(name):
    without = changed(INLINE, {})
    del without["poolManager"]["secrets"][name]
    assert sentences("pool-manager", without)[0].startswith(f"poolManager.secrets.{name}: missing")
    blank = changed(INLINE, {f"poolManager.secrets.{name}": ""})
    assert sentences("pool-manager", blank) == [f"poolManager.secrets.{name}: is blank; write the value, or remove it"]


def test_the_address_is_not_given_twice():
    told = sentences("pool-manager", changed(INLINE, {"poolManager.valkey.existingSecretName": "valkey-credentials"}))
    assert told[0].startswith("poolManager.secrets.CACHE_ADDRS: is set although the Secret \"valkey-credentials\" gives it")


def test_replicas_do_not_keep_records_of_their_own():
    embedded = {"poolManager.configmap.ALLOW_EMBEDDED": "true"}
    without = changed(INLINE, embedded)
    del without["poolManager"]["secrets"]["MONGO_URI"]
    told = " ".join(sentences("pool-manager", without))
    assert "poolManager.replicaCount: more than one replica without MONGO_URI" in told
    assert "poolManager.persistence.enabled: records without MONGO_URI are files" in told
    assert not refusal("pool-manager", changed(INLINE, embedded))


@pytest.mark.parametrize("value", ["poolManager.replicas", "replicaCount", "poolManager.valkey.existingSecret"])
def test_what_is_no_value_is_refused(value):
    assert "additional properties" in refusal("pool-manager", changed(MINIMAL, {value: 1}))


def test_tls_that_is_off_is_warned_of():
    assert "WARNING" not in render("pool-manager", MINIMAL).notes
    notes = render("pool-manager", changed(MINIMAL, {"poolManager.configmap.CACHE_TLS_ENABLED": "false"})).notes
    assert 'WARNING: poolManager.configmap.CACHE_TLS_ENABLED is not "true"' in notes


def test_more_than_one_address_is_remarked_on():
    assert "more than one address" not in render("pool-manager", INLINE).notes
    notes = render("pool-manager", changed(INLINE, {"poolManager.secrets.CACHE_ADDRS": "a:6379,b:6379"})).notes
    assert "more than one address" in notes and "configuration endpoint" in notes
