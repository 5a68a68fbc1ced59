#!/bin/sh
# Makes a folder that holds the native backend, compiled by CC with FOVEA_CFLAGS, and those tests that prove its numbers, as
# plain JavaScript for any Node. The package's own build is left alone.
#
#   CC=clang sh tests/elsewhere/prepare.sh build/elsewhere/clang
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)

rm -rf "$folder/kernels" "$folder/scripts" "$folder/src" "$folder/tests" "$folder/build"
"$root/node_modules/.bin/tsc" -p "$root/tests/elsewhere/tsconfig.json" --outDir "$folder"
mkdir -p "$folder/tests/fixtures" "$folder/node_modules/vitest" "$folder/scripts"
cp -R "$root/tests/fixtures/keras" "$folder/tests/fixtures/"
cp "$root/tests/elsewhere/main.mjs" "$folder/tests/"
cp "$root/tests/elsewhere/vitest.mjs" "$folder/node_modules/vitest/index.js"
echo '{ "type": "module" }' >"$folder/package.json"

cp -R "$root/kernels" "$folder/"
cp "$root/scripts/build-native.mjs" "$folder/scripts/"
node "$folder/scripts/build-native.mjs"
test -f "$folder/build/native/fovea.node"
