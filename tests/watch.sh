#!/usr/bin/env bash
# What watches the server, against the server: alert rules and dashboard by promtool, and by a Prometheus that scrapes it.
# Usage: tests/watch.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "$1")
site=$(mktemp -d)
server= prometheus=

end() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$prometheus" ] || kill "$prometheus" 2>/dev/null || true
  wait
  rm -rf "$site"
}
trap end EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 20 "$site"/*.log >&2 || true
  exit 1
}

# until_true WHAT COMMAND…: tries for 30 seconds
until_true() {
  local what=$1 tries=300
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$what"
    sleep 0.1
  done
  echo "ok  $what"
}

echo "== alert rules"
promtool check rules systemd/alerts.yml
promtool test rules tests/watch/alerts.yml
for alert in $(sed -n 's/^ *- alert: //p' systemd/alerts.yml); do
  grep -q "name: $alert fires" tests/watch/alerts.yml || fail "no test in which $alert fires"
  grep -q "name: $alert stays quiet" tests/watch/alerts.yml || fail "no test in which $alert stays quiet"
done

# The shipped settings and fleet, on ports given by the system, in a folder that goes away.
cp -r config/fleet "$site/fleet"
sed -e 's/0\.0\.0\.0:[0-9]*/127.0.0.1:0/; s/127\.0\.0\.1:[0-9]*/127.0.0.1:0/' \
  -e "s|\.\./catalog|$PWD/catalog|; s|\.\./state|state|" config/bellhop.toml >"$site/bellhop.toml"
export BELLHOP_CONFIG=$site/bellhop.toml
"$program" >"$site/greeting" 2>"$site/server.log" &
server=$!
until_true "the server says where it listens" grep -q '^  admin' "$site/greeting"
address() { awk -v word="$1" '$1 == word {print $2}' "$site/greeting"; }
admin=$(address admin)

# traffic: every phone of the example fleet, strangers on each transport, a change and a fault on disk
traffic() {
  grep -A 1 '^  # ' "$site/greeting" | grep '^  curl' | sed 's/^ *curl /curl -sS -o \/dev\/null /' | bash
  curl -sS -o /dev/null "http://$(address http)/nothing"
  curl -sSk -o /dev/null "https://$(address https)/nothing"
  curl -sS -o /dev/null "https://$(address https)/unknown-authority" 2>/dev/null || true
  curl -sS -o /dev/null "tftp://$(address tftp)/nothing" 2>/dev/null || true
  sed -i "s/^# turn .*//; \$a # turn $RANDOM" "$site/fleet/example.toml"
  "$program" reload >/dev/null
}

echo "== a scrape"
traffic
curl -sS --fail "http://$admin/metrics" >"$site/scrape"
promtool check metrics <"$site/scrape" || fail "promtool finds fault with the metrics"
echo "ok  promtool finds no fault with the metrics"

echo "== a Prometheus that scrapes"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$site/prometheus.yml" <<EOF
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [$PWD/systemd/alerts.yml]
scrape_configs:
  - job_name: bellhop
    static_configs: [{ targets: ["$admin"] }]
EOF
promtool check config "$site/prometheus.yml" >/dev/null || fail "the configuration of Prometheus"
prometheus --config.file="$site/prometheus.yml" --storage.tsdb.path="$site/data" \
  --web.listen-address="127.0.0.1:$port" --log.level=warn 2>"$site/prometheus.log" &
prometheus=$!
until_true "Prometheus is ready" curl -sS --fail "http://127.0.0.1:$port/-/ready"
for _ in 1 2 3 4 5 6 7 8; do
  traffic
  sleep 1
done
python3 tests/watch/queries.py "http://127.0.0.1:$port" systemd/grafana.json || fail "queries"

kill -TERM "$server"
wait "$server" || fail "the server did not end well"
server=
