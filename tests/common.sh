# What the scripts of this folder share: a site in a folder that goes away, the server on it, and how a fault is told.
# Each begins with `. tests/common.sh` in the folder of the repository and gives the program as its first argument.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$(realpath "${1:?usage: $0 PROGRAM}")
site=$(mktemp -d)
server=
# Other processes that end with the script.
others=()

end() {
  for process in "${others[@]}" $server; do kill "$process" 2>/dev/null || true; done
  for process in "${others[@]}" $server; do wait "$process" 2>/dev/null || true; done
  rm -rf "$site"
}
trap end EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 20 "$site"/log "$site"/*.log >&2 2>/dev/null || true
  exit 1
}

# expect WHAT WANTED GOT
expect() {
  [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
  echo "ok  $1"
}

# until_true WHAT COMMAND…: tries for half a minute
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

# shipped: the shipped settings and fleet, on ports given by the system
shipped() {
  cp -r config/fleet "$site/fleet"
  sed -e 's/0\.0\.0\.0:[0-9]*/127.0.0.1:0/; s/127\.0\.0\.1:[0-9]*/127.0.0.1:0/' \
    -e "s|\.\./catalog|$PWD/catalog|; s|\.\./state|state|" config/bellhop.toml >"$site/bellhop.toml"
  export BELLHOP_CONFIG=$site/bellhop.toml
}

# address WORD: where the server listens, as its greeting tells
address() { awk -v word="$1" '$1 == word {print $2}' "$site/greeting"; }

# ready: waits until the server says where it listens, and learns it
ready() {
  until_true "the server says where it listens" grep -q '^  admin' "$site/greeting"
  http=$(address http) https=$(address https) tftp=$(address tftp) admin=$(address admin)
}

# start [COMMAND…]: runs the server on the site, below a command if one is given
start() {
  : >"$site/greeting"
  "$@" "$program" >"$site/greeting" 2>"$site/log" &
  server=$!
  ready
}

stop() {
  kill -TERM "$server"
  wait "$server" || fail "the server did not end well"
  server=
  echo "ok  the server ends well"
}

# free_port: a port that nobody listens on now
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
