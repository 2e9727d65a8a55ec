#!/usr/bin/env bash
# The shipped catalog holds together, and what `bellhop dhcp` prints for all its vendors at once is what real DHCP servers
# read.
# Usage: tests/catalog.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

PATH=$PATH:/usr/sbin
shipped
sed -i 's/^host = ""/host = "192.0.2.10"/' "$BELLHOP_CONFIG"

"$program" catalog check catalog >"$site/check.log" 2>&1 || fail "the shipped catalog: $(tail -n 20 "$site/check.log")"
echo "ok  the shipped catalog has nothing to mend: $(grep "^cases: " "$site/check.log")"

# Vendors of programs, and those whose phones are not known to read an option, have nothing to tell a server.
vendors=()
for folder in catalog/*/; do
  vendor=$(basename "$folder")
  if grep -q '^dhcp = ' "$folder"*.toml; then vendors+=(--vendor "$vendor"); fi
done
[ "${#vendors[@]}" -ge 50 ] || fail "only $((${#vendors[@]} / 2)) vendors have DHCP options"

# written SERVER: what the command prints for it, in $site/SERVER
written() {
  "$program" dhcp "$1" "${vendors[@]}" >"$site/$1" 2>"$site/err" || fail "bellhop dhcp $1: $(cat "$site/err")"
}

written isc
echo 'subnet 192.0.2.0 netmask 255.255.255.0 { range 192.0.2.100 192.0.2.200; }' >>"$site/isc"
dhcpd -t -cf "$site/isc" >"$site/isc.log" 2>&1 || fail "dhcpd does not read what is written for it"
echo "ok  dhcpd reads what is written for it"

written kea
kea-dhcp4 -t "$site/kea" >"$site/kea.log" 2>&1 || fail "Kea does not read what is written for it"
if grep -q ' ERROR ' "$site/kea.log"; then fail "Kea finds faults"; fi
echo "ok  Kea reads what is written for it"

written dnsmasq
echo 'dhcp-range=192.0.2.100,192.0.2.200' >>"$site/dnsmasq"
dnsmasq --test -C "$site/dnsmasq" >"$site/dnsmasq.log" 2>&1 || fail "dnsmasq does not read what is written for it"
echo "ok  dnsmasq reads what is written for it"

written mikrotik
expect "RouterOS gets commands and comments alone" 0 "$(grep -Evc '^(/ip dhcp-server |#|$)' "$site/mikrotik" || true)"
echo "all well"
