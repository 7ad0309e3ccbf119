#!/bin/sh
# A base image from this machine's own files, for machines that reach no registry:
#
#   ./swarm/offline-base.sh [NAME:TAG]      default panal-base:local
#
# Takes the node that is in PATH with the libraries it loads, tini and a static busybox
# (apt-get install tini busybox-static).
set -eu
tag=${1:-panal-base:local}
for program in node tini busybox; do
  command -v "$program" >/dev/null || { echo "offline-base.sh: $program is missing; apt-get install tini busybox-static" >&2; exit 1; }
done
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

copy() { # a file with the libraries it loads, to the same place
  mkdir -p "$root/rootfs$(dirname "$2")"
  cp -L "$1" "$root/rootfs$2"
  ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root/rootfs$(dirname "$library")"
    [ -e "$root/rootfs$library" ] || cp -L "$library" "$root/rootfs$library"
  done
}
copy "$(node -p process.execPath)" /usr/local/bin/node
copy "$(command -v tini)" /usr/bin/tini
copy "$(command -v bash)" /bin/bash
mkdir -p "$root/rootfs/bin" "$root/rootfs/etc" "$root/rootfs/tmp" "$root/rootfs/root" "$root/rootfs/usr/local/bin"
cp "$(command -v busybox)" "$root/rootfs/bin/busybox"
for applet in $("$root/rootfs/bin/busybox" --list); do
  case "$applet" in busybox) ;; *) ln -sf busybox "$root/rootfs/bin/$applet" ;; esac
done
mkdir -p "$root/rootfs/usr/bin"
ln -sf ../../bin/busybox "$root/rootfs/usr/bin/env"
printf 'root:x:0:0:root:/root:/bin/sh\npanal:x:10001:10001:panal:/data:/bin/sh\n' >"$root/rootfs/etc/passwd"
printf 'root:x:0:\npanal:x:10001:\n' >"$root/rootfs/etc/group"
printf 'hosts: files dns\n' >"$root/rootfs/etc/nsswitch.conf"
chmod 1777 "$root/rootfs/tmp"
printf 'FROM scratch\nCOPY rootfs/ /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n' >"$root/Dockerfile"
DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0} docker build --quiet --tag "$tag" "$root" >/dev/null
echo "$tag"
