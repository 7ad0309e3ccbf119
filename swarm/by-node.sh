#!/bin/sh
# One value for each machine of the Swarm, as a template that Swarm fills in where a task runs. Its own templates know a
# machine's id, name and platform, but neither its labels nor its address.
#
#   ./swarm/by-node.sh LABEL       value of this label of each machine ("docker node update --label-add"); none: empty
#   ./swarm/by-node.sh --address   address of each machine
#
# Goes into the environment of a service, for example: PANAL_ZONES=$(./swarm/by-node.sh zone) docker stack deploy ...
# The values are those of now: deploy again after a label changed or a machine was added.
set -eu
[ $# = 1 ] || { sed -n '2,9p' "$0" | cut -c3- >&2; exit 2; }
case "$1" in
  --address) field='{{.Status.Addr}}' ;;
  *[!A-Za-z0-9._-]*|'') echo "by-node.sh: \"$1\" is no label" >&2; exit 2 ;;
  *) field="{{index .Spec.Labels \"$1\"}}" ;;
esac
template= word=if
values=$(docker node inspect --format "{{.ID}} $field" $(docker node ls --quiet))
while read -r id value; do
  [ -n "$value" ] || continue
  # What goes into a template must not be one.
  case "$value" in *[!A-Za-z0-9._:-]*) echo "by-node.sh: \"$value\" has characters that mean something there" >&2; exit 1 ;; esac
  template="$template{{$word eq .Node.ID \"$id\"}}$value"
  word='else if'
done <<END
$values
END
[ -z "$template" ] || echo "$template{{end}}"
