#!/usr/bin/env bash
# The Debian package: built from the program given, looked at by lintian, installed, started, upgraded, removed, purged.
# It changes the machine that it runs on (a container, as a rule) and leaves it as it was.
# Usage: tests/package.sh PROGRAM      as root, or with sudo
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "$1")
version=3.8.0
site=$(mktemp -d)
server=

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

end() {
  [ -z "$server" ] || as_root kill -9 "$server" 2>/dev/null || true
  rm -rf "$site"
}
trap end EXIT

fail() {
  echo "FAILED: $*" >&2
  [ ! -s "$site/log" ] || tail -n 20 "$site/log" >&2
  exit 1
}

dpkg -s bellhop >/dev/null 2>&1 && fail "bellhop is installed on this machine; remove it first"

tools=$PWD/target/tools
if [ "$("$tools/bin/cargo-deb" --version 2>/dev/null)" != "cargo-deb $version" ]; then
  # Without optimization it is built in half a minute.
  cargo install --quiet --debug --locked --root "$tools" --target-dir "$tools/target" "cargo-deb@$version"
  rm -rf "$tools/target"
fi
[ "$program" -ef target/release/bellhop ] || fail "the package holds target/release/bellhop; build and give that"
bash debian/stage.sh "$program"
build() { # REVISION
  PATH="$tools/bin:$PATH" cargo deb --quiet --no-build --locked --strip --compress-system \
    --deb-revision "$1" --output "$site/$1.deb" \
    >"$site/log" 2>&1 || fail "cargo deb"
}
build 1
build 2
lintian --fail-on error,warning "$site/1.deb" || fail "lintian"
echo "ok  lintian has nothing to say"

contents=$(dpkg-deb --contents "$site/1.deb")
for file in man/man1/bellhop.1.gz man/man1/bellhop-device-add.1.gz man/man1/bellhop-audit-verify.1.gz \
  bash-completion/completions/bellhop zsh/vendor-completions/_bellhop fish/vendor_completions.d/bellhop.fish; do
  grep -q " \./usr/share/$file$" <<<"$contents" || fail "the package has no $file"
done
bash -c '. target/package/completions/bellhop.bash && complete -p bellhop' >/dev/null || fail "completions for bash"
echo "ok  it has manual pages and completions"

dpkg_quietly() { as_root env DEBIAN_FRONTEND=noninteractive dpkg "$@" >"$site/log" 2>&1 || fail "dpkg $*"; }

as_server() { as_root setpriv --reuid bellhop --regid bellhop --clear-groups -- "$@"; }

# start: starts the installed program as its user, on the installed settings, with sockets as systemd would hand over
start() {
  local http https
  http=127.0.0.1:$(free_port)
  https=127.0.0.1:$(free_port)
  # systemd makes the folder of StateDirectory=.
  as_root install -d -o bellhop -g bellhop -m 0700 /var/lib/bellhop
  as_server systemd-socket-activate -l "$http" -l "$https" --fdname=http:https \
    /usr/bin/bellhop --config /etc/bellhop/bellhop.toml serve >"$site/greeting" 2>"$site/log" &
  local tries=200
  until [ "$(curl -sS -o /dev/null -m 5 -w '%{http_code}' "http://$http/nothing" 2>/dev/null)" = 404 ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "the installed server does not answer"
    sleep 0.1
  done
  server=$(pgrep -u bellhop -x bellhop)
  [ "$(curl -sSk -o /dev/null -w '%{http_code}' "https://$https/nothing")" = 404 ] || fail "HTTPS"
  [ "$(curl -sS -o /dev/null -w '%{http_code}' "http://$admin/readyz")" = 200 ] || fail "/readyz"
  grep -q '^bellhop .* serves 0 devices' "$site/greeting" || fail "the installed fleet is not empty"
}

free_port() {
  perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport'
}

stop() {
  as_root kill -TERM "$server"
  wait || fail "the installed server did not end well"
  server=
}

dpkg_quietly --install "$site/1.deb"
[ "$(stat -c '%U:%G %a' /etc/bellhop)" = "root:bellhop 750" ] || fail "others may read the settings"
[ "$(stat -c '%U:%G %a' /etc/bellhop/fleet)" = "root:bellhop 2770" ] || fail "others may read the fleet, or the server not write it"
as_root bellhop --config /etc/bellhop/bellhop.toml check >/dev/null || fail "the installed settings have faults"
[ -f /usr/lib/systemd/system/bellhop.service ] && [ -f /usr/lib/systemd/system/bellhop.socket ] || fail "no units"
[ -L /etc/systemd/system/multi-user.target.wants/bellhop.service ] || fail "the service is not enabled"
[ -L /etc/systemd/system/sockets.target.wants/bellhop.socket ] || fail "the sockets are not enabled"
systemd-analyze verify --man=no bellhop.service 2>&1 | grep bellhop && fail "the installed units"
echo "ok  it installs"
# TFTP is bound as the settings say, which only root may do on port 69; and who knows what listens on 9090 here.
admin=127.0.0.1:$(free_port)
as_root sed -i "s/0\.0\.0\.0:69\"/127.0.0.1:0\"/; s/127\.0\.0\.1:9090/$admin/" /etc/bellhop/bellhop.toml
start
stop
echo "ok  the installed server starts, is ready, and stops"

as_root tee /etc/bellhop/fleet/phone.toml >/dev/null <<<'device = [{ serial = "generate", name = "Desk", model = "yealink/t46s" }]'
as_root chmod 0640 /etc/bellhop/fleet/phone.toml
as_server bellhop --config /etc/bellhop/bellhop.toml generate >/dev/null || fail "the server cannot edit the records"
[ "$(stat -c '%G %a' /etc/bellhop/fleet/phone.toml)" = "bellhop 640" ] || fail "an edit changed a file's rights"
! as_root grep -q '"generate"' /etc/bellhop/fleet/phone.toml || fail "the edit is not there"
as_root rm /etc/bellhop/fleet/phone.toml
echo "ok  the installed server may edit the records"

as_root tee /etc/bellhop/fleet/mine.toml >/dev/null <<<'# records of somebody'
sum=$(as_root md5sum /etc/bellhop/bellhop.toml)
dpkg_quietly --install --force-confold "$site/2.deb"
[ "$(dpkg-query -W -f '${Version}' bellhop)" = 0.1.0-2 ] || fail "the version after the upgrade"
[ "$(as_root md5sum /etc/bellhop/bellhop.toml)" = "$sum" ] || fail "the upgrade changed the settings"
start
stop
echo "ok  it upgrades, and keeps the settings"

dpkg_quietly --remove bellhop
[ ! -e /usr/bin/bellhop ] && [ ! -e /usr/share/bellhop ] || fail "something of the package is left"
as_root test -e /etc/bellhop/bellhop.toml || fail "the settings are gone before a purge"
as_root rm /etc/bellhop/fleet/mine.toml
dpkg_quietly --purge bellhop
left=$(find /etc /usr /var/lib -xdev -name '*bellhop*' 2>/dev/null || true)
[ -z "$left" ] || fail "left behind: $left"
! getent passwd bellhop >/dev/null || fail "the user is left"
echo "ok  it is removed, and purged without a trace"
echo "all well"
