#!/usr/bin/env bash
# Builds the programs and compares the systems; the options are those of compare.py. What is fetched stays below benchmarks/target.
#
# PYTHON  a Python that has PyTorch; without it, that of .peers, which .ci/setup-peers.sh sets up
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build() {
    mvn -q -B -ntp -Pbenchmarks -DskipTests -f "$here/../pom.xml" -pl "benchmarks/$1" -am package
}

build gatun
for peer in djl dl4j; do
    build "$peer" || echo "$peer could not be built, and is left out" >&2
done
venv=$here/target/venv
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --retries 0 -r "$here/requirements.txt"
fi
exec "$venv/bin/python" "$here/compare.py" "$@"
