"""Whether an `aws` command of a document exists: operation, options, what must be given, and values of a closed set, by
the service's own model (botocore)."""

import shlex
from collections.abc import Sequence
from itertools import takewhile

import botocore.session
from botocore import xform_name

END_OF_COMMAND = set("();|&<>")
# Of the client itself; those that take a value are True.
GLOBAL = {"--query": True, "--output": True, "--region": True, "--no-cli-pager": False, "--cli-input-json": True}


def faults_of(text: str) -> list[str]:
    """What is wrong with each `aws` command of a block."""
    return [fault for command in _commands(text) for fault in _faults(*command)]


def count_of(text: str) -> int:
    return len(_commands(text))


def _commands(text: str) -> list[list[str]]:
    """The words of each command, without `aws`."""
    commands = []
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, ""
        words = iter(lexer if "aws " in line else [])
        for word in words:
            if word == "aws":
                commands.append(list(takewhile(lambda each: not set(each) <= END_OF_COMMAND, words)))
    return commands


def _faults(service: str, name: str, *rest: str) -> list[str]:
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return [f"aws {service}: there is no such service"]
    model = session.get_service_model(service)
    if name == "wait":
        waiters, (name, *rest) = session.get_waiter_model(service), rest
        operations = {xform_name(each, "-"): waiters.get_waiter(each).operation for each in waiters.waiter_names}
        command = f"aws {service} wait {name}"
    else:
        operations = {xform_name(each, "-"): each for each in model.operation_names}
        command = f"aws {service} {name}"
    if name not in operations:
        return [f"{command}: there is no such operation"]
    return _option_faults(command, model.operation_model(operations[name]), rest)


def _option_faults(command: str, operation, words: Sequence[str]) -> list[str]:
    members = {f"--{xform_name(name, '-')}": (name, shape) for name, shape in operation.input_shape.members.items()}
    faults, given, option = [], set(), None
    for word in words:
        if not word.startswith("--"):
            enum = members[option][1].metadata.get("enum") if option in members else None
            if enum and not word.startswith("$") and word not in enum:
                faults.append(f"{command} {option}: {word} is none of {enum}")
            continue
        option = word
        positive = word.replace("--no-", "--", 1)
        if word in members or (positive in members and members[positive][1].type_name == "boolean"):
            given.add(members.get(word, members.get(positive))[0])
        elif word not in GLOBAL:
            faults.append(f"{command}: there is no option {word}")
        if word == "--cli-input-json":
            given.update(operation.input_shape.required_members)
    missing = set(operation.input_shape.required_members) - given
    return faults + [f"{command}: {xform_name(name, '-')} is missing" for name in sorted(missing)]
