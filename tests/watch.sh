#!/usr/bin/env bash
# What watches the server, against the server: alert rules and dashboard by promtool, and by a Prometheus that scrapes it.
# Usage: tests/watch.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

echo "== alert rules"
promtool check rules systemd/alerts.yml
promtool test rules tests/watch/alerts.yml
for alert in $(sed -n 's/^ *- alert: //p' systemd/alerts.yml); do
  grep -q "name: $alert fires" tests/watch/alerts.yml || fail "no test in which $alert fires"
  grep -q "name: $alert stays quiet" tests/watch/alerts.yml || fail "no test in which $alert stays quiet"
done

shipped
start

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
port=$(free_port)
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
others+=($!)
until_true "Prometheus is ready" curl -sS --fail "http://127.0.0.1:$port/-/ready"
for _ in 1 2 3 4 5 6 7 8; do
  traffic
  sleep 1
done
python3 tests/watch/queries.py "http://127.0.0.1:$port" systemd/grafana.json || fail "queries"

stop
