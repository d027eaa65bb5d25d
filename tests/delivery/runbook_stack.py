"""What the runbook is tried on: Valkey as ElastiCache is met (TLS and a password), and the service itself."""

import base64
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

PASSWORD = "first-token-0123456789"
OPERATOR = "first-operator-key-0123456789"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what: str, happened, seconds: float = 20):
    """What `happened` returns once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := happened():
            return result
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s for: {what}")


class Authority:
    """A certificate authority, and what it signs for 127.0.0.1."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.certificate = directory / "ca.crt"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                      "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt")

    def issue(self, name: str, days: int = 2) -> tuple[Path, Path]:
        """A certificate and its key."""
        (self.directory / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", str(days), "-extfile", "names", "-out", f"{name}.crt")
        return self.directory / f"{name}.crt", self.directory / f"{name}.key"

    def _openssl(self, *arguments: str):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)


class Process:
    def __init__(self, command: list[str], directory: Path, name: str, environment: dict[str, str] | None = None):
        self.log = directory / f"{name}.log"
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(command, cwd=directory, env=environment, stdout=log, stderr=log)

    def stop(self, how: signal.Signals = signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(how)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class ValkeyNode:
    def __init__(self, directory: Path, authority: Authority, certificate: tuple[Path, Path], *arguments: str):
        self.port, self.authority = free_port(), authority
        self.directory = directory / f"valkey-{self.port}"
        self.directory.mkdir()
        self._command = [
            "valkey-server", "--bind", "127.0.0.1", "--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no",
            "--tls-cert-file", str(certificate[0]), "--tls-key-file", str(certificate[1]),
            "--tls-ca-cert-file", str(authority.certificate), "--requirepass", PASSWORD, "--primaryauth", PASSWORD,
            "--save", "", "--dir", str(self.directory), *arguments,
        ]
        self.start()

    def start(self):
        self.process = Process(self._command, self.directory, "valkey")
        wait_for(f"Valkey on {self.port}", lambda: "PONG" in self.cli("PING"))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cli(self, *arguments: str, password: str = PASSWORD, flags: tuple[str, ...] = ()) -> str:
        """What valkey-cli prints, errors too."""
        command = ["valkey-cli", "--tls", "--cacert", str(self.authority.certificate), "-p", str(self.port), *flags, *arguments]
        done = subprocess.run(command, env={**os.environ, "REDISCLI_AUTH": password}, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr


class PlainValkey:
    """As the one that the service before had: a password, and no TLS."""

    def __init__(self, directory: Path):
        self.port = free_port()
        self.directory = directory / f"plain-{self.port}"
        self.directory.mkdir()
        command = ["valkey-server", "--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", PASSWORD, "--save", ""]
        self.process = Process(command, self.directory, "valkey")
        wait_for(f"Valkey on {self.port}", lambda: "PONG" in self.cli("PING"))

    def cli(self, *arguments: str) -> str:
        command = ["valkey-cli", "-p", str(self.port), *arguments]
        done = subprocess.run(command, env={**os.environ, "REDISCLI_AUTH": PASSWORD}, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr


class ValkeyCluster:
    """Three masters, each with a replica."""

    def __init__(self, directory: Path, authority: Authority, certificate: tuple[Path, Path]):
        self._new = lambda: ValkeyNode(
            directory, authority, certificate, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0",
            "--cluster-port", str(free_port()), "--tls-replication", "yes", "--tls-cluster", "yes",
        )
        self.nodes = [self._new() for _ in range(6)]
        said = self._manage("create", *[node.address for node in self.nodes], "--cluster-replicas", "1", "--cluster-yes")
        assert "All 16384 slots covered" in said, said
        self.settle()

    def _manage(self, *arguments: str) -> str:
        return self.nodes[0].cli("--cluster", *arguments)

    def settle(self):
        """Waits until every slot is served and every replica has all of its master: before that none can take over."""
        wait_for("every slot", lambda: all("cluster_state:ok" in node.cli("CLUSTER", "INFO") for node in self.nodes))
        wait_for("every replica", lambda: all("link_status:down" not in node.cli("INFO", "replication") for node in self.nodes))

    def masters(self) -> list[ValkeyNode]:
        return [node for node in self.nodes if node.process.child.poll() is None and "role:master" in node.cli("INFO", "replication")]

    def add_shard(self) -> ValkeyNode:
        self.settle()
        node = self._new()
        self.nodes.append(node)
        seed = self.nodes[0].address
        self._manage("add-node", node.address, seed)
        wait_for("every node knows the new one", lambda: all(each.cli("CLUSTER", "NODES").count("connected") == 7 for each in self.nodes))
        self.settle()
        # Some slots of every shard: to move a quarter of them takes minutes here.
        said = self._manage(
            "reshard", seed, "--cluster-from", "all", "--cluster-to", node.cli("CLUSTER", "MYID").strip(), "--cluster-slots", "300", "--cluster-yes",
        )
        assert "ERR" not in said, said
        wait_for("every node agrees", lambda: "All nodes agree" in self._manage("check", seed))
        return node

    def stop(self):
        for node in self.nodes:
            node.process.stop(signal.SIGKILL)


class Service:
    """The binary that POOL_MANAGER names, serving, with records that it keeps in its directory."""

    def __init__(self, program: Path, directory: Path, **environment: str):
        self.program, self.directory = program, directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": f"{directory}/bin:{os.environ['PATH']}", "HOME": str(directory), "SERVER_ADDRESS": f"127.0.0.1:{self.port}",
            "DATA_DIR": str(directory / "data"), "BOOTSTRAP_ADMIN_API_KEY": OPERATOR, "READYZ_DRAIN_GRACE_SECONDS": "0", **environment,
        }
        directory.mkdir(exist_ok=True)
        (directory / "bin").mkdir(exist_ok=True)
        (directory / "bin" / "pool-manager").symlink_to(program)
        self.process = None

    def start(self, **changes: str):
        self.environment.update(changes)
        self.process = Process([str(self.program), "serve"], self.directory, "service", self.environment)
        wait_for(f"the service, see {self.process.log}", self.is_ready)

    def stop(self, how: signal.Signals = signal.SIGTERM):
        if self.process:
            self.process.stop(how)

    def restart(self, **changes: str):
        self.stop()
        self.start(**changes)

    def log(self) -> str:
        return self.process.log.read_text()

    def is_ready(self) -> bool:
        assert self.process.child.poll() is None, self.log()[-2000:]
        try:
            return self.call("GET", "/readyz")["status"] == "healthy"
        except OSError:
            return False

    def call(self, method: str, path: str, body: dict | None = None, key: str = OPERATOR) -> dict:
        """The answer's body; an answer that is no 2xx is an error."""
        request = urllib.request.Request(self.url + path, method=method, headers={"X-API-Key": key, "Content-Type": "application/json"})
        request.data = json.dumps(body).encode() if body is not None else None
        context = ssl._create_unverified_context() if self.url.startswith("https") else None
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return json.loads(answer.read())

    def status(self, method: str, path: str, key: str = OPERATOR) -> int:
        try:
            self.call(method, path, key=key)
            return 200
        except urllib.error.HTTPError as error:
            return error.code

    def add_tenant(self, slug: str) -> str:
        """A tenant that has the service `ledger`, whose connections are in the cache since."""
        if self.status("GET", "/v1/services/ledger") == 404:
            self.call("POST", "/v1/services", {"name": "ledger", "modules": [{"name": "main", "resources": ["postgresql"]}]})
        tenant = self.call("POST", "/v1/tenants", {"name": slug, "slug": slug, "environment": "staging", "owner": {"email": "ana@example.com"}})["id"]
        database = {"host": "pg-1", "port": 5432, "database": slug, "username": slug, "password": "old-s3cret"}
        self.call("POST", f"/v1/tenants/{tenant}/associations/ledger", {"modules": {"main": {"postgresql": database}}})
        self.password_of(tenant)
        return tenant

    def password_of(self, tenant: str) -> str:
        connections = self.call("GET", f"/v1/tenants/{tenant}/associations/ledger/connections")
        return connections["databases"]["main"]["postgresql"]["password"]

    def cached_keys(self, pattern: str = "*") -> set[str]:
        return set(self.call("GET", f"/cache/keys?limit=200&pattern={pattern}")["keys"])


def cache_variables(mode: str, authority: Authority, *nodes: ValkeyNode) -> dict[str, str]:
    return {
        "CACHE_MODE": mode, "CACHE_ADDRS": nodes[0].address, "CACHE_PASSWORD": PASSWORD, "CACHE_TLS_ENABLED": "true",
        "CACHE_CA_CERT_BASE64": base64.b64encode(authority.certificate.read_bytes()).decode(),
        # For valkey-cli and curl: the roots of the system, which are those of Amazon in a pod.
        "SSL_CERT_FILE": str(authority.certificate), "REDISCLI_AUTH": PASSWORD, "PASSWORD_OF_CONSUMERS": PASSWORD,
        "VALKEY_HOST": "127.0.0.1", "VALKEY_PORT": str(nodes[0].port),
    }


def only(pattern: str, text: str) -> str:
    found = re.findall(pattern, text)
    assert len(found) == 1, f"{pattern!r} is {len(found)} times in {text}"
    return found[0]
