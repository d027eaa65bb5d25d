"""The Dockerfile: what it is built from, by whom the result is run, and that it asks for nothing which the last stage lacks."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from container_file import context_of, stages_of

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = [ROOT / "Dockerfile", *sorted((ROOT / "deploy").rglob("*Dockerfile"))]
ARGUMENTS, STAGES = stages_of(ROOT / "Dockerfile")
FINAL = STAGES[-1]
COMMANDS = [command for stage in STAGES for run in stage.values("RUN") for command in re.split(r"&&|;", run)]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_has_nothing_to_say(dockerfile):
    hadolint = Path(sys.executable).with_name("hadolint")
    run = subprocess.run([hadolint, "--no-color", "--failure-threshold", "style", dockerfile], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_hadolint_shall_not_say_has_a_reason(dockerfile):
    lines = dockerfile.read_text().splitlines()
    for before, line in zip(["", *lines], lines):
        if "hadolint ignore" in line:
            assert before.startswith("# ") and len(before) > 40, f"{line}: the line above must say why"


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_base_images_have_a_version(dockerfile):
    arguments, stages = stages_of(dockerfile)
    names = {stage.name for stage in stages}
    bases = [arguments.get(stage.base.removeprefix("${").removesuffix("}"), stage.base) for stage in stages]
    images = [base for base in bases if base not in names and not base.startswith("chef-")]
    assert images
    for image in images:
        tag = image.rpartition(":")[2]
        assert ":" in image and tag != "latest", f"{image}: name a version"
        # Distroless has none in its tags: there the name says the release of Debian.
        assert re.search(r"\d", tag) or "distroless" in image and re.search(r"debian\d+", image), f"{image}: name a version"


def test_the_compiler_is_the_oldest_that_the_workspace_allows():
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    version = manifest["workspace"]["package"]["rust-version"]
    assert re.match(rf"rust:{re.escape(version)}(\.\d+)?-slim-bookworm$", ARGUMENTS["RUST_IMAGE"]), ARGUMENTS["RUST_IMAGE"]


def test_compiler_and_last_stage_are_of_one_debian():
    """The binary asks for the C library that it was linked with, or a newer one."""
    codename = {"12": "bookworm", "13": "trixie"}
    release = re.search(r"debian(\d+)", ARGUMENTS["RUNTIME_IMAGE"])[1]
    assert ARGUMENTS["RUST_IMAGE"].endswith(codename[release])


def test_whoever_runs_it_is_not_root():
    assert FINAL.value("USER") == "1000:1000"
    copied = [copy for copy in FINAL.values("COPY") if copy.split()[-1] == "/data"]
    assert copied and "--chown=1000:1000" in copied[0]
    assert any("--owner=1000 --group=1000" in command and command.rstrip().endswith("/data") for command in COMMANDS)


def test_the_last_stage_needs_no_shell():
    assert FINAL.values("RUN") == [] and FINAL.values("SHELL") == [] and FINAL.values("CMD") == []
    assert json.loads(FINAL.value("ENTRYPOINT")) == ["/pool-manager"]
    check = FINAL.value("HEALTHCHECK")
    assert json.loads(check[check.index("["):]) == ["/pool-manager", "health"]


def test_port_directory_and_signal_are_those_of_the_service():
    documented = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)`", (ROOT / "docs/CONFIGURATION.md").read_text(), re.MULTILINE))
    assert FINAL.value("EXPOSE") == documented["SERVER_PORT"]
    assert FINAL.value("STOPSIGNAL") == "SIGTERM"
    environment = dict(entry.split("=", 1) for entry in shlex.split(" ".join(FINAL.values("ENV"))))
    assert environment["DATA_DIR"] == "/data" and json.loads(FINAL.value("VOLUME")) == ["/data"]
    assert set(environment) == {"DATA_DIR", "VERSION"}


def test_cargo_takes_the_versions_of_the_lock_file():
    built = [command for command in COMMANDS if re.search(r"cargo (build|chef cook|install)", command)]
    assert len(built) == 3
    for command in built:
        assert "--locked" in command, command


def test_dependencies_are_compiled_as_the_binary_is():
    """With other arguments the layer of the dependencies would be of no use."""
    [cooked] = [command for command in COMMANDS if "cargo chef cook" in command]
    [built] = [command for command in COMMANDS if "cargo build" in command]
    arguments = [re.findall(r"--(?:release|locked|target \S+|package \S+)", command) for command in (cooked, built)]
    assert arguments[0] == arguments[1] and len(arguments[0]) == 4
    # The recipe of fewer crates than the workspace has does not agree with the lock file.
    [prepared] = [command for command in COMMANDS if "cargo chef prepare" in command]
    assert "--bin" not in prepared


def test_both_platforms_are_there():
    targets = {}
    for stage in STAGES:
        if stage.name.startswith("chef-"):
            environment = dict(entry.split("=", 1) for entry in shlex.split(" ".join(stage.values("ENV"))))
            targets[stage.name] = environment["TARGET"]
            assert f"CARGO_TARGET_{environment['TARGET'].upper().replace('-', '_')}_LINKER" in environment
    assert targets == {"chef-amd64": "x86_64-unknown-linux-gnu", "chef-arm64": "aarch64-unknown-linux-gnu"}


def test_what_is_copied_is_there():
    context, names = context_of(ROOT), {stage.name for stage in STAGES}
    copies = [copy.split() for stage in STAGES for copy in stage.values("COPY")]
    assert copies
    for words in copies:
        sources = [word for word in words[:-1] if not word.startswith("--")]
        for stage in (word.removeprefix("--from=") for word in words if word.startswith("--from=")):
            assert stage in names, f"no stage is named {stage}"
        if not any(word.startswith("--from=") for word in words):
            for source in sources:
                assert source == "." or any(path == source or path.startswith(f"{source}/") for path in context), source


def test_the_image_says_what_it_is():
    labels = dict(label.split("=", 1) for label in shlex.split(" ".join(FINAL.values("LABEL"))))
    assert {f"org.opencontainers.image.{name}" for name in ("title", "description", "source", "version", "revision")} <= set(labels)
    assert labels["org.opencontainers.image.version"] == "$VERSION" and labels["org.opencontainers.image.revision"] == "$REVISION"
    declared = dict(argument.split("=", 1) for argument in FINAL.values("ARG"))
    assert "REVISION" in declared
    assert declared["VERSION"] == tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def test_no_secret_is_an_argument():
    """Arguments and variables stay readable in the image."""
    for stage in STAGES:
        for value in [*stage.values("ARG"), *stage.values("ENV")]:
            assert not re.search(r"PASSWORD|SECRET|TOKEN|API_KEY|_URI", value), value
