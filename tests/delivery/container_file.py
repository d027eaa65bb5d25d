"""The Dockerfile in stages, and what of the project a build is given to read."""

from dataclasses import dataclass, field
from pathlib import Path

from docker.utils.build import PatternMatcher, exclude_paths
from dockerfile_parse import DockerfileParser


@dataclass
class Stage:
    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def values(self, instruction: str) -> list[str]:
        return [value for name, value in self.instructions if name == instruction]

    def value(self, instruction: str) -> str:
        """Of what may be there once."""
        [value] = self.values(instruction)
        return value


def stages_of(dockerfile: Path) -> tuple[dict[str, str], list[Stage]]:
    """The defaults of the arguments above the first stage, and the stages."""
    arguments, stages = {}, []
    for entry in DockerfileParser(path=str(dockerfile), cache_content=True).structure:
        name, value = entry["instruction"], entry["value"]
        if name == "COMMENT":
            continue
        if name == "FROM":
            words = [word for word in value.split() if not word.startswith("--")]
            stages.append(Stage(words[0], words[2] if len(words) == 3 else ""))
        elif stages:
            stages[-1].instructions.append((name, value))
        else:
            key, _, default = value.partition("=")
            arguments[key] = default
    return arguments, stages


def ignore_patterns(root: Path) -> list[str]:
    lines = [line.strip() for line in (root / ".dockerignore").read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def is_ignored(root: Path, path: str) -> bool:
    """By the rules that Docker's own library goes by."""
    return PatternMatcher(ignore_patterns(root)).matches(path)


def context_of(root: Path) -> set[str]:
    """The files that a build can copy."""
    return {path for path in exclude_paths(str(root), ignore_patterns(root)) if (root / path).is_file()}
