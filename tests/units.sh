#!/usr/bin/env bash
# What systemd is to do with the server, as far as it can be tried where systemd does not run: the units are sound and
# closed enough, what the server asks of the kernel is let through, sockets are handed over, a server that is stuck
# stops saying that it lives, and one that is killed at any instant starts again by itself.
# Usage: tests/units.sh PROGRAM [PART]; KILLS=1000 for more kills than the usual ones
cd "$(dirname "$0")/.."
. tests/common.sh
kills=${KILLS:-50}
helper=

end() {
  for process in $helper $server; do kill -9 "$process" 2>/dev/null || true; done
  rm -rf "$site"
}

# launch COMMAND…: starts the server by a command, and does not wait for it
launch() {
  : >"$site/greeting"
  "$@" >"$site/greeting" 2>>"$site/log" &
  server=$!
}

is_ready() { grep -q '^  admin' "$site/greeting"; }

shipped

units() {
  mkdir -p "$site/units/bellhop.service.d"
  cp systemd/bellhop.socket "$site/units/"
  sed "s|/usr/bin/bellhop|$program|" systemd/bellhop.service >"$site/units/bellhop.service"
  systemd-analyze verify --man=no "$site/units/bellhop.socket" "$site/units/bellhop.service" 2>"$site/faults" ||
    fail "systemd-analyze verify: $(cat "$site/faults")"
  ! grep bellhop "$site/faults" || fail "systemd-analyze verify"
  echo "ok  the units are sound"
  systemd-analyze security --offline=true --threshold=11 "$site/units/bellhop.service" | tail -n 1 ||
    fail "with inherited sockets the unit is too open"
  cp systemd/direct.conf "$site/units/bellhop.service.d/"
  systemd-analyze security --offline=true --threshold=16 "$site/units/bellhop.service" | tail -n 1 ||
    fail "with sockets of its own the unit is too open"
}

# in_groups GROUP…: the system calls of some of systemd's groups
in_groups() {
  local group word
  for group in "$@"; do
    for word in $(systemd-analyze syscall-filter "$group" | sed 's/#.*//' | tail -n +2); do
      case $word in @*) in_groups "$word" ;; *) echo "$word" ;; esac
    done
  done
}

# Asks for something over each transport, and has the files read anew.
exercise() {
  curl -sS -o /dev/null "http://$http/nothing"
  curl -sSk -o /dev/null "https://$https/nothing"
  curl -sS -o /dev/null "tftp://$tftp/SIP00070E369DC2.cnf"
  curl -sS -o /dev/null "http://$admin/metrics"
  echo "# $RANDOM" >>"$site/fleet/example.toml"
  "$program" reload >/dev/null
}

# Runs a program under the unit's SystemCallFilter=, RestrictAddressFamilies= and MemoryDenyWriteExecute=.
# Arguments: the file with what is allowed, then the program.
confined() {
  exec /usr/bin/python3 -c '
import ctypes, os, seccomp, socket, sys
allowed, program = sys.argv[1], sys.argv[2:]
refuse = seccomp.ERRNO(1)
filter = seccomp.SyscallFilter(refuse)
for name in open(allowed).read().split():
    if name == "socket":
        for family in socket.AF_INET, socket.AF_INET6, socket.AF_UNIX:
            filter.add_rule(seccomp.ALLOW, name, seccomp.Arg(0, seccomp.EQ, family))
        continue
    try:
        filter.add_rule(seccomp.ALLOW, name)
    except RuntimeError:
        pass  # a system call that this kind of processor does not have
# prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN) is what MemoryDenyWriteExecute= means; kernels before 6.3 lack it.
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    print("--  MemoryDenyWriteExecute= cannot be tried on this kernel", file=sys.stderr)
filter.load()
os.execv(program[0], program)' "$@"
}

kernel() {
  sort -u <(in_groups @system-service) | comm -23 - <(in_groups @privileged @resources | sort -u) >"$site/allowed"
  [ "$(wc -l <"$site/allowed")" -gt 200 ] || fail "systemd-analyze tells no system calls"
  grep -v '^bind$' "$site/allowed" >"$site/less"
  launch confined "$site/less" "$program"
  ! wait "$server" || fail "a filter that lacks what is needed shows nothing"
  grep -q -i 'not permitted' "$site/log" || fail "a filter that lacks what is needed does not show"
  : >"$site/log"
  launch confined "$site/allowed" "$program"
  ready
  exercise
  [ "$(awk '/^Seccomp:/ {print $2}' "/proc/$server/status")" = 2 ] || fail "no filter is there"
  stop
  ! grep -i 'not permitted\|denied' "$site/log" || fail "the unit refuses what the server needs"
  grep -- '^--' "$site/log" || true
  echo "ok  it runs under the unit's filters"
}

free_port() { # PROTOCOL
  perl -MIO::Socket::INET -e \
    'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => $ARGV[0], $ARGV[0] eq "tcp" ? (Listen => 1) : ())->sockport' "$1"
}

activation() {
  local first second
  first=127.0.0.1:$(free_port tcp)
  second=127.0.0.1:$(free_port tcp)
  launch systemd-socket-activate -l "$first" -l "$second" --fdname=http:https -E BELLHOP_CONFIG "$program"
  until_true "a request starts the server" curl -sS -o /dev/null --connect-timeout 1 "http://$first/nothing"
  ready
  [ "$http $https" = "$first $second" ] || fail "inherited $first and $second, serves $http and $https"
  curl -sSk -o /dev/null "https://$https/nothing"
  stop
  first=127.0.0.1:$(free_port udp)
  launch systemd-socket-activate --datagram -l "$first" -E BELLHOP_CONFIG "$program"
  # The datagram that starts the server is answered, too.
  until_true "a datagram starts the server" curl -sS -m 5 -o "$site/file" "tftp://$first/SIP00070E369DC2.cnf"
  ready
  [ "$tftp" = "$first" ] || fail "inherited $first, serves $tftp"
  stop
  echo "ok  sockets are handed over"
}

heard() { grep -c "^$1" "$site/heard" || true; }
says_more() { [ "$(heard "$1")" -gt "$2" ]; }

# Holds every thread that takes a connection, as a deadlock would.
watchdog() {
  perl -MIO::Socket::UNIX -e '$| = 1; my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
    while (defined $s->recv(my $text, 4096)) { print $text }' "$site/notify" >"$site/heard" &
  helper=$!
  until_true "the manager listens" test -S "$site/notify"
  launch env NOTIFY_SOCKET="$site/notify" WATCHDOG_USEC=900000 "$program"
  until_true "the server is ready" says_more READY=1 0
  until_true "the server lives" says_more WATCHDOG=1 2
  strace -f -qq -o /dev/null -e trace=accept4 -e inject=accept4:delay_enter=600000000 -p "$server" 2>/dev/null &
  helper="$helper $!"
  until_true "strace holds the server" grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$server/status"
  sleep 1
  local before
  before=$(heard WATCHDOG=1)
  # Three times as long as the manager would wait.
  sleep 2.7
  [ "$(heard WATCHDOG=1)" = "$before" ] || fail "a server that takes no connections says that it lives"
  kill -9 "$server" $helper
  wait "$server" $helper 2>/dev/null || true
  server=
  helper=
  echo "ok  a server that takes no connections does not say that it lives"
}

# Kills the server at random moments of starting and of reading files, and has the next one start on what is left.
crashes() {
  local worst=0 began took
  for kill in $(seq "$kills"); do
    [ $((kill % 3)) -gt 0 ] || rm -f "$site/state/self-signed.pem"
    launch "$program"
    if [ $((kill % 2)) = 0 ]; then
      until_true "the server starts" is_ready >/dev/null
      (for change in 1 2 3 4 5; do
        sed -i "s/^name = \"Yealink.*/name = \"Yealink $kill $change\"/" "$site/fleet/example.toml"
        kill -HUP "$server"
        sleep 0.01
      done) 2>/dev/null &
      helper=$!
    fi
    sleep "0.$(printf %03d $((RANDOM % 120)))"
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
    [ -z "$helper" ] || wait "$helper" 2>/dev/null || true
    helper=
    began=$(date +%s%3N)
    launch "$program"
    until_true "the server starts again after kill $kill" is_ready >/dev/null
    took=$(($(date +%s%3N) - began))
    [ "$took" -le "$worst" ] || worst=$took
    ready
    curl -sSk -o /dev/null "https://$https/nothing" || fail "HTTPS after kill $kill"
    "$program" reload >/dev/null || fail "the operator's key after kill $kill"
    stop
  done
  echo "ok  killed $kills times, and served again after at most $worst ms"
}

# Kills the server while it keeps the last good state, and has the next one start on that alone.
kept() {
  local kill phone
  rm -rf "$site/state"
  launch "$program"
  until_true "the state is kept" test -e "$site/state/last-good/manifest"
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  for kill in $(seq $((kills / 5))); do
    launch "$program"
    until_true "the server starts" is_ready >/dev/null
    sed -i "s/^name = \"Yealink.*/name = \"Yealink kept $kill\"/" "$site/fleet/example.toml"
    kill -HUP "$server"
    sleep "2.$(printf %03d $((RANDOM % 80)))"
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
    cp "$site/fleet/example.toml" "$site/good"
    echo '[[device]' >"$site/fleet/example.toml"
    launch "$program"
    until_true "the server starts on what was kept, kill $kill" is_ready >/dev/null
    phone=$(grep -o 'http://.*/0015654aa937.cfg' "$site/greeting")
    curl -sS --fail -o /dev/null "$phone" || fail "a phone after kill $kill"
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
    mv "$site/good" "$site/fleet/example.toml"
  done
  server=
  echo "ok  killed $((kills / 5)) times while the last good state was kept, and started on it each time"
}

for part in ${2:-units kernel activation watchdog crashes kept}; do $part; done
echo "all well"
