#!/usr/bin/env bash
# Measures what a training step costs its host beside the device's work, on a device that does nothing.
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mvn -q -B -ntp -Pbenchmarks -DskipTests -f "$here/../pom.xml" -pl benchmarks/host -am package
java=$(cd "$here" && python3 -c 'import systems; print(systems.java_home())')/bin/java
for what in "" calls; do
    # Of this module first: its device takes the software device's place.
    "$java" --enable-native-access=ALL-UNNAMED -Dgatun.device=host -XX:+UseSerialGC \
        -cp "$(echo "$here"/host/target/gatun-benchmarks-host-*.jar):$here/host/target/lib/*" dev.gatun.benchmarks.host.HostShare $what
done
