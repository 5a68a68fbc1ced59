#!/bin/sh
# Runs the thread pool under the thread sanitizer of gcc, and the native backend's tests under the address and
# undefined-behaviour sanitizers, on every instruction set of this processor. The first finding ends it with a report.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
folder="$root/build/elsewhere/sanitized"
compiler=${CC:-gcc}

mkdir -p "$folder"
for helpers in "" -DHELPERS_FIRST; do
  "$compiler" -std=gnu11 -O1 -g -fsanitize=thread $helpers -o "$folder/threads" \
    "$root/tests/elsewhere/threads.c" "$root/kernels/threads.c" "$root/kernels/runs.c" "$root/kernels/workers.c" -lpthread -ldl
  "$folder/threads"
done

FOVEA_CFLAGS="-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -DHELPERS_FIRST" \
  CC="$compiler" sh "$root/tests/elsewhere/prepare.sh" "$folder"

# Node is not compiled with them, so they have to be there before the addon is. What Node itself never frees is no leak of
# ours, and a test asks for more memory than there is.
libraries="$("$compiler" -print-file-name=libasan.so) $("$compiler" -print-file-name=libubsan.so)"
sanitized() {
  LD_PRELOAD="$libraries" ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
    node "$folder/tests/main.mjs" "$@"
}

sanitized ./backends/native-operations.test.js
sanitized ./backends/native.test.js
sanitized ./core/golden-run.test.js native
