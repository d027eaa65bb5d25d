"""The commands that stand in the operators' documents: fenced blocks of Markdown.

```sh run=NAME is executed by the tests, with the preamble of its document in front; ```text shows=NAME is what a reader
sees then, `…` standing for anything. A ```sh block without a name needs AWS, a cluster or Terraform: it is only parsed."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<mark>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=mark)[ \t]*$", re.MULTILINE | re.DOTALL)
PLATFORM = re.compile(r"(?:^|[\s(|;&])(aws|kubectl|helm|terraform)\s", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    document: str
    line: int
    language: str
    run: str | None
    shows: str | None
    text: str
    attributes: dict[str, str]

    @property
    def place(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def needs_platform(self) -> bool:
        """Whether it is about something that no test can start: AWS, Kubernetes, Terraform."""
        return PLATFORM.search(self.text) is not None


def blocks_of(path: Path) -> list[Block]:
    document = path.read_text()
    found = []
    for fence in FENCE.finditer(document):
        language, *attributes = fence["info"].split() or [""]
        named = dict(attribute.split("=", 1) for attribute in attributes)
        assert not set(named) - {"run", "shows", "environment"}, f"{path.name}: nobody reads {sorted(named)}"
        line = document.count("\n", 0, fence.start()) + 1
        found.append(Block(path.name, line, language, named.get("run"), named.get("shows"), fence["text"], named))
    return found


def without_fences(document: str) -> str:
    return FENCE.sub("", document)


def missing_line(shown: str, output: str) -> str | None:
    """The first line that is promised and does not come, in order; `…` stands for anything."""
    lines = iter(output.splitlines())
    for promised in filter(None, map(str.strip, shown.splitlines())):
        pattern = re.compile(".*".join(re.escape(part) for part in promised.split("…")))
        if not any(pattern.fullmatch(line.strip()) for line in lines):
            return promised
    return None
