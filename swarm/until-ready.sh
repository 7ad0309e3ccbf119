#!/bin/sh
# Waits until all trackers of a stack are ready: they know each other, and all that they keep.
#
#   ./swarm/until-ready.sh STACK
#
# Gives up after three minutes: longer than a tracker needs to read a full volume and to hear from the others what it missed.
set -eu
[ $# = 1 ] || { sed -n '2,6p' "$0" | cut -c3- >&2; exit 2; }
trackers=$(docker service ls --filter "label=com.docker.stack.namespace=$1" --format '{{.Name}}' | grep "^$1_t[0-9]*$")
image=$(docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' "$(echo "$trackers" | head -1)")
docker run --rm --network "$1_panal" --entrypoint bash "$image" -c '
  for try in {1..180}; do
    waiting=
    for name; do panal-probe "$name" 5556 ready 2>/dev/null || waiting="$waiting $name"; done
    [ -n "$waiting" ] || exit 0
    sleep 1
  done
  echo "until-ready.sh: not ready:$waiting" >&2
  exit 1' until-ready $(echo "$trackers" | sed "s/^$1_//")
