"""Terraform's files, read by a parser of HCL."""

from pathlib import Path

import hcl2


def parsed(directory: Path) -> dict[str, dict]:
    return {file.name: hcl2.loads(file.read_text()) for file in sorted(directory.glob("*.tf"))}


def blocks(directory: Path, kind: str) -> dict[str, dict]:
    """The blocks of one kind with one label, by it."""
    return {name: body for content in parsed(directory).values() for block in content.get(kind, []) for name, body in block.items()}


def one(value: object) -> object:
    """A value as it stands: the parser puts it into a list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
