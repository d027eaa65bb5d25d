"""What a build of the image is given to read: all that the compiler reads, and nothing that is nobody's business."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from container_file import context_of, is_ignored

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = context_of(ROOT)
INCLUDED = re.compile(r'include_(?:str|bytes|dir)!\(\s*"([^"]+)"')
PIECES = re.compile(r'include_(?:str|bytes)!\(\s*concat!\(\s*"([^"]*/)"')


def compiled_text(source: Path) -> str:
    """The text without its tests, which the image's build does not compile."""
    return source.read_text().split("#[cfg(test)]\nmod ", 1)[0]


def compiled_sources() -> list[Path]:
    """The sources of the crates, less the modules that are compiled for tests alone."""
    everything = [path for path in ROOT.glob("crates/*/src/**/*.rs")]
    tests = set()
    for source in everything:
        for name in re.findall(r"#\[cfg\(test\)\]\s*(?:pub(?:\(\w+\))? )?mod (\w+);", source.read_text()):
            home = source.parent if source.name in ("mod.rs", "lib.rs", "main.rs") else source.with_suffix("")
            tests |= {home / f"{name}.rs", *(home / name).rglob("*.rs")}
    return [source for source in everything if source not in tests]


def test_what_is_compiled_in_is_there():
    included = []
    for source in compiled_sources():
        text = compiled_text(source)
        included += [(source, (source.parent / name).resolve()) for name in INCLUDED.findall(text)]
        for directory in PIECES.findall(text):
            included += [(source, path.resolve()) for path in (source.parent / directory).iterdir()]
    assert len(included) > 10, "nothing is included any more: look at the patterns of this check"
    for source, path in included:
        name = path.relative_to(ROOT).as_posix()
        assert name in CONTEXT, f"{source.relative_to(ROOT)} includes {name}, which .dockerignore keeps out"


def test_every_source_is_there():
    for source in ROOT.glob("crates/*/src/**/*"):
        if source.is_file():
            assert source.relative_to(ROOT).as_posix() in CONTEXT, source


def test_cargo_takes_it_for_the_workspace(tmp_path):
    for name in CONTEXT:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    command = ["cargo", "metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    members = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["members"]
    manifests = {path.parent.relative_to(ROOT).as_posix() for member in members for path in ROOT.glob(f"{member}/Cargo.toml")}
    # `--no-deps` does not read the lock file; the build does.
    assert {"Cargo.lock", *(f"{manifest}/Cargo.toml" for manifest in manifests)} <= CONTEXT


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        "data/admin-api-key",
        "target/release/pool-manager",
        "terraform/examples/staging/terraform.tfstate",
        "docs/openapi.json",
        "charts/pool-manager/values.yaml",
        "deploy/compose/local.env",
        "crates/store/tests/it/main.rs",
        "crates/pool-manager/.env",
        "crates/pool-manager/src/.env.local",
        "crates/pool-manager/data/admin-api-key",
        "crates/api/src/listener.pem",
        "crates/api/listener.key",
        "xtask/src/.env",
        "migrations/authority.pem",
        "any-other-file",
    ],
)
def test_the_rest_is_kept_out(path):
    assert is_ignored(ROOT, path)


def test_it_is_small():
    size = sum((ROOT / name).stat().st_size for name in CONTEXT)
    assert size < 10 * 1024 * 1024, f"{size} bytes"
