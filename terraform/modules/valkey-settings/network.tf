locals {
  network_refusals = compact([
    length(var.client_security_group_ids) == 0 ?
    "client_security_group_ids is empty: nobody could connect. Name the security group of the EKS nodes." : "",

    var.port == 6380 ?
    "port is 6380, which is no TLS port of a node: nodes speak TLS on their one port, and 6380 is the reader of a serverless cache. Write 6379." : "",
  ])
}
