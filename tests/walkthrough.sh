#!/usr/bin/env bash
# The walkthrough of README.md: its very commands, in order, against the started server; then what only a terminal shows.
# Usage: tests/walkthrough.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

mkdir "$site/bin"
ln -s "$program" "$site/bin/bellhop"
PATH=$site/bin:$PATH

# Each fenced block of the sections is a file: 1, 2, …
awk -v folder="$site" '
  /^## / { inside = /^## (From an empty fleet to a phone|Let the help desk run what it may)$/ }
  /^```$/ { block = "" }
  block { print >block }
  inside && /^```sh$/ { block = folder "/block" ++count }
' README.md
blocks=$(find "$site" -name 'block*' | wc -l)
[ "$blocks" = 11 ] || fail "README.md has $blocks blocks in its walkthrough"

# block N: runs it as it stands, in a shell that ends with the first command that fails
block() {
  (set -euo pipefail && cd "$site" && . "$site/block$1") >"$site/out" 2>"$site/err" ||
    fail "block $1 of README.md: $(cat "$site/out" "$site/err")"
  [ "$1" = 4 ] || cat "$site/out" "$site/err" >>"$site/printed" # block 4 fetches as the phone does
  echo "ok  block $1"
}
has() { grep -q -- "$2" "$site/out" || fail "$1: no '$2' in $(cat "$site/out" "$site/err")"; }

ln -s "$PWD/catalog" "$site/catalog"
block 1
export BELLHOP_CONFIG=$site/walkthrough/bellhop.toml
for table in http https tftp admin; do
  printf '[%s]\nlisten = ["127.0.0.1:%s"]\n' "$table" "$(free_port)"
done >>"$BELLHOP_CONFIG"
start

block 2
block 3
has "what can be chosen" 'yealink/t46s'
has "the list" 'Reception .*0087\*001'
block 4
has "the file of the phone" 'pbx.example.net\|Desk 001'
block 5
has "what the provider is" 'sp0086'
has "the difference" '^+notes = "by the window"'
expect "what the provider may not do is refused" 2 "$(grep -c 'refused with 4' "$site/out")"
block 6
has "the third desk" 'Third desk'
expect "what the organization may not do is refused" 1 "$(grep -c 'refused with 4' "$site/out")"
block 7
has "the audit log" 'device-remove .*R6 .*refused'
has "the chain" 'lines hold, from number 1'
grep -rhoE 'password = "[^"]+"' "$site/walkthrough/fleet" | cut -d'"' -f2 >"$site/passwords"
expect "each extension has its password" 3 "$(sort -u "$site/passwords" | wc -l)"
expect "no password in what was printed, logged or noted" 0 \
  "$(cat "$site/printed" "$site/log" "$site/walkthrough/state/audit.log" | grep -cFf "$site/passwords" || true)"

echo "== a terminal"
# on_terminal COLUMNS COMMAND: what a command prints on a terminal that wide; the answer to what it asks is in $answer
on_terminal() {
  printf '%s' "${answer-}" | script -qefc "stty cols $1 rows 50; $2" /dev/null | tr -d '\r'
}
# widest FILE: the longest line, colours aside, in columns
widest() { sed 's/\x1b\[[0-9;]*m//g' "$1" | wc -L; }
export LC_ALL=C.UTF-8 TERM=xterm
unset NO_COLOR
bellhop device edit Reception --name "Reception on the floor above" >"$site/out" 2>&1
for columns in 40 80 120; do
  on_terminal "$columns" 'bellhop device list' >"$site/out"
  [ "$(widest "$site/out")" -le "$columns" ] || fail "a table wider than $columns: $(cat "$site/out")"
  expect "a row a line on $columns columns" 4 "$(wc -l <"$site/out")"
done
bellhop device list >"$site/out"
has "in a pipe it is whole" 'Reception on the floor above'
expect "no colour in a pipe" 0 "$(grep -c $'\x1b' "$site/out" || true)"
on_terminal 80 'bellhop device list' >"$site/out"
has "the head is bold on a terminal" $'\x1b\\[1m'
NO_COLOR=1 on_terminal 80 'bellhop device list' >"$site/out"
expect "no colour where nobody wants it" 0 "$(grep -c $'\x1b\\[[0-9;]*m' "$site/out" || true)"
answer=$'n\n' on_terminal 80 'bellhop device remove "Third desk"' >"$site/out" && fail "it was not meant"
has "it asks" 'Remove the device Third desk? \[y/N\]'
expect "and leaves what was not meant" 3 "$(bellhop device list | tail -n +2 | wc -l)"
answer=$'y\n' on_terminal 80 'bellhop device remove "Third desk"' >"$site/out" || fail "it was meant"
expect "and takes away what was" 2 "$(bellhop device list | tail -n +2 | wc -l)"
answer=$'s3cret word\ns3cret word\n' on_terminal 80 "bellhop extension edit '0087*001' --sip-password" >"$site/out" ||
  fail "a prompt: $(cat "$site/out")"
bellhop render "Reception on the floor above" --reveal >"$site/out"
has "the password of the prompt" 's3cret word'

echo "== the help desk"
block 8
block 9
block 10
has "the jobs that the member may run" 'Create a Device'
expect "what the member may not do is refused" 2 "$(grep -c 'refused with' "$site/out")"
block 11
has "the difference in a file" '^+name = "Desk 51"'
grep -q '2 unchanged' "$site/err" || fail "the same file changed something: $(cat "$site/err")"
grep -q 'is undone' "$site/err" || fail "the run is not undone: $(cat "$site/err")"
has "the records of runs" 'are as the audit log noted them'

stop
echo "all well"
