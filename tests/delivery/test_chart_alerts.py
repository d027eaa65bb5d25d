"""Alerts and scraping: the expressions are PromQL, on metrics that the service has, as the collector's exporter names them."""

import re

import promql_parser
import pytest
from chart import ROOT, VALUES, changed, example, render, values

REPORT = (ROOT / "crates/api/src/readiness/report.rs").read_text()
TELEMETRY = ROOT / "crates/pool-manager/src/telemetry"
# Labels of the expressions beside `job`, and the values that the service gives them.
LABELS = {
    "status": "|".join(re.findall(r'Self::\w+ => "([^"]+)"', REPORT)),
    "http_response_status_code": r"[1-5](\.\.|\d\d)",
    "dependency": ".+",
    "target": ".+",
    "instance": ".+",
}
EVERYTHING = values(VALUES / "everything.yaml")
RULES = render("pool-manager", EVERYTHING).one("PrometheusRule")["spec"]["groups"][0]["rules"]


def exported() -> set[str]:
    """The names in docs/METRICS.md as the Prometheus exporter of a collector writes them: the unit and, for counters, _total."""
    names = set()
    page = (ROOT / "docs/METRICS.md").read_text()
    for listed, kind in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", page, re.MULTILINE):
        metrics, kinds = re.findall(r"`([^`]+)`", listed), [part.strip() for part in kind.split(",")]
        # "gauge, gauge in s" is one for each metric; "gauge, bytes" and "gauge, s" are one with its unit.
        own = kinds if len(metrics) == len(kinds) > 1 and kinds[1] not in ("s", "bytes") else [kind] * len(metrics)
        for metric, told in zip(metrics, own, strict=True):
            base = metric.replace(".", "_")
            unit = "_seconds" if re.search(r"\bs\b", told) else "_bytes" if "bytes" in told else ""
            if told.startswith("histogram"):
                names |= {f"{base}{unit}_{part}" for part in ("bucket", "count", "sum")}
            else:
                names.add(base + unit + ("_total" if told.startswith("counter") else ""))
    return names


def selectors(expression: str) -> list[tuple[str, str]]:
    """The metrics of an expression with their labels; the parser says whether it is PromQL."""
    promql_parser.parse(expression)
    return re.findall(r"([a-z][a-z0-9_]*)\{([^}]*)\}", expression)


def bounds(metric: str) -> set[float]:
    """The bounds of a histogram of the service, by the source that makes it."""
    for source in TELEMETRY.rglob("*.rs"):
        text = source.read_text()
        for name, made in re.findall(r'\.f64_histogram\("([^"]+)"\)(.*?)\.build\(\)', text, re.DOTALL):
            if metric == name.replace(".", "_") + "_seconds_bucket":
                [given] = re.findall(r"with_boundaries\((.*)\)", made)
                if not given.startswith("vec!"):
                    [given] = re.findall(r"const BOUNDARIES: [^=]+=\s*(\[[^\]]+\])", text)
                return {float(bound) for bound in re.findall(r"\d+\.\d+", given)}
    raise AssertionError(f"no source makes the histogram of {metric}")


def strangers(expression: str) -> list[str]:
    """What an expression asks for that no series of the service has: labels, their values, and bounds of histograms."""
    found = []
    for metric, labels in selectors(expression):
        told = re.findall(r'([a-z_]+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"', labels)
        for label, _, value in told:
            if label == "job":
                continue
            if label == "le":
                known = value == "+Inf" or re.fullmatch(r"[\d.]+", value) and float(value) in bounds(metric)
            else:
                known = label in LABELS and re.fullmatch(LABELS[label], value)
            found += [] if known else [f"{label}={value}"]
    for listed in re.findall(r"\b(?:by|without|on|ignoring|group_left|group_right) ?\(([^)]*)\)", expression):
        found += [label for label in re.split(r", *", listed) if label not in {*LABELS, "le"}]
    return found


def test_a_label_that_no_series_has_is_found():
    assert strangers('sum by (dependency) (increase(readiness_check_status_total{job="x",status="down"}[5m]))') == []
    assert strangers('sum by (dependancy) (increase(readiness_check_status_total{job="x",status="dwon"}[5m]))') == ["status=dwon", "dependancy"]
    assert strangers('rate(api_keys_change_lag_seconds_bucket{job="x",le="2"}[5m])') == []
    assert strangers('rate(api_keys_change_lag_seconds_bucket{job="x",le="3"}[5m])') == ["le=3"]
    assert strangers('rate(http_server_request_duration_seconds_bucket{job="x",le="2.5"}[5m])') == []
    assert strangers('rate(http_server_request_duration_seconds_bucket{job="x",http_status="200"}[5m])') == ["http_status=200"]


def test_the_labels_are_those_of_the_sources():
    assert set(LABELS["status"].split("|")) >= {"up", "down", "degraded", "skipped"}
    text = "".join(source.read_text() for source in TELEMETRY.rglob("*.rs"))
    # The Prometheus exporter makes `instance` of service.instance.id, which the chart gives.
    for label in set(LABELS) - {"instance"}:
        assert re.search(f'KeyValue::new\\("{label.replace("_", "[._]")}"', text), label


def test_the_page_of_metrics_is_understood():
    assert exported() >= {
        "http_server_request_duration_seconds_count",
        "events_outbox_depth",
        "events_outbox_age_seconds",
        "audit_notes_dropped_total",
        "audit_notes_waiting",
        "fail_safe_snapshot_size_bytes",
        "cache_tracking_lag_last_seconds",
    }
    with pytest.raises(ValueError):
        promql_parser.parse("sum(rate(a[5m])")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_of_the_service(rule):
    asked = selectors(rule["expr"])
    assert asked
    for metric, labels in asked:
        assert metric in exported(), metric
        assert labels.startswith('job=~"(.+/)?pool-manager"')
    assert not strangers(rule["expr"])
    # What a summary names must be there to be named.
    grouped = ",".join(re.findall(r"\bby \(([^)]*)\)", rule["expr"]))
    assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= set(re.split(r", *", grouped)), "a sum has only the labels it is made by"
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"]["runbook_url"].endswith(f"RUNBOOK.md#{rule['alert'].lower()}")
    assert f"### {rule['alert']}\n" in (ROOT / "docs/RUNBOOK.md").read_text(), "the runbook does not say what to do"
    assert re.match(r"^\d+[mh]$", rule["for"]) and len(rule["annotations"]["summary"]) > 20


def test_alerts_go_by_the_name_in_telemetry():
    named = changed(EVERYTHING, {"poolManager.configmap.OTEL_RESOURCE_SERVICE_NAME": 'tenant"manager}'})
    rules = render("pool-manager", named).one("PrometheusRule")["spec"]["groups"][0]["rules"]
    for rule in rules:
        promql_parser.parse(rule["expr"])
        assert 'job=~"(.+/)?tenant.manager."' in rule["expr"]


def test_what_is_scraped_is_the_collector():
    monitor = render("pool-manager", EVERYTHING).one("ServiceMonitor")
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    spec = monitor["spec"]
    assert spec["selector"]["matchLabels"] == {"app.kubernetes.io/name": "opentelemetry-collector"}
    assert spec["namespaceSelector"]["matchNames"] == ["observability"]
    endpoint = spec["endpoints"][0]
    assert endpoint["port"] == "prometheus" and endpoint["honorLabels"] is True
    assert endpoint["metricRelabelings"] == [{"action": "keep", "sourceLabels": ["job"], "regex": "(.+/)?pool-manager"}]
    # Never the service: it has no metrics to scrape.
    service = render("pool-manager", EVERYTHING).all("Service")[0]["metadata"]["labels"]
    assert not spec["selector"]["matchLabels"].items() <= service.items()


def test_monitoring_is_off_unless_asked_for():
    made = render("pool-manager", example("pool-manager", "staging"))
    assert not made.all("ServiceMonitor") and not made.all("PrometheusRule")
