"""The blocks of the operators' documents, and the shell that a test runs them in."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from runbook_blocks import blocks_of, missing_line
from runbook_stack import OPERATOR, Authority, Service, ValkeyNode, cache_variables, wait_for

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "docs" / "RUNBOOK.md", ROOT / "docs" / "UPGRADE.md"]
BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
COMMANDS = [block for block in BLOCKS if block.language == "sh"]
RUN = {block.run: block for block in COMMANDS if block.run}
SHOWS = {block.shows: block for block in BLOCKS if block.shows}
PREAMBLE = RUN["preamble"].text
HELPERS = """
valkey() { sh -c "$VALKEY_CLI" valkey "$@"; }
listener() { printf '%s\\n' "$PASSWORD_OF_CONSUMERS" | sh -c "$LISTENER_CLI" listener "$@"; }
"""


@dataclass
class Shell:
    """A shell as the preamble of the runbook leaves it, but that `pool-manager`, `valkey` and `listener` are on this machine."""

    service: Service
    variables: dict[str, str]

    def run(self, name: str, exit_code: int = 0, **variables: str) -> str:
        """Runs a block, and holds what it prints against what the document shows."""
        done = subprocess.run(**self._shell(name, variables), capture_output=True, timeout=120)
        assert done.returncode == exit_code, f"{RUN[name].place}\n{done.stdout}\n{done.stderr[-3000:]}"
        return self._as_shown(name, done.stdout, done.stderr)

    def listen(self, name: str, until: str, **variables: str) -> str:
        """Runs a block that goes on until Ctrl-C, which comes when it has printed what it is run for."""
        printed = self.service.directory / f"{name}.out"
        with printed.open("w") as output:
            child = subprocess.Popen(**self._shell(name, variables), stdout=output, stderr=output, start_new_session=True)
        try:
            wait_for(f"{until} in {printed}", lambda: until in printed.read_text())
        finally:
            os.killpg(child.pid, signal.SIGINT)
            child.wait(10)
        return self._as_shown(name, printed.read_text())

    def bash(self, commands: str) -> str:
        """Runs commands that no block has as they stand; what came, errors too, whatever the exit code."""
        done = subprocess.run(**self._script(commands, {}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        return done.stdout

    def _shell(self, name: str, variables: dict[str, str]) -> dict:
        return self._script(RUN[name].text, variables)

    def _script(self, commands: str, variables: dict[str, str]) -> dict:
        script = f"{PREAMBLE}\n{HELPERS}\n{commands}"
        environment = {**self.service.environment, "URL": self.service.url, "KEY": OPERATOR, **self.variables, **variables}
        return {"args": ["bash", "-euo", "pipefail", "-c", script], "cwd": self.service.directory, "env": environment, "text": True}

    @staticmethod
    def _as_shown(name: str, output: str, errors: str = "") -> str:
        if name in SHOWS:
            missing = missing_line(SHOWS[name].text, output)
            assert missing is None, f"{SHOWS[name].place} shows {missing!r}, but what came is:\n{output}\n{errors[-3000:]}"
        return output


@pytest.fixture(scope="module")
def program() -> Path:
    named = Path(os.environ.get("POOL_MANAGER", ROOT / "target" / "debug" / "pool-manager")).resolve()
    assert named.is_file(), f"POOL_MANAGER names the binary of the service; there is none at {named}"
    return named


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("runbook")


@pytest.fixture(scope="module")
def authority(directory) -> Authority:
    (directory / "authority").mkdir()
    return Authority(directory / "authority")


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("valkey")


@pytest.fixture(scope="module")
def node(directory, authority, certificate):
    node = ValkeyNode(directory, authority, certificate)
    yield node
    node.process.stop()


@pytest.fixture(scope="module")
def service(program, directory, authority, node):
    service = Service(program, directory / "service", **cache_variables("single", authority, node))
    service.start()
    yield service
    service.stop()


@pytest.fixture
def shell(service, node) -> Shell:
    """On one node, which holds nothing of an earlier test."""
    service.call("DELETE", "/cache?all=true&confirm=true")
    return Shell(service, {})
