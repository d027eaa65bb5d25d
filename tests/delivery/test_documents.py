"""The operators' documents say nothing that is not there: links, anchors, variables, paths, routes, metrics; and what they tell people to set
is what the service takes."""

import base64
import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest

from runbook_aws import faults_of
from runbook_blocks import blocks_of, without_fences
from terraform_engine import TERRAFORM
from terraform_files import blocks, one

ROOT = Path(__file__).resolve().parents[2]
LINKED = sorted(
    path
    for pattern in ("README.md", "CHANGELOG.md", "MIGRATION_MAP.md", "docs/*.md", "terraform/**/README.md", "charts/**/*.md")
    for path in ROOT.glob(pattern)
    if ".terraform" not in path.parts
)
OPERATORS = [ROOT / "MIGRATION_MAP.md", *(ROOT / "docs" / f"{name}.md" for name in ("RUNBOOK", "UPGRADE", "ENVIRONMENTS"))]
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
INLINE_CODE = re.compile(r"`[^`\n]+`")
# Variables of others, and those that a reader of the runbook sets in a shell.
FOREIGN = re.compile(
    r"MULTI_TENANT_(URL|SERVICE_API_KEY|REDIS_(HOST|PORT|PASSWORD|TLS|CA_CERT))|NEXT_PUBLIC_TENANT_MANAGER_API_URL|API_URL|REDISCLI_AUTH"
    r"|ALLOW_INSECURE_TLS|ALLOW_WEBHOOK_PRIVATE_NETWORK|VALKEY_PASSWORD|KEY_ID|HEAD_BEFORE|OLD_(HOST|PORT)|(VALKEY|LISTENER)_CLI"
)

# Lower-case names that are not Terraform's inputs and outputs: fields of logs, labels of metrics, and in MIGRATION_MAP.md what snippets of others have.
OF_SERVICE = re.compile(r"event_id|request_id|key_id|http_route|http_response_status_code")
OF_OTHERS = re.compile(r"container_name|random_password|transit_encryption_mode")


def anchors_of(path: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, without signs, blanks as dashes, `-1` behind a repeated one."""
    seen, anchors = {}, set()
    for heading in re.findall(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", without_fences(path.read_text()), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = "".join("-" if sign == " " else sign for sign in text if sign in " -_" or unicodedata.category(sign)[0] in "LNM")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        anchors.add(f"{slug}-{count}" if count else slug)
    return anchors


def identifier(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", LINKED, ids=identifier)
def test_links_lead_somewhere(document: Path):
    broken = []
    for link in LINK.finditer(INLINE_CODE.sub("``", without_fences(document.read_text()))):
        file, _, anchor = link["target"].partition("#")
        if re.match(r"[a-z]+:", file):
            continue
        target = (document.parent / file).resolve() if file else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
            broken.append(link["target"])
    assert not broken, f"{identifier(document)}: {broken}"


def test_anchors_are_those_of_github(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `b` & c: d_e\n\n```sh\n# no heading\n```\n\n## The same\n## The same\n### 5. Move [it](x.md)\n")
    assert anchors_of(page) == {"a-b--c-d_e", "the-same", "the-same-1", "5-move-it"}


def known_variables() -> set[str]:
    return set(re.findall(r"^\| `([A-Z0-9_]+)`", (ROOT / "docs" / "CONFIGURATION.md").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", OPERATORS, ids=identifier)
def test_variables_exist(document: Path):
    text = document.read_text()
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", text))
    unknown = {name for name in named - known_variables() if not FOREIGN.fullmatch(name)}
    assert named and not unknown, f"{identifier(document)}: {sorted(unknown)}"


@pytest.mark.parametrize("document", OPERATORS, ids=identifier)
def test_paths_exist(document: Path):
    named = re.findall(r"[`=]((?:crates|charts|terraform|docs|tests|migrations|xtask|deploy)/[\w./-]+|Dockerfile|docker-compose\.yml|\.env\.example)", document.read_text())
    missing = sorted({path for path in named if not (ROOT / path.rstrip("/.")).exists()})
    assert not missing, f"{identifier(document)}: {missing}"


@pytest.mark.parametrize("document", OPERATORS, ids=identifier)
def test_routes_exist(document: Path):
    served = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    anonymous = {(re.sub(r"\{[^}]*\}", "{}", path), method.upper()) for path, operations in served.items() for method in operations}
    named = re.findall(r"(?:`|\b(?:api|-X) (?=[A-Z]))(GET|POST|PUT|PATCH|DELETE) (/[\w{}/.-]+)", document.read_text())
    missing = sorted({(method, path) for method, path in named if (re.sub(r"\{[^}]*\}", "{}", path), method) not in anonymous})
    assert not missing, f"{identifier(document)}: {missing}"


@pytest.mark.parametrize("document", OPERATORS, ids=identifier)
def test_metrics_exist(document: Path):
    known = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", (ROOT / "docs" / "METRICS.md").read_text()))
    families = {name.split(".")[0] for name in known}
    named = {name for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", document.read_text()) if name.split(".")[0] in families}
    assert not named - known, f"{identifier(document)}: {sorted(named - known)}"


def terraform_names() -> set[str]:
    """What can be set or is put out: of the modules, and of the examples."""
    directories = [path for kind in ("modules", "examples") for path in (TERRAFORM / kind).iterdir() if path.is_dir()]
    return {name for directory in directories for kind in ("variable", "output") for name in blocks(directory, kind)}


@pytest.mark.parametrize("document", OPERATORS, ids=identifier)
def test_names_of_terraform_are_variables_or_outputs(document: Path):
    """A name in lower case with underscores is Terraform's, unless it is a metric (as Prometheus writes it) or one of the service's own."""
    text = without_fences(document.read_text())
    named = set(re.findall(r"`([a-z]+[a-z0-9]*(?:_[a-z0-9]+)+)(?: = [^`]*)?`", text)) | set(re.findall(r"\boutput -raw (\w+)", document.read_text()))
    metrics = {name.replace(".", "_") for name in re.findall(r"`([a-z_0-9]+(?:\.[a-z_0-9]+)+)`", (ROOT / "docs" / "METRICS.md").read_text())}
    others = OF_OTHERS if document.name == "MIGRATION_MAP.md" else OF_SERVICE
    unknown = {
        name for name in named - terraform_names()
        if not others.fullmatch(name) and re.sub(r"(_seconds)?(_total|_count|_sum|_bucket)?$", "", name) not in metrics
    }
    assert not unknown, f"{identifier(document)}: {sorted(unknown)}"


def test_staging_and_production_are_what_terraform_makes(sets):
    for name in ("staging", "production"):
        directory = TERRAFORM / "examples" / name
        defaults = {variable: one(body.get("default")) for variable, body in blocks(directory, "variable").items()}
        call = blocks(directory, "module")["valkey"]
        users = defaults["authentication"] == "users"
        assert sets[name].get("CACHE_USERNAME") == ("pool-manager" if users else None), name
        assert sets[name]["CACHE_MODE"] == ("cluster" if one(call["cluster_mode"]) else "single"), name
        assert sets[name]["CACHE_POOL_SIZE"] == str(defaults["service_pool_size"]), name


def test_aws_commands_in_tables_exist():
    commands = re.findall(r"`(aws [^`]+)`", (ROOT / "MIGRATION_MAP.md").read_text())
    assert len(commands) >= 2 and not [fault for command in commands for fault in faults_of(command)]


def test_every_alarm_and_alert_has_its_section():
    anchors = anchors_of(ROOT / "docs" / "RUNBOOK.md")
    headings = set(re.findall(r"^#+ (.+)$", (ROOT / "docs" / "RUNBOOK.md").read_text(), re.MULTILINE))
    alarms = "\n".join(path.read_text() for path in (ROOT / "terraform" / "modules" / "valkey-alarms").glob("*.tf"))
    named = set(re.findall(r'(?:section = |Read \\)"([^"\\$]+)\\?"', alarms)) | {"Alarm: CPUUtilization", "Alarm: EngineCPUUtilization"}
    alerts = re.findall(r"^- alert: (\w+)$", (ROOT / "charts" / "pool-manager" / "files" / "alerts.yaml").read_text(), re.MULTILINE)
    assert len(named) >= 10 and len(alerts) >= 10
    assert not named - headings, sorted(named - headings)
    assert not {alert.lower() for alert in alerts} - anchors
    described = {heading for heading in headings if heading.startswith("Alarm: ")}
    assert not described - named, "the runbook describes alarms that nothing raises"
    assert not {heading for heading in headings if heading.startswith("PoolManager")} - set(alerts)


# --- what the three environments set is what the service takes


FAKES = {
    "CACHE_PASSWORD": "a-password-of-sixteen-characters",
    "BOOTSTRAP_ADMIN_API_KEY": "0123456789abcdef" * 4,
    "SECRETS_ENCRYPTION_KEY": base64.b64encode(bytes(range(32))).decode(),
}


def certificate(directory: Path) -> str:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=a", "-keyout", "k", "-out", "c"],
        cwd=directory, check=True, capture_output=True,
    )
    return base64.b64encode((directory / "c").read_bytes()).decode()


def environments(directory: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for block in blocks_of(ROOT / "docs" / "ENVIRONMENTS.md"):
        if block.language != "dotenv":
            continue
        for line in block.text.splitlines():
            name, value = line.split("=", 1)
            variables = found.setdefault(block.attributes["environment"], {})
            assert name not in variables, f"{block.place}: {name} twice"
            if name.endswith("_CA_CERT_BASE64"):
                value = certificate(directory)
            elif "<" in value:
                value = FAKES.get(name) or re.sub(r"<[^>]*>", "node.invalid" if "address" in value else "made-up", value)
            variables[name] = value
    return found


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> dict[str, dict[str, str]]:
    return environments(tmp_path_factory.mktemp("environments"))


def verdicts(variables: dict[str, str], directory: Path) -> list[dict]:
    program = Path(os.environ.get("POOL_MANAGER", ROOT / "target" / "debug" / "pool-manager")).resolve()
    beside = {"SERVER_ADDRESS": "127.0.0.1", "DATA_DIR": str(directory), "PATH": os.environ["PATH"]}
    done = subprocess.run([program, "doctor", "--json", "--offline"], env={**variables, **beside}, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)["checks"]


@pytest.mark.parametrize("name", ["local", "staging", "production"])
def test_nothing_has_to_be_corrected(sets, name, tmp_path):
    wrong = [check for check in verdicts(sets[name], tmp_path) if check["verdict"] == "misconfigured"]
    assert not wrong, wrong


@pytest.mark.parametrize("name", ["staging", "production"])
def test_nothing_can_be_left_out_unnoticed(sets, name, tmp_path):
    for needed in ("CACHE_MODE", "MONGO_URI", "BOOTSTRAP_ADMIN_API_KEY", "SECRETS_ENCRYPTION_KEY", "ENVIRONMENT_NAME"):
        variables = {key: value for key, value in sets[name].items() if key != needed}
        assert any(check["verdict"] == "misconfigured" for check in verdicts(variables, tmp_path)), needed


def test_the_sets_have_no_variable_that_does_not_exist(sets):
    assert set(sets) == {"local", "staging", "production"}
    assert not {name for variables in sets.values() for name in variables} - known_variables()
