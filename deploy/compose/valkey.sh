#!/bin/sh
# Starts a Valkey; with a port, as a node of the cluster. The password comes from REDISCLI_AUTH, which valkey-cli reads
# too, and goes to the server on its standard input: on the command line every list of processes would show it.
set -eu
umask 077
configuration=${VALKEY_CONFIGURATION:-/etc/valkey/valkey.conf}
data=${VALKEY_DATA:-/data}

case $REDISCLI_AUTH in
  *[!A-Za-z0-9_-]* | "") echo "REDISCLI_AUTH: must be letters, digits, - and _" >&2; exit 64 ;;
esac

if [ $# -eq 1 ]; then
  port=$1
  data=$data/$port
  # Clients are sent to the name, which is the same for all six; the nodes find each other by the address, which they share.
  set -- --port "$port" --cluster-enabled yes --cluster-config-file nodes.conf --cluster-node-timeout 5000 \
    --cluster-announce-hostname valkey-cluster --cluster-preferred-endpoint-type hostname
fi
mkdir -p "$data"
exec valkey-server "$configuration" --dir "$data" "$@" - <<END
requirepass "$REDISCLI_AUTH"
primaryauth "$REDISCLI_AUTH"
END
