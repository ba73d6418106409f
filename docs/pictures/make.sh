#!/usr/bin/env bash
# Makes the README's pictures from a real run: a terminal's content as SVG, and the top of the report page as PNG.
# Needs script (util-linux), python3 and Chromium.
#
#   docs/pictures/make.sh [OPTIONS OF gatun train]
set -euo pipefail
here=$(cd -P "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
columns=100

script -qec "stty cols $columns; '$here/../../gatun' train --out quick $*" session.txt > /dev/null
python3 "$here/terminal.py" "./gatun train${*:+ $*}" < session.txt > "$here/terminal.svg"

# 0 is the dark scheme, 1 the light one.
for scheme in dark:0 light:1; do
    "${GATUN_CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1240,884 \
        --blink-settings="preferredColorScheme=${scheme#*:}" \
        --screenshot="$here/report-${scheme%:*}.png" "file://$scratch/quick/report.html" 2> chromium.log
done
