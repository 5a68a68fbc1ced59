#!/bin/sh
# Opens what Fovea writes with the tools of others. Not part of `npm test`: it needs Python, about 2 GB of disk and,
# the first time, a network. PYTHON names the interpreter that makes the environment (default python3).
#
#   npm run build && sh tests/interop/run.sh
#
# A check is a pair: <name>.write.mjs writes files into a new folder, <name>.check.py opens them there. Where others begin,
# <name>.make.py puts their files into the folder first.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
environment="$root/.venv-interop"

if [ ! -f "$environment/ready" ] || ! cmp -s "$here/requirements.txt" "$environment/ready"; then
  "${PYTHON:-python3}" -m venv "$environment"
  "$environment/bin/pip" install --quiet --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$environment/ready"
fi

export TF_CPP_MIN_LOG_LEVEL=3 PYTHONWARNINGS=ignore
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
for check in "$here"/*.check.py; do
  name=$(basename "$check" .check.py)
  mkdir "$folder/$name"
  : >"$folder/$name.log"
  # TensorFlow chats on standard error: shown only where a check fails.
  if { [ ! -f "$here/$name.make.py" ] || "$environment/bin/python" "$here/$name.make.py" "$folder/$name" 2>"$folder/$name.log"; } &&
    node "$here/$name.write.mjs" "$folder/$name" &&
    "$environment/bin/python" "$check" "$folder/$name" 2>"$folder/$name.log"; then
    echo "ok      $name"
  else
    cat "$folder/$name.log"
    echo "FAILED  $name"
    failed=1
  fi
done
exit "$failed"
