#!/bin/bash
# panal-probe HOST PORT live|ready: whether a tracker or peer says so. A health check runs every few seconds, in every container:
# starting Node for it would cost more than an idle tracker does.
exec 3<>"/dev/tcp/$1/$2" || exit 1
printf 'GET /health/%s HTTP/1.0\r\nHost: %s\r\n\r\n' "$3" "$1" >&3
read -r -t 3 line <&3 && [[ $line == *" 200 "* ]]
