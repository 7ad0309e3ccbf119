#!/bin/sh
# Changes the trackers of stack.static.yml one after another, each only when all of them are ready. `docker stack deploy` alone
# changes all services of a stack at the same time.
#
#   ./swarm/roll.sh STACK OPTION...       options of `docker service update`, for example --image panal:0.2.0
#
# Stops at a tracker that does not come back; the others stay as they are.
set -eu
[ $# -ge 2 ] || { sed -n '2,7p' "$0" | cut -c3- >&2; exit 2; }
stack=$1
shift
trackers=$(docker service ls --filter "label=com.docker.stack.namespace=$stack" --format '{{.Name}}' | grep "^${stack}_t[0-9]*$" | sort -V)
[ -n "$trackers" ] || { echo "roll.sh: the stack $stack has no trackers" >&2; exit 1; }
here=$(dirname "$0")

"$here/until-ready.sh" "$stack"
for tracker in $trackers; do
  docker service update --quiet --detach=false "$@" "$tracker" >/dev/null
  "$here/until-ready.sh" "$stack"
  echo "$tracker is changed, and all trackers are ready"
done
