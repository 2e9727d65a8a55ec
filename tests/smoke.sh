#!/usr/bin/env bash
# The started program, asked by curl, openssl and ffuf as phones, operators and strangers would ask it.
# Usage: tests/smoke.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

status() { curl -sS -o /dev/null -w '%{http_code}' "$@"; }

shipped
echo "== the example fleet"
"$program" check || fail "the example fleet has faults"
start
phones=$(grep -c '^  # ' "$site/greeting")
lines=$(grep -A 1 '^  # ' "$site/greeting" | grep -v -e '^  # ' -e '^--')
expect "a line for each example phone" "$phones" "$(wc -l <<<"$lines")"
while read -r line; do
  bash -c "${line/#curl /curl -sS --fail }" >"$site/file" || fail "$line"
  [ -s "$site/file" ] || fail "nothing came: $line"
  echo "ok  $line"
done <<<"$lines"

echo "== HTTP"
url=$(grep -o 'http://.*/0015654aa937.cfg' "$site/greeting")
file=/${url#http://*/}
curl -sS -D "$site/head" -o "$site/body" "$url"
etag=$(tr -d '\r' <"$site/head" | awk 'tolower($1) == "etag:" {print $2}')
length=$(tr -d '\r' <"$site/head" | awk 'tolower($1) == "content-length:" {print $2}')
expect "Content-Length" "$(wc -c <"$site/body")" "$length"
expect "nothing is chunked" 0 "$(grep -ci transfer-encoding "$site/head" || true)"
expect "HEAD" 200 "$(status -I "$url")"
expect "a file that the phone has" 304 "$(status -H "If-None-Match: $etag" "$url")"
expect "another file than the phone has" 200 "$(status -H 'If-None-Match: "x"' "$url")"
expect "HTTP/1.0" 200 "$(status --http1.0 "$url")"
expect "POST" 405 "$(status -d x=1 "$url")"
expect "a long path" 414 "$(status "http://$http/$(printf 'a%.0s' $(seq 3000))")"
expect "many header fields" 431 "$(status $(seq -f '-HX-%g:1' 100) "$url")"
expect "a MAC address alone" 404 "$(status "http://$http/0015654aa937.cfg")"
expect "a serial with another phone's file" 404 "$(status "${url%/*}/001565000000.cfg")"
expect "a serial with another phone's User-Agent" 404 \
  "$(status -A 'Yealink SIP-T46S 66.86.0.15 00:15:65:00:00:01' "$url")"
expect "the protocol of another phone" 404 "$(status -k "https://$https$file")"
for path in "/0015654aa937.cfg" "/001565000000.cfg" "/nothing" "${file%/*}/nothing"; do
  curl -sS -i "http://$http$path" | grep -vi '^date:' | md5sum
done >"$site/refusals"
expect "refusals are one and the same" 1 "$(sort -u "$site/refusals" | wc -l)"

assets_by_curl() {
  local large=http://$http/assets/firmware/large.bin small=http://$http/assets/ring.wav
  mkdir -p "$site/assets/firmware"
  head -c 5000000 /dev/urandom >"$site/assets/firmware/large.bin"
  head -c 3000 /dev/urandom >"$site/assets/ring.wav"
  curl -sS -o "$site/file" "$large" && cmp "$site/assets/firmware/large.bin" "$site/file" || fail "an asset"
  curl -sSk -o "$site/file" "https://$https/assets/ring.wav" && cmp "$site/assets/ring.wav" "$site/file" ||
    fail "an asset over TLS"
  curl -sS -r 1000-1999 -o "$site/file" "$small" && cmp -n 1000 -i 1000:0 "$site/assets/ring.wav" "$site/file" ||
    fail "a range"
  expect "a range is that long" 1000 "$(wc -c <"$site/file")"
  head -c 1234567 "$site/assets/firmware/large.bin" >"$site/file"
  curl -sS -C - -o "$site/file" "$large" && cmp "$site/assets/firmware/large.bin" "$site/file" || fail "a resumed one"
  echo "ok  a download is resumed"
  expect "a range behind the end" 416 "$(status -r 3000-3001 "$small")"
  expect "an asset not newer than that" 304 "$(status -z "$site/assets/ring.wav" "$small")"
  expect "an asset newer than that" 200 "$(status -z '2001-01-01' "$small")"
  curl -sS --etag-save "$site/etag" -o /dev/null "$small"
  expect "an asset that the client has" 304 "$(status --etag-compare "$site/etag" "$small")"
  for path in nothing firmware firmware/ .hidden ../bellhop.toml %2e%2e/bellhop.toml; do
    expect "/assets/$path" 404 "$(status --path-as-is "http://$http/assets/$path")"
  done
}

echo "== assets"
assets_by_curl

echo "== TFTP"
port=${tftp##*:}
by_curl() { curl -sS -o "$2" "tftp://$tftp/$1"; }
by_curl_in_large_blocks() { curl -sS --tftp-blksize 1428 -o "$2" "tftp://$tftp/$1"; }
by_curl_without_options() { curl -sS --tftp-no-options -o "$2" "tftp://$tftp/$1"; }
by_tftp_hpa() { tftp -m binary 127.0.0.1 "$port" -c get "$1" "$2"; }
by_atftp() { atftp -g -r "$1" -l "$2" 127.0.0.1 "$port"; }
by_atftp_in_windows() {
  atftp --option "windowsize 8" --option "blksize 128" --option "tsize 0" -g -r "$1" -l "$2" 127.0.0.1 "$port"
}
by_busybox() { busybox tftp -g -r "$1" -l "$2" 127.0.0.1 "$port"; }
by_perl() { # in place of netkit's, which Debian does not have any more
  perl -MNet::TFTP -e '
    my ($port, $name, $file) = @ARGV;
    my $client = Net::TFTP->new("127.0.0.1", Port => $port, Mode => "octet", BlockSize => 1024);
    $client->get($name, $file) or die $client->error' "$port" "$1" "$2"
}
clients="by_curl by_curl_in_large_blocks by_curl_without_options by_tftp_hpa by_atftp by_atftp_in_windows by_busybox
  by_perl"
by_all_clients() { # NAME: compares what each fetches with what is expected
  local client
  for client in $clients; do
    rm -f "$site/file"
    $client "$1" "$site/file" >/dev/null 2>&1 || fail "$client $1"
    cmp "$site/expected" "$site/file" || fail "$client $1: other bytes"
  done
  echo "ok  $1 by all clients"
}
serials=$(awk '/^\[\[/ {s = ""} /^serial/ {gsub(/"/, "", $3); s = $3} /^protocol = "tftp"/ {print s}' \
  "$site/fleet/example.toml")
for serial in $serials; do
  for name in $("$program" render "$serial" --list); do
    "$program" render "$serial" "$name" --reveal >"$site/expected"
    by_all_clients "$name"
  done
done
head -c 700000 /dev/urandom >"$site/assets/P0S3-8-12-00.sbn"
cp "$site/assets/P0S3-8-12-00.sbn" "$site/expected"
by_all_clients P0S3-8-12-00.sbn
by_all_clients assets/P0S3-8-12-00.sbn
expect "a phone that asks over HTTP gets nothing over TFTP" 68 "$(by_curl 0015654aa937.cfg "$site/file" 2>/dev/null; echo $?)"
expect "an upload is refused" 69 "$(curl -sS -T "$site/expected" "tftp://$tftp/upload" 2>/dev/null; echo $?)"

echo "== credentials"
sed -i 's/^digest = \[\]/digest = ["SHA-256", "MD5"]/' "$BELLHOP_CONFIG"
sed -i '/^mac = "00:15:65:4A:A9:37"/a update-password = "example-digest"' "$site/fleet/example.toml"
"$program" reload || fail "reload"
own=$(sed 's|//\([^/]*\)/[^/]*/|//\1/|' <<<"$url")
expect "no credentials" 401 "$(status "$own")"
expect "an unknown MAC address" 401 "$(status "http://$http/001565000000.cfg")"
expect "digest credentials" 200 "$(status --digest -u 0015654aa937:example-digest "$own")"
expect "wrong credentials" 401 "$(status --digest -u 0015654aa937:another "$own")"
expect "the serial of such a device" 401 "$(status "$url")"
sed -i '/^update-password/d' "$site/fleet/example.toml"
sed -i 's/^digest = .*/digest = []/' "$BELLHOP_CONFIG"
"$program" reload || fail "reload"

echo "== reloading"
sed -i 's/Smith \& Sons/Smith \& Daughters/' "$site/fleet/example.toml"
"$program" reload || fail "reload"
until_true "a changed name is served" bash -c "curl -sS '$url' | grep -q 'Smith & Daughters'"
echo 'nonsense' >>"$site/fleet/example.toml"
kill -HUP "$server"
expect "check refuses a fault" 78 "$("$program" check >/dev/null 2>&1; echo $?)"
until_true "the fault is logged" grep -q 'example.toml' "$site/log"
expect "the last good snapshot is served" 200 "$(status "$url")"
expect "health" 200 "$(status "http://$admin/healthz")"
until_true "a refused reload is counted" bash -c \
  "curl -sS http://$admin/metrics | grep -q 'bellhop_reloads_total{result=\"refused\"} [1-9]'"
expect "no password in the log" 0 "$(grep -c 'example-' "$site/log" || true)"
stop
sed -i '$d' "$site/fleet/example.toml"

echo "== TLS"
key() { openssl genpkey -algorithm "$1" -pkeyopt "$2" -out "$site/$3.key" 2>/dev/null; } # ALGORITHM OPTION NAME
signed() { # NAME SUBJECT DIGEST EXTENSIONS…: a certificate by the maker
  local name=$1 subject=$2 digest=$3
  shift 3
  openssl req -new -key "$site/$name.key" -subj "$subject" -out "$site/$name.csr"
  openssl x509 -req -in "$site/$name.csr" -CA "$site/maker.pem" -CAkey "$site/maker.key" -CAcreateserial \
    "-$digest" -days 30 "$@" -out "$site/$name.pem" 2>/dev/null
}
own() { # NAME HOST: a server's certificate
  key EC ec_paramgen_curve:P-256 "$1"
  openssl req -x509 -key "$site/$1.key" -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -days 30 -out "$site/$1.pem"
}
own first first.example.net
own second second.example.net
key EC ec_paramgen_curve:P-256 maker
openssl req -x509 -key "$site/maker.key" -subj '/CN=Maker' -days 30 -out "$site/maker.pem"
printf 'basicConstraints=CA:FALSE\n' >"$site/end-entity"
phone=/CN=00085D40905F
key EC ec_paramgen_curve:P-256 phone && signed phone $phone sha256 -extfile "$site/end-entity"
key EC ec_paramgen_curve:P-256 version1 && signed version1 $phone sha256
key RSA rsa_keygen_bits:1024 short && signed short $phone sha256 -extfile "$site/end-entity"
key RSA rsa_keygen_bits:2048 sha1 && signed sha1 $phone sha1 -extfile "$site/end-entity"
key EC ec_paramgen_curve:P-256 foreign
openssl req -x509 -key "$site/foreign.key" -subj $phone -days 30 -out "$site/foreign.pem"
pair() { printf '{ certificate = "%s", key = "%s" }' "$site/$1.pem" "$site/$1.key"; }
sed -i -e "s|^certificates = .*|certificates = [$(pair first), $(pair second)]|" \
  -e "s|^device-authorities = .*|device-authorities = [{ certificates = \"$site/maker.pem\", mac = \"common-name\" }]|" \
  "$site/bellhop.toml"
start
url=$(grep -o 'https://.*/00085D40905F.cfg' "$site/greeting")
file=/${url#https://*/}
subject() { openssl s_client -connect "$https" "$@" </dev/null 2>/dev/null | openssl x509 -noout -subject; }
expect "the certificate that is asked for" "subject=CN = second.example.net" "$(subject -servername second.example.net)"
expect "the first where none is asked for" "subject=CN = first.example.net" "$(subject -noservername)"
for version in 1.2 1.3; do
  expect "TLS $version" 200 "$(status -k "--tlsv$version" --tls-max "$version" "$url")"
done
expect "TLS 1.1 is refused" 000 "$(status -k --tlsv1.1 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$url" 2>/dev/null || true)"
expect "HTTP/2 is not offered" "No ALPN negotiated" \
  "$(openssl s_client -connect "$https" -alpn h2 </dev/null 2>/dev/null | grep -o 'No ALPN negotiated' || true)"
ask() { # PATH OPTIONS…: the status by openssl, which takes certificates that curl does not
  local path=$1
  shift
  printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$path" |
    openssl s_client -quiet -connect "$https" -cipher DEFAULT@SECLEVEL=0 "$@" 2>/dev/null | awk 'NR == 1 {print $2}'
}
expect "a request by openssl" 200 "$(ask "$file")"
with() { ask "$2" -cert "$site/$1.pem" -key "$site/$1.key"; }
expect "a device certificate proves its phone" 200 "$(with phone /00085D40905F.cfg)"
expect "and no other phone" 404 "$(with phone /00085D40905E.cfg)"
for kind in version1 short sha1 foreign; do
  expect "a certificate that proves nothing ($kind): nothing by MAC" 404 "$(with $kind /00085D40905F.cfg)"
  expect "a certificate that proves nothing ($kind): served by serial" 200 "$(with $kind "$file")"
done
stop

echo "== strangers"
sed -i 's/^protocol = "tftp"$/&\nstatus = "disabled"/' "$site/fleet/example.toml"
# 10^5 MAC addresses of one manufacturer, 100 of them of devices
for n in $(seq 0 99); do
  printf '[[device]]\nserial = "stranger%04d7h1r5f8j2g6l4y"\nname = "Phone %d"\nmodel = "yealink/t46s"\nmac = "00:15:65:%02X:%02X:77"\nprotocol = "http"\nowner = "sp0086"\norganization = "org0087"\nlines = []\n' \
    "$n" "$n" $((n / 16)) $((n * 16 % 256))
done >"$site/fleet/strangers.toml"
start
seq 0 99999 | awk '{printf "001565%06x\n", $1}' >"$site/words"
ffuf -s -mc all -t 40 -w "$site/words" -u "http://$http/FUZZ.cfg" -of csv -o "$site/ffuf.csv" >/dev/null
refused=$(curl -sS "http://$admin/metrics" | grep '^bellhop_requests_total.*"http".*"refused"\|^bellhop_requests_total.*"refused".*"http"')
expect "all were asked, and refused" 100000 "${refused##* }"
# ffuf itself loses some of what it saw when responses come quickly.
[ "$(wc -l <"$site/ffuf.csv")" -gt 50000 ] || fail "ffuf tells too few responses"
expect "one class of responses" 1 "$(tail -n +2 "$site/ffuf.csv" | cut -d, -f5- | sort -u | wc -l)"
# Names that scanners try over TFTP, where no enabled phone asks for any.
for name in SIPDefault.cnf aastra.cfg dialplan.xml syncinfo.xml XMLDefault.cnf.xml 000000000000.cfg startup.cfg \
  SIP00070E369DC2.cnf 00085D1AE9B4.cfg; do
  expect "$name is not found over TFTP" 68 "$(by_curl "$name" "$site/file" 2>/dev/null; echo $?)"
done
stop
echo "all well"
