//! Spans and metrics reach a real OTLP receiver, and continue the trace of the caller.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use testkit::ValkeyServer;

use crate::collector::Collector;
use crate::support::{PATIENCE, Process};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// What operators are told that the service counts.
const METRICS: &str = include_str!("../../../../docs/METRICS.md");

fn metric_names(sent: &[ExportMetricsServiceRequest]) -> Vec<String> {
    let resources = sent.iter().flat_map(|sent| &sent.resource_metrics);
    let metrics = resources.flat_map(|of_one| &of_one.scope_metrics).flat_map(|scope| &scope.metrics);
    metrics.map(|metric| metric.name.clone()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_request_continues_the_trace_of_its_caller() {
    let (collector, address) = Collector::start().await;
    let valkey = ValkeyServer::start().await;
    let cache_address = valkey.address().to_string();
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("ENABLE_TELEMETRY", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*address),
        ("OTEL_RESOURCE_SERVICE_NAME", "the-service"),
        ("OTEL_LIBRARY_NAME", "the-library"),
        // The library's own variable: what only a process that relays reports is not reported while it ends.
        ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
        ("VERSION", "9.8.7"),
        ("CACHE_MODE", "single"),
        ("CACHE_ADDRS", &*cache_address),
        ("BOOTSTRAP_ADMIN_API_KEY", "marked-secret-1"),
        // Nobody listens there.
        ("RABBITMQ_URI", "amqp://guest:marked-secret-4@127.0.0.1:1/%2f"),
    ];
    let mut process = Process::start(directory.path(), &variables).await;
    testkit::wait_until("the cache to answer", PATIENCE, async || {
        process.get("/readyz", "").await == Some(200)
    })
    .await;
    let response = process
        .client
        .get(format!("{}/cache/keys/marked-secret-2?token=marked-secret-3", process.base))
        .header("X-API-Key", "marked-secret-1")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let key =
        process.client.post(format!("{}/v1/api-keys", process.base)).header("X-API-Key", "marked-secret-1");
    let key = key.header("content-type", "application/json").body(r#"{"name":"ana"}"#).send().await.unwrap();
    assert_eq!(key.status(), 201);
    testkit::wait_until("the change of a key to be measured", PATIENCE, async || {
        metric_names(&collector.metrics.lock().unwrap()).iter().any(|name| name == "api_keys.change.lag")
    })
    .await;
    // The change of its own by which the service measures how late news come.
    testkit::wait_until("a lag to be measured", PATIENCE, async || {
        let told = valkey.connect().await.command(&["INFO", "commandstats"]).await.text();
        told.contains("cmdstat_getex")
    })
    .await;
    testkit::wait_until("the relay to be reported", PATIENCE, async || {
        metric_names(&collector.metrics.lock().unwrap()).iter().any(|name| name == "events.behind")
    })
    .await;
    process.signal("TERM");
    assert!(process.wait().await.success(), "{}", process.output());

    let traces = collector.traces.lock().unwrap().clone();
    assert!(!format!("{traces:?}").contains("marked-secret"));
    let resource = format!("{:?}", traces[0].resource_spans[0].resource);
    assert!(resource.contains("the-service") && resource.contains("9.8.7"), "{resource}");
    let scopes = traces.iter().flat_map(|sent| &sent.resource_spans).flat_map(|spans| &spans.scope_spans);
    let span = scopes
        .inspect(|scope| assert_eq!(scope.scope.as_ref().unwrap().name, "the-library"))
        .flat_map(|scope| &scope.spans)
        .find(|span| hex(&span.trace_id) == TRACE)
        .expect("a span of the caller's trace");
    assert_eq!(hex(&span.parent_span_id), PARENT);
    assert_eq!(span.name, "GET /cache/keys/{key}");
    let attributes = format!("{:?}", span.attributes);
    assert!(
        attributes.contains("http.route") && attributes.contains("http.response.status_code"),
        "{attributes}"
    );

    for name in metric_names(&collector.metrics.lock().unwrap()) {
        assert!(METRICS.contains(&format!("`{name}`")), "{name} is not in docs/METRICS.md");
    }
    let metrics = format!("{:?}", collector.metrics.lock().unwrap());
    assert!(metrics.contains("http.server.request.duration") && metrics.contains("/cache/keys/{key}"));
    for name in [
        "api_keys.change.lag",
        "cache.client.links.opened",
        "cache.client.round_trips",
        "cache.near.hits",
        "cache.near.misses",
        "cache.near.evictions",
        "cache.near.loads.coalesced",
        "cache.near.invalidations",
        "cache.near.clears",
        "cache.near.size",
        "cache.tracking.lag.last",
        "cache.tracking.lag.longest",
        "cache.tracking.lag.measures",
        "rate_limit.allowed",
        "rate_limit.takes",
        "idempotency.executed",
        "events.released",
        "events.set_aside",
        "events.published",
        "events.failed",
        "events.parked",
        "events.behind",
        "events.relaying",
        "events.outbox.depth",
        "events.outbox.age",
        "events.rabbitmq.returned",
        "events.rabbitmq.reconnections",
    ] {
        assert!(metrics.contains(&format!("\"{name}\"")), "{name}");
    }
    assert!(metrics.contains("readiness.check.duration") && metrics.contains("readiness.check.status"));
    assert!(!metrics.contains("marked-secret"));
}

#[tokio::test]
async fn a_collector_that_is_away_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("ENABLE_TELEMETRY", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("BOOTSTRAP_ADMIN_API_KEY", "key"),
    ];
    let mut process = Process::start(directory.path(), &variables).await;
    assert_eq!(process.get("/cache", "key").await, Some(200));
    process.signal("TERM");
    assert!(process.wait().await.success());
}
