locals {
  network_refusals = compact([
    var.port == 6380 ?
    "port is 6380, which is no TLS port of a node: nodes speak TLS on their one port, and 6380 is the reader of a serverless cache. Write 6379." : "",
  ])
}
