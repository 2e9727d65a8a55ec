#!/usr/bin/env bash
# Every target of tests/fuzz under libFuzzer, from its seeds, each for a minute.
# Usage: tests/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
version=0.13.2
tools=$PWD/target/tools
if [ "$("$tools/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $version" ]; then
  cargo install --quiet --debug --locked --root "$tools" --target-dir "$tools/target" "cargo-fuzz@$version"
  rm -rf "$tools/target"
fi
# What libFuzzer needs of the compiler is not stable yet.
export RUSTC_BOOTSTRAP=1 PATH="$tools/bin:$PATH"
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
fuzz() { cargo fuzz "$@" --fuzz-dir tests/fuzz --target-dir target/fuzz; }
fuzz build
for target in $(cargo fuzz list --fuzz-dir tests/fuzz); do
  mkdir "$corpus/$target"
  timeout $((seconds + 120)) "target/fuzz/$(rustc -vV | sed -n 's/^host: //p')/release/$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    "$corpus/$target" "tests/fuzz/seeds/$target" >"$corpus/log" 2>&1 || { tail -n 40 "$corpus/log" >&2; echo "FAILED: $target" >&2; exit 1; }
  echo "ok  $target: $(grep -o 'Done [0-9]* runs' "$corpus/log")"
done
