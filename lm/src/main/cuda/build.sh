#!/usr/bin/env bash
# Makes the PTX that the jar holds from kernels.cu; the same nvcc gives the same bytes on any machine.
#
#   build.sh [output.ptx]
#
# compute_75 is the oldest architecture that CUDA 13 compiles for, and the driver translates it for every later GPU.
# nvcc 13.0 declares PTX 9.0, which drivers of CUDA 12 refuse; the kernels use nothing newer than 8.0, so that is what the file
# says; ptxas refuses what a declared version lacks. -fmad=false leaves no multiplication and addition for a compiler to fuse, so that every
# architecture rounds alike.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
output=${1:-$here/../resources/dev/gatun/lm/kernels/kernels.ptx}
nvcc=${NVCC:-nvcc}
wanted='release 13.0'

if ! "$nvcc" --version | grep -q "$wanted"; then
    echo "build.sh: '$nvcc' is not of CUDA $wanted; set NVCC to one that is, for another makes other PTX" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && "$nvcc" -ptx -arch=compute_75 -fmad=false -Werror all-warnings -o "$work/raw.ptx" kernels.cu)
{
    echo "// Made from kernels.cu by build.sh."
    sed -e '/^\/\//d' -e '/^\t\/\/ .* inline asm$/d' -e 's/^\.version .*/.version 8.0/' "$work/raw.ptx" | cat -s
} > "$work/kernels.ptx"
mv "$work/kernels.ptx" "$output"
