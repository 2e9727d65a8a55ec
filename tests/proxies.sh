#!/usr/bin/env bash
# Asks the server through real proxies, nginx and HAProxy, from addresses of this machine that stand for networks.
# Usage: tests/proxies.sh PROGRAM, with nginx and haproxy installed.
set -euo pipefail
program=$(realpath "${1:?usage: tests/proxies.sh PROGRAM}")
cd "$(dirname "$0")/.."
site=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$site"' EXIT

fail() { echo "FAIL $*" >&2; cat "$site"/*.log >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: $3 in place of $2"; echo "ok  $1"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listens() { for _ in $(seq 200); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.05; done; fail "nothing listens on $1"; }
# From address $1, what status does $2 bring?
from() { curl -skS -o /dev/null -w '%{http_code}' --interface "$1" "${@:2}"; }

http=$(free_port); https=$(free_port); by_nginx=$(free_port); by_haproxy=$(free_port); by_haproxy_tls=$(free_port)
cp -r config/fleet "$site/fleet"
cat >"$site/bellhop.toml" <<END
catalog = ["$PWD/catalog"]
state = "state"
[http]
listen = ["127.0.0.1:$http"]
[https]
listen = ["127.0.0.1:$https"]
[tftp]
listen = []
[admin]
listen = ["127.0.0.1:0"]
[proxies]
trusted = ["127.0.0.1"]
[provisioning]
plain-networks = ["127.0.9.0/24"]
END
start() { "$program" --config "$site/bellhop.toml" >"$site/out.log" 2>"$site/err.log" & server=$!; pids+=("$server"); listens "$http"; }
restart() { kill "$server"; wait "$server" || true; start; }

mkdir -p "$site/nginx"
cat >"$site/nginx.conf" <<END
daemon off;
pid $site/nginx/pid;
error_log $site/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $site/nginx; proxy_temp_path $site/nginx; fastcgi_temp_path $site/nginx;
  uwsgi_temp_path $site/nginx; scgi_temp_path $site/nginx;
  server {
    listen 127.0.0.1:$by_nginx;
    location / {
      proxy_pass http://127.0.0.1:$http;
      proxy_bind 127.0.0.1;
      proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
    }
  }
}
END
cat >"$site/haproxy.cfg" <<END
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
listen plain
  bind 127.0.0.1:$by_haproxy
  server bellhop 127.0.0.1:$http send-proxy-v2 source 127.0.0.1
listen tls
  bind 127.0.0.1:$by_haproxy_tls
  server bellhop 127.0.0.1:$https send-proxy source 127.0.0.1
END

start
PATH=$PATH:/usr/sbin nginx -e "$site/nginx.log" -c "$site/nginx.conf" & pids+=($!)
PATH=$PATH:/usr/sbin haproxy -f "$site/haproxy.cfg" >"$site/haproxy.log" 2>&1 & pids+=($!)
listens "$by_nginx"; listens "$by_haproxy"; listens "$by_haproxy_tls"
export BELLHOP_CONFIG=$site/bellhop.toml
# file_of PROTOCOL: the path by which a phone of that protocol asks for its own file, known by its serial
file_of() {
  "$program" device list --json |
    python3 -c 'import json, sys; [print(d["id"]) for d in json.load(sys.stdin) if d["protocol"] == sys.argv[1]]' "$1" |
    while read -r id; do "$program" device show "$id" --json; done |
    python3 -c '
import json, sys
shown, text = json.JSONDecoder(), sys.stdin.read().strip()
while text:
    device, end = shown.raw_decode(text)
    text = text[end:].strip()
    if device["known-by"] == "serial":
        print(device["serial"] + "/" + device["files"][-1])
        break'
}
file=$(file_of http); file_tls=$(file_of https)

echo "== nginx, X-Forwarded-For"
expect "a phone of the voice network" 200 "$(from 127.0.9.1 "http://127.0.0.1:$by_nginx/$file")"
expect "a phone elsewhere" 404 "$(from 127.0.8.1 "http://127.0.0.1:$by_nginx/$file")"
expect "one that claims to be there" 404 "$(from 127.0.8.1 -H 'X-Forwarded-For: 127.0.9.1' "http://127.0.0.1:$by_nginx/$file")"
expect "one that claims so without the proxy" 404 "$(from 127.0.8.1 -H 'X-Forwarded-For: 127.0.9.1' "http://127.0.0.1:$http/$file")"

echo "== HAProxy, PROXY protocol"
sed -i 's/^trusted = .*/&\nproxy-protocol = ["http", "https"]/' "$BELLHOP_CONFIG"
restart
expect "a phone of the voice network, version 2" 200 "$(from 127.0.9.1 "http://127.0.0.1:$by_haproxy/$file")"
expect "a phone elsewhere" 404 "$(from 127.0.8.1 "http://127.0.0.1:$by_haproxy/$file")"
expect "a phone over TLS, version 1" 200 "$(from 127.0.8.1 "https://127.0.0.1:$by_haproxy_tls/$file_tls")"
expect "a phone over TLS without the proxy" 200 "$(from 127.0.8.1 "https://127.0.0.1:$https/$file_tls")"
echo "proxies: all is well"
