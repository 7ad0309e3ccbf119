#!/bin/sh
# Builds the image of this checkout. Needs Node 20.19, npm and a Docker engine.
#
#   ./swarm/build-image.sh [--base IMAGE] [--tag NAME:TAG] [--context-only DIR]
#
# The image goes to the engine of DOCKER_HOST. On a Swarm without a registry, carry it to the other machines:
#   docker save panal:VERSION | ssh MACHINE docker load
set -eu
cd "$(dirname "$0")/.."
base= tag= folder=
while [ $# -gt 0 ]; do
  case "$1" in
    --base) base=$2 ;;
    --tag) tag=$2 ;;
    --context-only) folder=$2 ;;
    *) echo "build-image.sh: unknown option $1; see the head of this file" >&2; exit 2 ;;
  esac
  shift 2
done
tag=${tag:-panal:$(node -p 'require("./package.json").version')}

context=${folder:-$(mktemp -d)}
[ -n "$folder" ] || trap 'rm -rf "$context"' EXIT
mkdir -p "$context/package"

npm pack --silent --pack-destination "$context" >/dev/null
tar -xzf "$context"/panal-*.tgz -C "$context"
rm "$context"/panal-*.tgz
# Exactly the dependencies that were tested: the lock file is of the checkout, the package does not carry it.
cp package-lock.json "$context/package/"
(cd "$context/package" && npm ci --silent --omit=dev --ignore-scripts --no-audit --no-fund)
rm "$context/package/package-lock.json"
cp swarm/Dockerfile swarm/probe.sh "$context/"

[ -z "$folder" ] || { echo "context: $context"; exit 0; }
# The plain builder: the newer one is a plugin that Debian's engine does not bring along.
DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0} docker build --quiet ${base:+--build-arg BASE="$base"} --tag "$tag" "$context" >/dev/null
echo "$tag"
