# The collector with a health check: its own image holds one binary and nothing that could ask it.
FROM otel/opentelemetry-collector:0.149.0 AS collector

FROM busybox:1.37.0-musl
COPY --from=collector /otelcol /otelcol
USER 10001:10001
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:13133/"]
ENTRYPOINT ["/otelcol"]
CMD ["--config=/etc/otelcol/config.yaml"]
