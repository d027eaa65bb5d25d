"""The commands of the runbook, run on one node of Valkey; what each should bring about is looked at."""

import json
import os
import re
import subprocess

from runbook_shell import COMMANDS, ROOT, Shell
from runbook_shell import authority, certificate, directory, node, program, service, shell  # noqa: F401 (fixtures)
from runbook_stack import OPERATOR, PASSWORD, Service, cache_variables, only, wait_for


def test_valkey_cli_gets_user_and_password_from_the_environment(shell, node):
    shell.run("valkey-ping")
    node.cli("ACL", "SETUSER", "pool-manager", "on", ">of-the-user-0123456789", "-@all", "+ping")
    shell.run("valkey-ping", CACHE_USERNAME="pool-manager", REDISCLI_AUTH="of-the-user-0123456789")


def test_readiness_and_doctor_of_a_service_that_is_well(shell):
    shell.run("readiness")
    assert "FAULT" not in shell.run("doctor")
    report = json.loads(shell.run("doctor-json").splitlines()[0])
    assert {row["verdict"] for row in report["checks"]} <= {"ok", "warning"}
    outputs = {
        "cache_mode": "single", "cache_addrs": shell.service.environment["CACHE_ADDRS"], "cache_tls_enabled": True, "cache_username": "",
        "auth_token_update_strategy": "ROTATE",
    }
    (shell.service.directory / "outputs.json").write_text(json.dumps({name: {"value": value} for name, value in outputs.items()}))
    assert "FAULT" not in shell.run("doctor-terraform")
    shell.run("figures")


def test_values_are_looked_at_without_a_service(program, directory):
    elsewhere = Service(program, directory / "values")
    elsewhere.environment = {name: elsewhere.environment[name] for name in ("PATH", "HOME")}
    (elsewhere.directory / "charts").symlink_to(ROOT / "charts")
    said = Shell(elsewhere, {}).run("doctor-values")
    assert "CACHE_ADDRS" in said.splitlines()[0] and "FAULT" not in said


def test_flush_by_pattern_takes_what_it_names(shell):
    for name in ("flush-pattern", "flush-pattern-cli"):
        shell.service.call("DELETE", "/cache?all=true&confirm=true")
        tenants = [shell.service.add_tenant(f"{name}-{number}") for number in range(2)]
        connections = {f"tenant-connections:{tenant}:ledger" for tenant in tenants}
        assert connections <= shell.service.cached_keys()
        shell.run("flush-pattern") if name == "flush-pattern" else shell.run("flush-pattern-cli")
        left = shell.service.cached_keys()
        assert not connections & left and any(key.startswith("apikey:") for key in left)


def test_flush_of_one_tenant_leaves_the_others(shell):
    for number in range(2):
        one, other = shell.service.add_tenant(f"one-{number}"), shell.service.add_tenant(f"other-{number}")
        dashed = f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}"
        shell.run("flush-tenant", TENANT=dashed) if number == 0 else shell.run("flush-tenant-cli", TENANT=one)
        left = shell.service.cached_keys("tenant-connections:*")
        assert f"tenant-connections:{one}:ledger" not in left and f"tenant-connections:{other}:ledger" in left


def test_flush_of_everything_leaves_other_programs(shell, node):
    node.cli("SET", "somebody:else", "1")
    for number in range(2):
        shell.service.add_tenant(f"everything-{number}")
        shell.run("flush-all") if number == 0 else shell.run("flush-all-cli")
        assert not shell.service.cached_keys("tenant-connections:*")
        assert "somebody:else" in shell.service.cached_keys()
    shell.run("flushall-single")
    assert "somebody:else" not in shell.service.cached_keys()


def test_invalidation_tells_the_service(shell):
    tenant = shell.service.add_tenant("invalidated")
    shell.run("invalidate", TENANT=tenant, SERVICE="ledger")
    wait_for("the event", lambda: "moved by hand" in json.dumps(shell.service.call("GET", "/v1/events?environment=staging&limit=200")))


def test_families_are_counted(shell):
    shell.service.add_tenant("counted")
    counted = [json.loads(line)["matched"] for line in shell.run("families").splitlines()]
    assert len(counted) == 5 and counted[0] == 1


def test_token_rotation_cuts_nobody_off(shell, node):
    """As ROTATE and SET of ElastiCache: a second password, then only that one."""
    new = shell.run("new-token").strip()
    assert re.fullmatch(r"[A-Za-z0-9^-]{64}", new)
    node.cli("ACL", "SETUSER", "default", f">{new}")
    try:
        assert "PONG" in node.cli("PING", password=PASSWORD) and "PONG" in node.cli("PING", password=new)
        shell.service.restart(CACHE_PASSWORD=new, REDISCLI_AUTH=new)
        shell.run("token-works")
        subscriber = subprocess.Popen(
            ["valkey-cli", "--tls", "--cacert", str(node.authority.certificate), "-p", str(node.port), "SUBSCRIBE", "tenant-events:staging:"],
            env={**os.environ, "REDISCLI_AUTH": PASSWORD}, stdout=subprocess.PIPE, text=True,
        )
        try:
            wait_for("the subscriber", lambda: "tenant-events:staging:\n1" in shell.run("subscribers").replace("\r", ""))
            node.cli("ACL", "SETUSER", "default", f"<{PASSWORD}", password=new)
            assert "WRONGPASS" in node.cli("PING", password=PASSWORD)
            # A link that was made with the old password goes on: who was forgotten shows later.
            assert "tenant-events:staging:\n1" in shell.run("subscribers").replace("\r", "")
        finally:
            subscriber.kill()
            subscriber.wait()
        assert shell.service.is_ready()
    finally:
        for password in (new, PASSWORD):
            node.cli("ACL", "SETUSER", "default", f">{PASSWORD}", password=password)
        shell.service.restart(CACHE_PASSWORD=PASSWORD, REDISCLI_AUTH=PASSWORD)
        node.cli("ACL", "SETUSER", "default", f"<{new}")


def test_rotated_credentials_are_what_services_read(shell):
    tenant = shell.service.add_tenant("rotated")
    body = {"module": "main", "resource": "postgresql", "username": "bank_2", "password": "new-s3cret", "overlapSeconds": 300}
    (shell.service.directory / "rotation.json").write_text(json.dumps(body))
    shell.run("rotate-credentials", TENANT=tenant, SERVICE="ledger")
    assert shell.service.password_of(tenant) == "new-s3cret"
    assert not (shell.service.directory / "rotation.json").exists()


def test_m2m_secrets_are_made_anew_and_shown_once(shell):
    tenant = shell.service.add_tenant("machine")
    path = f"/v1/tenants/{tenant}/m2m/matcher/ledger"
    shell.service.call("POST", path, {"clientId": "client-1", "clientSecret": "first"})
    first = json.loads(shell.run("rotate-m2m", TENANT=tenant, APPLICATION="matcher", SERVICE="ledger"))["clientSecret"]
    second = json.loads(shell.run("rotate-m2m", TENANT=tenant, APPLICATION="matcher", SERVICE="ledger"))["clientSecret"]
    assert len({"first", first, second}) == 3


def test_sealing_key_is_replaced_in_three_deployments(program, directory, authority, node, shell):
    old, new = shell.run("new-sealing-key").strip(), shell.run("new-sealing-key").strip()
    service = Service(program, directory / "sealing", **cache_variables("single", authority, node), SECRETS_ENCRYPTION_KEY=old)
    try:
        service.start()
        tenant = service.add_tenant("sealed")
        old_id = Shell(service, {}).run("old-key-id").strip()
        for order in (f"{old},{new}", f"{new},{old}"):
            service.restart(SECRETS_ENCRYPTION_KEY=order)
        sought = only(r"grep '(no sealed secret[^']+)'", "".join(block.text for block in COMMANDS))
        unneeded = re.compile(rf'{sought}.*"key_id":"{old_id}"')
        wait_for("the re-sealing", lambda: unneeded.search(service.log()), 30)
        service.restart(SECRETS_ENCRYPTION_KEY=new)
        service.call("DELETE", "/cache?all=true&confirm=true")
        assert service.password_of(tenant) == "old-s3cret"
    finally:
        service.stop()


def test_keys_are_rotated_with_an_overlap_and_revoked_without(shell):
    service = shell.service
    service.add_tenant("keys")
    made = service.call("POST", "/v1/services/ledger/api-keys", {"name": "pods"})
    printed = shell.run("rotate-key", SERVICE="ledger", KEY_ID=made["id"])
    text = json.loads(printed.splitlines()[-1])["key"]
    reads = "/v1/tenants/active?service=ledger"
    assert service.status("GET", reads, key=made["key"]) == 200 and service.status("GET", reads, key=text) == 200
    shell.run("revoke-key", SERVICE="ledger", KEY_ID=made["id"])
    wait_for("the revocation", lambda: service.status("GET", reads, key=text) == 401, 2)
    assert service.status("GET", reads, key=made["key"]) == 401


def test_operators_keys_are_made_without_a_key(shell):
    key = json.loads(shell.run("operator-key", OPERATOR="ana"))["key"]
    wait_for("the key", lambda: shell.service.status("GET", "/v1/tenants", key=key) == 200, 5)
    first = shell.run("bootstrap-key").strip()
    shell.service.restart(BOOTSTRAP_ADMIN_API_KEY=first)
    assert shell.service.status("GET", "/v1/tenants", key=first) == 200
    assert shell.service.status("GET", "/v1/tenants", key=OPERATOR) == 401
    shell.service.restart(BOOTSTRAP_ADMIN_API_KEY=OPERATOR)


def test_certificate_is_taken_while_it_runs(program, directory, authority, shell):
    files = directory / "listener"
    files.mkdir()

    def install(pair):
        for source, name in zip(pair, ("tls.crt", "tls.key")):
            os.replace(source, files / name)

    install(authority.issue("first"))
    service = Service(program, directory / "tls", TLS_CERT_FILE=str(files / "tls.crt"), TLS_KEY_FILE=str(files / "tls.key"))
    service.url = service.url.replace("http:", "https:")
    try:
        service.start()
        tls = Shell(service, {"HOST": f"127.0.0.1:{service.port}"})
        before = tls.run("certificate")
        install(authority.issue("second"))
        wait_for("the new certificate", lambda: tls.run("certificate") != before, 15)
    finally:
        service.stop()


def test_what_a_restore_lost_is_told(program, directory, authority, node):
    service = Service(program, directory / "restored", **cache_variables("single", authority, node))
    shell = Shell(service, {})
    data, backup = service.directory / "data", service.directory / "backup"
    try:
        service.start()
        tenant = service.add_tenant("restored")
        service.stop()
        subprocess.run(["cp", "-a", data, backup], check=True)
        service.start()
        service.call("PUT", f"/v1/tenants/{tenant}/suspend")
        service.stop()
        head = shell.run("audit-head").splitlines()[0]
        subprocess.run(["rm", "-r", data], check=True)
        subprocess.run(["cp", "-a", backup, data], check=True)
        (data / "fail-safe.snapshot").unlink()
        service.start()
        shell.run("restored-flush")
        assert service.password_of(tenant) == "old-s3cret"
        said = shell.run("restored-audit", HEAD_BEFORE=head).splitlines()
        findings = [line for line in said if not line.startswith(("not intact: ", "note: ", "exit code "))]
        # Which of the two depends on how many rows were written since.
        assert len(findings) == 1 and re.match("truncated: |other history: ", findings[0])
    finally:
        service.stop()


def test_events_are_found(shell):
    shell.service.add_tenant("told")
    shell.run("events", ENVIRONMENT="staging")
