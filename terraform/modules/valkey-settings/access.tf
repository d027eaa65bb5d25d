# What the two users may do, as ElastiCache takes it: no passwords (they are given apart), "on" said, everything that is not named
# refused. Written in the order in which ACL LIST answers, so that it reads back as it was written.
locals {
  service_username = var.authentication == "users" ? "pool-manager" : ""

  # The rights of docs/ARCHITECTURE.md, which a test of the client holds it to. AUTH, HELLO and QUIT need none, but cost nothing.
  # PUBSUB NUMSUB is for who looks whether every subscriber has moved.
  service_commands = [
    "get", "set", "getex", "getrange", "strlen", "unlink", "exists", "incr", "pexpire", "pttl", "type",
    "publish", "evalsha", "eval", "time", "scan", "dbsize", "info", "ping", "hello", "auth", "quit", "asking",
    "object|encoding", "memory|usage", "pubsub|numsub", "client|id", "client|tracking", "client|trackinginfo",
    "cluster|shards", "cluster|info", "cluster|nodes", "cluster|countkeysinslot", "cluster|getkeysinslot",
  ]

  # The cache API lists and deletes keys of other programs too, so the keys are all of them.
  service_access_string = join(" ", concat(
    ["on", "~*", "resetchannels", "&tenant-events:*", "-@all"],
    [for command in local.service_commands : "+${command}"],
  ))

  # Subscribers send a password and no name, so they are `default`. Clients tell their name and library on every connection: refusing
  # that harms nobody, but would be counted as CommandAuthorizationFailures all day.
  consumer_commands = ["ping", "subscribe", "unsubscribe", "client|setinfo", "client|setname"]

  consumer_access_string = join(" ", concat(
    ["on", "resetchannels"],
    [for channel in var.consumer_channels : "&${channel}"],
    ["-@all"],
    [for command in local.consumer_commands : "+${command}"],
  ))
}
