#!/usr/bin/env bash
# Measures single calls: JMH, and the same calls in a loop in C where there is a gcc. Options are given to JMH, such as -f 1 -wi 1.
#
# NVIDIA_WHEELS  the folder in which pip has put NVIDIA's wheels (site-packages/nvidia); without it, that of .peers
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wheels=${NVIDIA_WHEELS:-$(echo "$here"/../.peers/venv/lib/python3*/site-packages/nvidia)}
if [ ! -d "$wheels/cudnn/lib" ]; then
    echo "no cuDNN in $wheels: run .ci/setup-peers.sh, or set NVIDIA_WHEELS" >&2
    exit 1
fi
mvn -q -B -ntp -Pbenchmarks -DskipTests -f "$here/../pom.xml" -pl benchmarks/calls -am package
exec python3 "$here/calls.py" "$wheels" "$@"
