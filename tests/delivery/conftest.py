"""What every check of the delivery shares. `cargo xtask deliver` runs them all; the environment it runs them in is
`requirements.txt`."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project."""
    return ROOT
