#!/usr/bin/env bash
# The admin API as programs see it: curl over the loopback, a Unix socket and TLS, and schemathesis, which makes requests
# of the document that the server serves and judges the answers by it.
# Usage: tests/api.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

shipped

# token ID ACCOUNT: a login of an account with a token that writes, in the fleet's files; gives the token
token() {
  local secret
  secret=$(head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n')
  cat >>"$site/fleet/logins.toml" <<END
[[login]]
id = "$1"
account = "$2"

[[token]]
id = "$1"
login = "$1"
name = "schemathesis"
scope = "write"
hash = "$(printf %s "$secret" | sha256sum | cut -d' ' -f1)"

END
  echo "bh_$1_$secret"
}
administrator=$(token root administrator)
organization=$(token clerk org0087)
sed -i '/^id = "org0087"/a provisioning = "modify"' "$site/fleet/example.toml"
sed -i 's/^provisioning-jobs = false/provisioning-jobs = true/' "$site/bellhop.toml"
cat >"$site/fleet/jobs.toml" <<'END'
[[grant]]
id = "clerk.org0087"
login = "clerk"
platform = "org0087"
provisioning = true
provisioning-administrator = true

[[job]]
id = "status"
name = "Switch a device on or off"
platform = "org0087"
kind = "on-demand"
operation = "device.set-status"
fields = { device = {}, status = { default = "enabled" } }

[[job]]
id = "names"
name = "Name devices"
platform = "org0087"
kind = "bulk"
operation = "device.edit"
fields = { device = {}, notes = {} }
END
cp -r "$site/fleet" "$site/fleet.before"

# code CURL-ARGUMENTS…: the status of an answer
code() { curl -sS -o "$site/answer" -w '%{http_code}' "$@"; }
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$site/answer" "$1"; }

echo "== curl"
start
api=http://$admin/api/v1
expect "nobody gets in without a token" 401 "$(code "$api/devices")"
expect "a token gets in" 200 "$(code -H "Authorization: Bearer $organization" "$api/devices?limit=3")"
expect "a list tells how many there are" 12 "$(field total)"
expect "what is not the organization's is not found" 404 \
  "$(code -H "Authorization: Bearer $organization" "$api/devices/000000000000")"
expect "a field that nobody knows is told" 422 "$(code -H "Authorization: Bearer $administrator" \
  -H 'Content-Type: application/json' -d '{"name":"Desk","model":"yealink/t46s","colour":"red"}' "$api/devices")"
expect "by its name" colour "$(field field)"
stop

echo "== a Unix socket"
sed -i 's|^listen = \["127.0.0.1:0"\]$|&|; /^\[admin\]/,/^tls/ s|^listen = .*|listen = ["unix:'"$site"'/admin.sock"]|' "$site/bellhop.toml"
start
expect "the socket's mode" 660 "$(stat -c %a "$site/admin.sock")"
expect "health over the socket" 200 "$(code --unix-socket "$site/admin.sock" http://localhost/healthz)"
expect "a token over the socket" 200 \
  "$(code --unix-socket "$site/admin.sock" -H "Authorization: Bearer $administrator" http://localhost/api/v1/devices)"
expect "the command line over the socket" 0 "$("$program" status >"$site/told" 2>&1; echo $?)"
stop

echo "== TLS"
sed -i '/^\[admin\]/,/^tls/ { s|^listen = .*|listen = ["0.0.0.0:0"]|; s|^tls = .*|tls = true| }' "$site/bellhop.toml"
start
port=${admin##*:}
expect "a token over TLS" 200 \
  "$(code -k -H "Authorization: Bearer $administrator" "https://127.0.0.1:$port/api/v1/devices")"
expect "plain HTTP is told to speak TLS" 400 "$(code "http://127.0.0.1:$port/api/v1/devices")"
expect "the command line over TLS" 0 "$("$program" status >"$site/told" 2>&1; echo $?)"
stop
sed -i '/^\[admin\]/,/^tls/ { s|^listen = .*|listen = ["127.0.0.1:0"]|; s|^tls = .*|tls = false| }' "$site/bellhop.toml"

echo "== schemathesis"
version=4.32.5
tools=$PWD/target/tools/schemathesis
if ! "$tools/bin/pip" show schemathesis 2>/dev/null | grep -q "^Version: $version"; then
  python3 -m venv --clear "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
fi
judging=$PWD/tests/api/schemathesis.toml
# What would end the very token that the requests show.
own=(logins-edit logins-remove tokens-revoke)
# judge WHAT SECONDS TOKEN OPTIONS…: makes requests for so long at most, with the operator's key where the token is
# `operator`; nothing may be found
judge() {
  local what=$1 seconds=$2 token=$3
  shift 3
  # Without what was kept: what the last run added would be missed as if it were lost.
  rm -rf "$site/fleet" "$site/state/last-good"
  cp -r "$site/fleet.before" "$site/fleet"
  start
  [ "$token" != operator ] || token=$(awk '{print $2}' "$site/state/admin.key")
  if ! (cd "$site" && timeout 300 "$tools/bin/schemathesis" --config-file "$judging" run \
    "http://$admin/api/v1/openapi.json" -H "Authorization: Bearer $token" --max-time "$seconds" --max-examples 20 \
    --seed 1 --no-shrink --continue-on-failure "$@" >"$site/judged" 2>&1); then
    tail -n 150 "$site/judged" >&2
    fail "schemathesis finds faults: $what"
  fi
  grep -E "generated|Tested" "$site/judged"
  echo "ok  $what"
  stop
}
others=()
for operation in "${own[@]}"; do others+=(--exclude-operation-id "$operation"); done
judge "what an administrator's token asks" 75 "$administrator" "${others[@]}"
judge "what an organization's token asks" 60 "$organization" "${others[@]}"
these=()
for operation in "${own[@]}"; do these+=(--include-operation-id "$operation"); done
judge "what ends logins and tokens" 20 operator "${these[@]}"
echo "all well"
