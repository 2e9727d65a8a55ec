#!/usr/bin/env bash
# Slow clients, crowds and changes at once: slowhttptest holds connections while good phones are served (promise H5),
# and wrk fetches while everything is reloaded again and again (promise H1).
# Usage: tests/load.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

# Short deadlines, so that this does not take long.
shipped
sed -i 's/^\(header\|response\|handshake\)-timeout = .*/\1-timeout = "3s"/' "$site/bellhop.toml"
mkdir "$site/assets"
head -c 20000000 /dev/urandom >"$site/assets/large.bin"
ulimit -n "$(ulimit -Hn)"

start
phone=$(grep -o 'http://.*/0015654aa937.cfg' "$site/greeting")
encrypted=$(grep -o 'https://.*/00085D40905F.cfg' "$site/greeting")

connections() { # how many there are
  curl -sS "http://$admin/metrics" | awk '/^bellhop_connections\{/ {all += $2} END {print all + 0}'
}
nobody_connected() { [ "$(connections)" = 0 ]; }

# served_during PROCESS: a good phone asks 50 times a second, each on a connection of its own, from another address
# than the attack's, until that ends
served_during() {
  local most=0 last=0 now
  : >"$site/served"
  while kill -0 "$1" 2>/dev/null; do
    curl -sS --rate 50/s --interface 127.0.0.2 -H 'Connection: close' -o /dev/null \
      -w '%{http_code} %{time_total} %{exitcode}\n' "$phone#[1-50]" >>"$site/served" 2>/dev/null || true
    now=$(connections)
    [ "$now" -le "$most" ] || most=$now
    ! kill -0 "$1" 2>/dev/null || last=$now
  done
  echo "$most" "$last" >"$site/connections"
}

# withstand WHAT LEAST OPTIONS…: an attack by slowhttptest that holds no fewer connections than LEAST at some time
withstand() {
  local what=$1 least=$2 asked bad most last p99
  shift 2
  slowhttptest -l 15 -p 3 "$@" >"$site/attack" 2>&1 &
  attack=$!
  others=("$attack")
  served_during "$attack"
  wait "$attack" || true
  others=()
  sed 's/\x1b\[[0-9;]*[A-Za-z]//g' "$site/attack" >"$site/told"
  asked=$(wc -l <"$site/served")
  bad=$(grep -vc '^200 .* 0$' "$site/served" || true)
  read -r most last <"$site/connections"
  p99=$(awk '{print $2 * 1000}' "$site/served" | sort -g | sed -n "$((asked - asked / 100))p")
  [ "$asked" -ge 100 ] || fail "$what: only $asked requests could be made"
  [ "$bad" = 0 ] || fail "$what: $bad of $asked good requests failed: $(grep -v '^200 .* 0$' "$site/served" | head -3)"
  [ "$most" -ge "$least" ] || fail "$what: the attack held $most connections only"
  # On a quiet machine it is a few milliseconds; a machine that builds and tests is not quiet.
  awk -v p99="$p99" 'BEGIN {exit !(p99 < 500)}' || fail "$what: p99 $p99 ms"
  # While it reads slowly, slowhttptest does not notice that it was left.
  grep -q 'No open connections left' "$site/told" || [ "$last" = 0 ] ||
    fail "$what: $last connections are not closed: $(tail -n 15 "$site/told")"
  echo "ok  $what: $asked good requests served, p99 $p99 ms, up to $most connections"
  until_true "$what: no connection is left" nobody_connected
}

echo "== slow connections"
# 3000 are more than the share of one address, so that the attack takes all that it can get.
withstand "slow headers" 500 -H -c 3000 -r 1000 -i 1 -u "$phone"
withstand "slow bodies" 0 -B -c 3000 -r 1000 -i 1 -u "$phone"
withstand "slow reading of a file" 100 -X -c 1000 -r 500 -w 10 -y 20 -n 5 -z 5 -k 10 -u "$phone"
withstand "slow reading of firmware" 50 -X -c 1000 -r 500 -w 10 -y 20 -n 5 -z 5 -u "${phone%/*/*}/assets/large.bin"
withstand "slow headers over TLS" 100 -H -c 600 -r 200 -i 1 -u "$encrypted"

echo "== reloads under load"
changes() {
  local turn=0
  while [ ! -e "$site/enough" ]; do
    turn=$((turn + 1))
    sed -i "s/^display-name = \"Smith.*/display-name = \"Smith $turn\"/" "$site/fleet/example.toml"
    "$program" reload >>"$site/reloads" 2>&1 || true
  done
}
wrk -t 1 -c 200 -d 10 --latency "$phone" >"$site/wrk" &
good=$!
others=("$good")
changes &
attack=$!
others+=("$attack")
wait "$good" || fail "wrk: $(cat "$site/wrk")"
touch "$site/enough"
wait "$attack" || fail "the changes"
others=()
requests=$(awk '/requests in/ {print $1}' "$site/wrk")
if grep -E 'Non-2xx|Socket errors' "$site/wrk"; then fail "requests failed during reloads"; fi
[ "${requests:-0}" -gt 1000 ] || fail "too few requests: $(cat "$site/wrk")"
published=$(grep -c '^published' "$site/reloads" || true)
[ "$published" -gt 20 ] || fail "too few reloads: $(tail -n 3 "$site/reloads")"
turn=$(grep -o 'display-name = "Smith [0-9]*' "$site/fleet/example.toml" | grep -o '[0-9]*$')
until_true "the last change is served" bash -c "curl -sS '$phone' | grep -q 'Smith $turn'"
echo "ok  $requests requests during $published reloads, none failed"
stop
if grep -i panic "$site/log"; then fail "something panicked"; fi
echo "all well"
