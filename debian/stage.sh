#!/usr/bin/env bash
# Makes what the package needs beyond the repository's own files: settings for where things lie on a Debian system, the
# manual pages and completions for shells, and the licences of the libraries inside. Run before `cargo deb --no-build`.
# Usage: debian/stage.sh PROGRAM
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/.."
stage=target/package
rm -rf "$stage"
mkdir -p "$stage/catalog"

settings=$(<config/bellhop.toml)
replace() { # OLD NEW: a setting, which must be there
  local before=$settings
  settings=${settings/"$1"/"$2"}
  [ "$settings" != "$before" ] || { echo "config/bellhop.toml has no $1" >&2; exit 1; }
}
replace 'catalog = ["../catalog"]' 'catalog = ["/usr/share/bellhop/catalog"]'
replace 'state = "../state"' 'state = "/var/lib/bellhop"'
replace 'folder = "assets"' 'folder = "/srv/bellhop"'
replace '0.0.0.0:8080' '0.0.0.0:80'
replace '0.0.0.0:8443' '0.0.0.0:443'
replace '0.0.0.0:6969' '0.0.0.0:69'
replace '# Where phones connect without encryption.' \
  $'# The ports that bellhop.socket holds replace these addresses: `systemctl edit bellhop.socket` as well.\n# Where phones connect without encryption.'
printf '%s\n' "${settings//..\/certs\//\/etc\/bellhop\/certs\/}" >"$stage/bellhop.toml"

# The golden cases of the catalog are for its tests.
(cd catalog && find . -name cases -prune -o -type f -print) | while read -r file; do
  install -D -m 644 "catalog/$file" "$stage/catalog/$file"
done

"$program" pages "$stage"

cargo tree --locked --edges normal --prefix none --format '{p}: {l}' | sed 's/ (proc-macro)//; s/ (\*)$//' | grep -v '^bellhop ' |
  sort -u >"$stage/libraries"
