"""The upgrade guide: from the service before this one, and from one Valkey to another."""

import base64
import hashlib
import json
import sqlite3
import subprocess
import threading

from runbook_shell import Shell
from runbook_shell import authority, certificate, directory, node, program  # noqa: F401 (fixtures)
from runbook_stack import PASSWORD, PlainValkey, Service, cache_variables, only, wait_for

RECORDS = [
    {"type": "service", "name": "ledger", "modules": [{"name": "main", "resources": ["postgresql"]}]},
    {"type": "tenant", "id": "0f8fad5b-d9cb-469f-a165-70867728950e", "slug": "blue-bank", "name": "Blue Bank", "environment": "staging", "owner": {"email": "ana@example.com"}},
    {"type": "tenant", "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "slug": "red-bank", "name": "Red Bank", "environment": "staging", "owner": {"email": "ana@example.com"}},
    {
        "type": "association", "tenantId": "0f8fad5b-d9cb-469f-a165-70867728950e", "service": "ledger",
        "modules": {"main": {"postgresql": {"host": "pg-1", "port": 5432, "database": "bb", "username": "bb", "password": "old-s3cret"}}},
    },
    {"type": "api-key", "name": "pods", "service": "ledger", "environment": "staging", "sha256": hashlib.sha256(b"key-of-the-pods").hexdigest()},
]
# What the service before wrote, under the names that both use.
LEFT = {
    f"apikey:sha256:{hashlib.sha256(b'key-of-the-pods').hexdigest()}": '{"valid":true}',
    f"apikey:sha256:{hashlib.sha256(b'key-of-nobody').hexdigest()}": '{"valid":true}',
    "tenant-connections:0f8fad5bd9cb469fa16570867728950e:ledger": '{"id":"0f8fad5bd9cb469fa16570867728950e","databases":{"main":{"postgresql":{"password":"forged"}}}}',
    "tenant-manager:ratelimit:default:bootstrap": "17",
}


def test_upgrade_from_the_service_before(program, directory, authority, node):
    old = PlainValkey(directory)
    for key, value in LEFT.items():
        old.cli("SET", key, value)
    service = Service(
        program, directory / "upgraded", SECRETS_ENCRYPTION_KEY=base64.b64encode(bytes(32)).decode(),
        REDIS_HOST="127.0.0.1", REDIS_PORT=str(old.port), REDIS_PASSWORD=PASSWORD,
    )
    shell = Shell(service, {"OLD_HOST": "127.0.0.1", "OLD_PORT": str(old.port), "REDISCLI_AUTH": PASSWORD, "ENVIRONMENT": "staging"})
    try:
        service.start()
        (service.directory / "records.jsonl").write_text("\n".join(map(json.dumps, RECORDS)))
        shell.run("import")
        assert "REDIS_* will not be read by the next release" in service.log()
        shell.run("doctor-before-the-move")
        tenant = RECORDS[1]["id"]
        # What was left is not believed: neither connections nor verdicts about keys.
        assert service.password_of(tenant) == "old-s3cret"
        assert service.status("GET", "/v1/tenants/active?service=ledger", key="key-of-the-pods") == 200
        assert service.status("GET", "/v1/tenants/active?service=ledger", key="key-of-nobody") == 401
        shell.run("clear-what-was-left")
        assert not set(LEFT) & set(old.cli("KEYS", "apikey:*").split())

        for name in [name for name in service.environment if name.startswith("REDIS_")]:
            del service.environment[name]
        legacy = {"EVENTS_LEGACY_REDIS_HOST": "127.0.0.1", "EVENTS_LEGACY_REDIS_PORT": str(old.port), "EVENTS_LEGACY_REDIS_PASSWORD": PASSWORD}
        service.restart(**cache_variables("single", authority, node), **legacy)
        heard = {}
        listeners = [threading.Thread(target=lambda: heard.update(old=shell.listen("hear-old", until="event_id"))),
                     threading.Thread(target=lambda: heard.update(new=shell.listen("hear-new", until="event_id")))]
        for listener in listeners:
            listener.start()
        wait_for("a listener on the old server", lambda: "tenant-events:staging:\n1" in shell.run("old-subscribers"))
        wait_for("a listener on the new server", lambda: "tenant-events:staging:\n1" in shell.run("new-subscribers"))
        service.call("PUT", f"/v1/tenants/{tenant}/suspend")
        for listener in listeners:
            listener.join()
        messages = {name: only(r'"event_id":"([^"]+)"', said) for name, said in heard.items()}
        assert messages["old"] == messages["new"]
        wait_for("nobody on the old server", lambda: "tenant-events:staging:\n0" in shell.run("old-subscribers"))

        for name in legacy:
            del service.environment[name]
        service.restart()
        shell.run("version")
    finally:
        service.stop()
        old.process.stop()


def test_a_version_before_refuses_the_schema_of_a_newer_one(program, directory):
    service = Service(program, directory / "newer", SECRETS_ENCRYPTION_KEY=base64.b64encode(bytes(32)).decode())
    migrate = lambda: subprocess.run([program, "migrate"], env=service.environment, capture_output=True, text=True)
    assert migrate().returncode == 0
    with sqlite3.connect(service.directory / "data" / "records.sqlite") as records:
        records.execute("INSERT INTO migrations VALUES (99, 'of_a_newer_version', '', 0)")
    refused = migrate()
    assert refused.returncode == 1 and "which this version does not know: run a newer version" in refused.stderr
