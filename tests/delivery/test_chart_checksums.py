"""What replaces pods when values change, without a hash that secrets could be guessed by."""

import helm_python
import pytest
import yaml
from chart import CHARTS, VALUES, changed, example, render, values

INLINE = values(VALUES / "inline.yaml")
SALT = {"pool-manager": "poolManager.secrets.SECRETS_ENCRYPTION_KEY", "backoffice-console": "backofficeConsole.secrets.WORKOS_COOKIE_PASSWORD"}
CONSOLE = changed({}, {"backofficeConsole.secrets": {"WORKOS_API_KEY": "k", "WORKOS_CLIENT_ID": "c", "WORKOS_COOKIE_PASSWORD": "c" * 32}})
GIVEN = {"pool-manager": INLINE, "backoffice-console": CONSOLE}
CHANGED = {"pool-manager": "poolManager.secrets.MONGO_URI", "backoffice-console": "backofficeConsole.secrets.WORKOS_API_KEY"}
PLAIN = {"pool-manager": "poolManager.configmap.LOG_LEVEL", "backoffice-console": "backofficeConsole.configmap.THEME"}
# Nothing that is long and random: the service of a trial has its keys in DATA_DIR, and AuthKit may be told its password elsewhere.
BARE = {
    "pool-manager": changed(
        example("pool-manager", "trial"), {"poolManager.secrets": {"BOOTSTRAP_ADMIN_API_KEY": "guess-me"}, "poolManager.useExistingSecret": False}
    ),
    "backoffice-console": changed(
        {}, {"backofficeConsole.secrets": {"WORKOS_API_KEY": "guess-me"}, "backofficeConsole.requiredSecrets": ["WORKOS_API_KEY"]}
    ),
}


def annotations(chart: str, given: dict, **how: object) -> dict[str, str]:
    """The annotations of the pods, at a revision of the release."""
    with helm_python.Chart.load(CHARTS / chart) as loaded:
        files = loaded.render(given, name=chart, namespace="default", **how)
    objects = [found for path, text in files.items() if path.endswith(".yaml") for found in yaml.safe_load_all(text) if found]
    [pods] = [one for one in objects if one["kind"] in ("Deployment", "StatefulSet")]
    return pods["spec"]["template"]["metadata"]["annotations"]


@pytest.mark.parametrize("chart", GIVEN)
def test_a_change_replaces_the_pods(chart):
    before = annotations(chart, GIVEN[chart])
    assert len(before["checksum/secrets"]) == len(before["checksum/config"]) == 64
    assert annotations(chart, GIVEN[chart]) == before
    secret = annotations(chart, changed(GIVEN[chart], {CHANGED[chart]: "mongodb://other/"}))
    assert secret["checksum/secrets"] != before["checksum/secrets"] and secret["checksum/config"] == before["checksum/config"]
    plain = annotations(chart, changed(GIVEN[chart], {PLAIN[chart]: "debug"}))
    assert plain["checksum/config"] != before["checksum/config"] and plain["checksum/secrets"] == before["checksum/secrets"]


@pytest.mark.parametrize("chart", BARE)
def test_there_is_no_hash_by_which_secrets_could_be_guessed(chart):
    assert annotations(chart, BARE[chart])["checksum/secrets"] == "revision-1"


@pytest.mark.parametrize("chart", SALT)
def test_secrets_that_others_make_have_no_annotation(chart):
    assert "checksum/secrets" not in annotations(chart, example(chart, "staging"))
