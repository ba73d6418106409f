#!/usr/bin/env bash
# Sets up what some tests compare with: in .peers/venv PyTorch (CPU), NVIDIA's libraries and TensorBoard, from their Python
# wheels, and Chromium and zsh, from Debian's packages, of which only one version is there at a time.
# Optional for people; CI needs it. Needs a python3 with venv, and pip as this machine has it set up.
# Where plain pip would take PyTorch's CUDA build, point it at the CPU build's index (PIP_EXTRA_INDEX_URL).
set -euo pipefail
cd "$(dirname "$0")/.."

has_chromium() { [ -n "${GATUN_CHROMIUM:-}" ] || command -v chromium chromium-browser google-chrome > /dev/null; }
has_zsh() { command -v zsh > /dev/null; }
packages=()
has_chromium || packages+=(chromium fonts-dejavu-core)
has_zsh || packages+=(zsh)
if [ ${#packages[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "installing ${packages[*]} with apt-get"
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" > /dev/null || true
fi
has_zsh || echo "setup-peers.sh: no zsh, so completion in it is not tested (in CI: that test fails). Installing it takes root and" \
    "apt-get; or install zsh yourself" >&2
has_chromium || echo "setup-peers.sh: no Chromium, so the report page is not tested (in CI: those tests fail). Installing it takes root" \
    "and apt-get; install chromium yourself, or set GATUN_CHROMIUM to the program" >&2

pinned() { sed -n "s/^$1=/$1==/p" native-headers/versions.properties; }

wheels=(
    torch==2.13.0 numpy==2.4.6
    # what `import torch` needs
    filelock==4.0.8 fsspec==2026.9.0 jinja2==3.1.6 markupsafe==3.0.3 mpmath==1.3.0 networkx==3.6.1 setuptools==80.9.0
    sympy==1.14.0 typing-extensions==4.16.0
    "$(pinned nvidia-cuda-runtime)" "$(pinned nvidia-cublas)" "$(pinned nvidia-cudnn-cu13)"
    # cuDNN opens it for kernels that it compiles
    "$(pinned nvidia-cuda-nvrtc)"
    # its reader, with what that imports
    tensorboard==2.21.0 absl-py==2.5.0 protobuf==7.36.2
)
done_file=.peers/installed
if [ "$(cat "$done_file" 2> /dev/null || true)" = "${wheels[*]}" ]; then exit 0; fi

echo "setting up PyTorch and NVIDIA's libraries in .peers (about 3 GB)"
rm -rf .peers
"${PYTHON:-python3}" -m venv .peers/venv
# --no-deps: PyTorch's metadata may ask for more of NVIDIA's wheels, in other versions.
.peers/venv/bin/python -m pip install -qq --disable-pip-version-check --retries 0 --no-deps --only-binary=:all: "${wheels[@]}"
.peers/venv/bin/python -c 'import torch; torch.nn.LSTM(1, 1)' || {
    echo "setup-peers.sh: PyTorch was installed but does not start; is it the CPU build? (see the head of this script)" >&2
    exit 1
}
echo "${wheels[*]}" > "$done_file"
