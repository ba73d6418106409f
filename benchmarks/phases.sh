#!/usr/bin/env bash
# Measures where the time of a training step goes on the software device, beside what the machine can do.
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mvn -q -B -ntp -Pbenchmarks -DskipTests -f "$here/../pom.xml" -pl benchmarks/gatun -am package
cd "$here"
java=$(python3 -c 'import systems; print(systems.java_home())')/bin/java
"$java" "@$here/../examples/jvm.options" -Dgatun.device=host -cp "$(echo gatun/target/gatun-benchmarks-gatun-*.jar):gatun/target/lib/*" \
    dev.gatun.benchmarks.StepPhases
