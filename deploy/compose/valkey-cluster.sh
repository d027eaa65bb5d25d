#!/bin/sh
# Makes one cluster of six nodes, three primaries with a replica each, unless they are one already, and stays: this
# container is the network of the nodes. With `health` it says whether any node sees the whole cluster.
set -eu
first=${FIRST_PORT:-7000}
ports=$(seq "$first" $((first + 5)))
# There once the cluster is made: its state is `ok` before the replicas are in step with their primaries.
made=${TMPDIR:-/tmp}/valkey-cluster.made

says() { # PORT LINE: whether the node reports it
  valkey-cli -e -p "$1" cluster info 2>&1 | grep -q "^$2"
}

if [ "${1:-}" = health ]; then
  if [ ! -e "$made" ]; then
    echo "the cluster is being made" >&2
    exit 1
  fi
  for port in $ports; do
    if says "$port" cluster_state:ok; then exit 0; fi
  done
  echo "no node of $first to $((first + 5)) says cluster_state:ok" >&2
  exit 1
fi

rm -f "$made"
addresses=
for port in $ports; do
  until valkey-cli -e -p "$port" ping > /dev/null 2>&1; do
    echo "waiting for the node on port $port"
    sleep 1
  done
  addresses="$addresses 127.0.0.1:$port"
done
# A node that knows only itself never was in a cluster: what the volume keeps survives a restart.
if says "$first" 'cluster_known_nodes:1[^0-9]*$'; then
  # shellcheck disable=SC2086 # six words
  valkey-cli --cluster create $addresses --cluster-replicas 1 --cluster-yes
else
  echo "the nodes are a cluster already"
fi
# A replica that was never in step takes over for nobody.
for port in $ports; do
  until valkey-cli -p "$port" info replication | grep -Eq '^(role:master|master_link_status:up)'; do sleep 1; done
done
touch "$made"
exec sleep infinity
