#!/usr/bin/env bash
# Every way that people publish files by, with the tools that they do it with (promise H4): each change is live within
# moments where events work, and by the clock where they do not; half a change is never seen.
# Usage: tests/publish.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh
catalog=$PWD/catalog
export BELLHOP_CONFIG=$site/bellhop.toml
serial=publish0publish1publish2p

# record TOKEN: a fleet file with one phone, whose password shows which version it is
record() {
  printf '[[device]]\nserial = "%s"\nname = "Phone"\nmodel = "yealink/t46s"\nmac = "001565a0b0c0"\nprotocol = "http"\n' $serial
  printf 'admin-password = "version-%s"\n' "$1"
}

settings() {
  cat >"$site/bellhop.toml" <<EOF
fleet = "live"
catalog = ["$catalog"]
state = "state"
[http]
listen = ["127.0.0.1:0"]
[https]
listen = []
[tftp]
listen = []
[admin]
listen = ["127.0.0.1:0"]
[reload]
$1
EOF
}

# begin SETTINGS [COMMAND…]: runs the server on a new site, below a command if one is given
begin() {
  settings "$1"
  shift
  rm -rf "$site/live" "$site/state"
  mkdir "$site/live"
  record first >"$site/live/phone.toml"
  start "$@"
  live "the server" first 20
}

is_live() { curl -sS "http://$http/$serial/001565a0b0c0.cfg" 2>/dev/null | grep -q "admin:version-$1\$"; }

# live WHAT TOKEN SECONDS: waits until a version is served, and says how long that took
live() {
  local began=$(date +%s%N) tries=$(($3 * 20))
  until is_live "$2"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$1: not live after $3 s"
    sleep 0.05
  done
  printf 'ok  %s: live after %d ms\n' "$1" $((($(date +%s%N) - began) / 1000000))
}

devices() { curl -sS "http://$admin/metrics" | awk '$1 == "bellhop_snapshot_devices" {print $2}'; }

# The promise is 2 seconds; a busy machine gets more before it is a failure.
ways() {
  local file=$site/live/phone.toml most=$1
  sed -i "s/version-$2/version-sed/" "$file"; live "sed -i" sed "$most"
  printf '%%s/version-sed/version-vi/\nwq\n' | vi -es "$file" >/dev/null 2>&1 || true; live vi vi "$most"
  record cp >"$site/next"; cp "$site/next" "$file"; live cp cp "$most"
  record mv >"$site/next"; mv "$site/next" "$file"; live mv mv "$most"
  mkdir -p "$site/from"
  record rsync >"$site/from/phone.toml"; rsync -a "$site/from/" "$site/live/"; live rsync rsync "$most"
  record inplace >"$site/from/phone.toml"; rsync -a --inplace "$site/from/" "$site/live/"; live "rsync --inplace" inplace "$most"
  record older >"$site/next"; touch -d 2001-01-01 "$site/next"; mv "$site/next" "$file"; live "a clock that went back" older "$most"
}

echo "== by events"
begin 'interval = "24h"'
ways 10 first

rm -rf "$site/live"
mkdir "$site/live"
record again >"$site/live/phone.toml"
live "a folder removed and made anew" again 10

git init -q "$site/git"
git -C "$site/git" config user.name x
git -C "$site/git" config user.email x@example.net
for version in git1 git2; do
  record $version >"$site/git/phone.toml"
  git -C "$site/git" add -A
  git -C "$site/git" commit -qm $version
  git -C "$site/git" tag $version
done
rm -rf "$site/live"
ln -s git "$site/live"
live "a folder replaced by a link" git2 10
git -C "$site/git" checkout -q git1
live "git checkout" git1 10

for version in link1 link2; do
  mkdir -p "$site/releases/$version"
  record $version >"$site/releases/$version/phone.toml"
  ln -sfn "releases/$version" "$site/live"
  live "ln -sfn" $version 10
done

# As a mounted ConfigMap: the files are links through ..data, which is exchanged.
mkdir "$site/volume"
for version in map1 map2 map3; do
  mkdir "$site/volume/..$version"
  record $version >"$site/volume/..$version/phone.toml"
  ln -s "..$version" "$site/volume/..data_tmp"
  mv -T "$site/volume/..data_tmp" "$site/volume/..data"
  [ -e "$site/volume/phone.toml" ] || { ln -s ..data/phone.toml "$site/volume/phone.toml"; ln -sfn volume "$site/live"; }
  live "a ConfigMap's exchange" $version 10
done

echo "== more events than the system keeps"
mkdir "$site/volume/many"
for number in $(seq 20000); do echo "# $number"; done | split -l 1 -a 4 --additional-suffix=.toml - "$site/volume/many/f"
mkdir "$site/volume/..map4"
record burst >"$site/volume/..map4/phone.toml"
ln -sfn ..map4 "$site/volume/..data"
live "after 20,000 files at once" burst 30
stop

echo "== half a change"
begin 'interval = "24h"'
for number in $(seq 30); do
  printf '[[device]]\nserial = "half-%s-of-many-more"\nname = "Half %s"\nmodel = "yealink/t46s"\n' $number $number >>"$site/live/more.toml"
  seen=$(devices)
  [ "$seen" = 1 ] || fail "$seen devices are seen while the file is written"
  sleep 0.05
done
for _ in $(seq 100); do
  [ "$(devices)" = 1 ] || break
  sleep 0.05
done
expect=$(devices)
[ "$expect" = 31 ] || fail "$expect devices in place of 31"
echo "ok  a file that grows is read when it rests"
stop

echo "== by the clock"
begin $'events = false\ninterval = "1s"'
ways 15 first
stop

echo "== without watches left"
begin 'interval = "1s"' unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_watches; exec "$@"' sh
grep -q "compared by the clock" "$site/log" || fail "the lack of watches is not told of"
ways 15 first
stop

echo "== with a clock that is a day behind the files"
# What `faketime` does, without a process of its own between.
library=$(find /usr/lib -name libfaketime.so.1 | head -n 1)
begin 'interval = "24h"' env LD_PRELOAD="${library:?install faketime}" FAKETIME=-1d DONT_FAKE_MONOTONIC=1
ways 10 first
stop

echo "== under a mount that is exchanged"
begin 'interval = "1s"' unshare -Urm sh -c '
  mkdir "$0/mount1" "$0/mount2" && cp "$0/live/phone.toml" "$0/mount1" && sed s/first/mounted/ "$0/live/phone.toml" >"$0/mount2/phone.toml"
  mount --bind "$0/mount1" "$0/live"
  (while [ ! -e "$0/exchange" ]; do sleep 0.1; done; mount --bind "$0/mount2" "$0/live") &
  exec "$@"' "$site"
touch "$site/exchange"
live "a bind mount replaced" mounted 15
stop
echo "all ways lead to the phones"
