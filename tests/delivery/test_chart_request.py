"""The values of the request for Valkey support are refused, each with the reason and what to write instead."""

import pytest
from chart import COMPONENTS, VALUES, changed, refusal, render, sentences, values


def test_the_values_for_the_pool_manager_are_refused_with_the_reasons():
    told = sentences("pool-manager", values(VALUES / "request-pool-manager.yaml"))
    env = [line for line in told if line.startswith("env: ")][0]
    assert "poolManager.configmap" in env and "stronger than the Secret" in env
    env_from = [line for line in told if line.startswith("envFrom: ")][0]
    assert "poolManager.valkey.existingSecretName" in env_from and "valkey-credentials" in env_from


def test_its_blanks_are_refused_where_the_variables_belong():
    asked = values(VALUES / "request-pool-manager.yaml")["env"]
    told = sentences("pool-manager", {"poolManager": {"configmap": asked}})
    for name in ("CACHE_ADDRS", "CACHE_PASSWORD"):
        found = [line for line in told if line.startswith(f"poolManager.configmap.{name}: ")]
        assert "remove it here" in found[0] and "a blank would be taken" in found[0]
    # The others are good.
    assert not any(name in line for line in told for name in ("CACHE_MODE", "CACHE_TLS_ENABLED", "CACHE_POOL_SIZE", "CACHE_MAX_RETRIES"))


def test_what_it_means_is_taken():
    asked = values(VALUES / "request-pool-manager.yaml")
    kept = {name: value for name, value in asked["env"].items() if value}
    made = render(
        "pool-manager",
        {
            "poolManager": {
                "configmap": {**kept, "ENVIRONMENT_NAME": "staging", "AWS_REGION": "us-east-2"},
                "useExistingSecret": True,
                "existingSecretName": "pool-manager-credentials",
                "valkey": {"existingSecretName": asked["envFrom"][0]["secretRef"]["name"]},
            }
        },
    )
    assert kept.items() <= made.one("ConfigMap")["data"].items()
    assert {"secretRef": {"name": "valkey-credentials"}} in made.container()["envFrom"]


def test_its_secret_is_refused_among_the_objects():
    """Whichever chart it is given to: a Secret belongs neither into Git nor into the history of a release."""
    secret = values(VALUES / "request-secret.yaml")
    for chart, component in COMPONENTS.items():
        (told,) = [line for line in sentences(chart, {"extraDeploy": [secret]}) if line.startswith("extraDeploy: ")]
        assert told.startswith('extraDeploy: Secret "valkey-credentials": values are in Git')
        assert "ExternalSecret" in told and f"{component}.existingSecretName" in told


@pytest.mark.parametrize("content", [{}, {"kind": "ExternalSecret", "spec": {"target": {}}}], ids=["without data", "ExternalSecret"])
def test_objects_without_a_secret_in_them_are_rendered(content):
    secret = {key: value for key, value in values(VALUES / "request-secret.yaml").items() if key != "stringData"}
    minimal = changed(values(VALUES / "minimal.yaml"), {"extraDeploy": [{**secret, **content}]})
    assert "valkey-credentials" in [one["metadata"]["name"] for one in render("pool-manager", minimal).objects]


def test_its_placeholder_is_no_password():
    password = values(VALUES / "request-secret.yaml")["stringData"]["CACHE_PASSWORD"]
    told = sentences("pool-manager", changed(values(VALUES / "inline.yaml"), {"poolManager.secrets.CACHE_PASSWORD": password}))
    assert told[0].startswith("poolManager.secrets.CACHE_PASSWORD: still has the placeholder of an example")
    assert "poolManager.existingSecretName" in told[0] and password not in told[0]
    assert not refusal("pool-manager", changed(values(VALUES / "inline.yaml"), {"poolManager.secrets.CACHE_PASSWORD": "<a>token<with>signs"}))


def test_the_values_for_the_console_are_refused_with_the_reasons():
    asked = values(VALUES / "request-backoffice-console.yaml")
    told = sentences("backoffice-console", asked)
    assert [line for line in told if line.startswith("env: ") and "backofficeConsole.configmap" in line]
    told = sentences("backoffice-console", {"backofficeConsole": {"configmap": asked["env"]}})
    found = [line for line in told if line.startswith("backofficeConsole.configmap.NEXT_PUBLIC_TENANT_MANAGER_API_URL: ")]
    assert "the name of an example" in found[0]
    # In the cluster both charts are there for, the default is right.
    assert "API_URL" not in refusal("backoffice-console", {})
