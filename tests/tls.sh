#!/usr/bin/env bash
# TLS as phones of all ages and those who look for weaknesses see it: openssl plays the phones (promise L4), testssl.sh,
# sslscan, sslyze and nmap judge (promise L5).
# Usage: tests/tls.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

shipped

# An authority, and two chains by it for one name, as an operator would get them.
key() { openssl genpkey -algorithm "$1" -pkeyopt "$2" -out "$site/$3.key" 2>/dev/null; } # ALGORITHM OPTION NAME
key EC ec_paramgen_curve:P-256 authority
openssl req -x509 -key "$site/authority.key" -subj '/CN=Test authority' -days 365 \
  -addext keyUsage=critical,keyCertSign,cRLSign -out "$site/authority.pem"
cat >"$site/extensions" <<'END'
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost
authorityInfoAccess = OCSP;URI:http://ocsp.example.net
crlDistributionPoints = URI:http://crl.example.net/list.crl
END
issue() { # NAME
  openssl req -new -key "$site/$1.key" -subj /CN=localhost -out "$site/$1.csr"
  openssl x509 -req -in "$site/$1.csr" -CA "$site/authority.pem" -CAkey "$site/authority.key" -CAcreateserial \
    -sha256 -days 90 -extfile "$site/extensions" -out "$site/$1.pem" 2>/dev/null
}
key EC ec_paramgen_curve:P-256 curve && issue curve
key RSA rsa_keygen_bits:2048 rsa && issue rsa
pair() { printf '{ certificate = "%s", key = "%s" }' "$site/$1.pem" "$site/$1.key"; }
use() { sed -i "s|^certificates = .*|certificates = [$1]|" "$site/bellhop.toml"; }

use "$(pair curve), $(pair rsa)"
start
port=${https##*:}

echo "== phones"
# failed REASON: how many handshakes failed for it
failed() {
  curl -sS "http://$admin/metrics" | awk -v reason="reason=\"$1\"" 'index($0, "bellhop_handshake_failures_total{") && index($0, reason) {print $2}'
}
more_failed() { [ "$(failed "$1")" -gt "$2" ]; }
shake() { openssl s_client -connect "$https" "$@" </dev/null 2>&1; }
# refused WHAT REASON OPTIONS…
refused() {
  local what=$1 reason=$2 before
  shift 2
  before=$(failed "$reason")
  if shake "$@" >"$site/shaken"; then fail "$what: hands were shaken"; fi
  until_true "$what is counted as $reason" more_failed "$reason" "$before"
  echo "ok  $what: $reason"
}
old=(-cipher ALL:@SECLEVEL=0)
refused "TLS 1.0" no-shared-version -tls1 "${old[@]}"
refused "TLS 1.1" no-shared-version -tls1_1 "${old[@]}"
refused "exchange of keys by RSA, CBC" no-shared-cipher -tls1_2 -cipher AES128-SHA:@SECLEVEL=0
refused "exchange of keys by RSA, GCM" no-shared-cipher -tls1_2 -cipher AES128-GCM-SHA256
refused "ECDHE, CBC" no-shared-cipher -tls1_2 -cipher ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384
refused "DHE, GCM" no-shared-cipher -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256
refused "P-521 only, TLS 1.2" no-shared-group -tls1_2 -groups P-521
refused "P-521 only, TLS 1.3" no-shared-group -tls1_3 -groups P-521
refused "SHA-1 only" no-shared-signature -tls1_2 -sigalgs RSA+SHA1:ECDSA+SHA1 "${old[@]}"
key EC ec_paramgen_curve:P-256 other
openssl req -x509 -key "$site/other.key" -subj '/CN=Other authority' -days 30 -out "$site/other.pem"
refused "a phone that knows no such authority" certificate-refused -verify_return_error -CAfile "$site/other.pem"
refused "a phone that expects another name" certificate-refused -CAfile "$site/authority.pem" \
  -verify_return_error -verify_hostname phones.example.net
shows() { shake "$@" | openssl x509 -noout -text | awk -F': ' '/Public Key Algorithm/ {print $2}'; }
trusted=(-CAfile "$site/authority.pem" -verify_return_error -verify_hostname localhost)
expect "TLS 1.3" id-ecPublicKey "$(shows -tls1_3 "${trusted[@]}")"
expect "TLS 1.2" id-ecPublicKey "$(shows -tls1_2 "${trusted[@]}")"
expect "TLS 1.2 with P-256 and AES-GCM alone, no name" rsaEncryption \
  "$(shows -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 -groups P-256 -noservername "${trusted[@]}")"
expect "TLS 1.3, signatures by RSA alone" rsaEncryption "$(shows -tls1_3 -sigalgs RSA-PSS+SHA256 "${trusted[@]}")"
expect "the remedy is in the log, once for each reason and peer" 1 \
  "$(grep -c 'outcome="no-shared-version".*upgrade its firmware' "$site/log")"

echo "== a certificate is swapped"
serial() { shake "$@" | openssl x509 -noout -serial; }
before=$(serial)
key EC ec_paramgen_curve:P-256 next && issue next
# The chain comes first and its key later, as renewing tools do it; what does not match is not served meanwhile.
mv "$site/next.pem" "$site/curve.pem"
"$program" reload 2>"$site/told" && fail "a key of another chain is taken"
grep -q 'curve.key: is not the key of the first certificate in' "$site/told" || fail "$(cat "$site/told")"
expect "the old one stays" "$before" "$(serial)"
mv "$site/next.key" "$site/curve.key"
changed() { [ "$(serial)" != "$before" ]; }
until_true "the new one is served" changed
echo "ok  the new one is served"

echo "== testssl.sh"
# Protocols, ciphers by strength, forward secrecy, what is shown, and every known vulnerability.
judge() {
  rm -f "$site/findings.json"
  testssl --quiet --color 0 --warnings off --nodns none --ip 127.0.0.1 --add-ca "$site/authority.pem" \
    -p -s -f -S -U --jsonfile "$site/findings.json" "localhost:$port" >"$site/testssl" 2>&1 || true
  grep -q '"id" *: *"LUCKY13"' "$site/findings.json" || fail "testssl.sh did not end: $(tail -n 5 "$site/testssl")"
}
findings() { # SEVERITIES; that its openssl cannot do GOST is no finding
  tr -d '\n' <"$site/findings.json" | sed 's/}, *{/}\n{/g; s/},[[:space:]]*{/}\n{/g' | grep -E "\"severity\" *: *\"($1)\"" | grep -v engine_problem || true
}
# A warning is a check that did not come about, as some do not in time on a busy machine.
for _ in 1 2 3; do
  judge
  [ -n "$(findings WARN)" ] || break
done
[ -n "$(findings 'OK|INFO')" ] || fail "the findings of testssl.sh cannot be read"
expect "no finding above LOW" "" "$(findings 'MEDIUM|HIGH|CRITICAL|FATAL|WARN')"

echo "== sslscan"
sslscan --no-colour "$https" >"$site/sslscan"
for version in SSLv2 SSLv3 TLSv1.0 TLSv1.1; do
  expect "$version" disabled "$(awk -v version="$version" '$1 == version {print $2; exit}' "$site/sslscan")"
done
for version in TLSv1.2 TLSv1.3; do
  expect "$version" enabled "$(awk -v version="$version" '$1 == version {print $2; exit}' "$site/sslscan")"
done
expect "no weak cipher" "" "$(grep -E '^(Accepted|Preferred)' "$site/sslscan" | grep -vE 'GCM|CHACHA20' || true)"

echo "== sslyze"
version=6.3.1
tools=$PWD/target/tools/sslyze
if ! "$tools/bin/pip" show sslyze 2>/dev/null | grep -q "^Version: $version"; then
  python3 -m venv --clear "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "sslyze==$version"
fi
"$tools/bin/sslyze" --mozilla_config intermediate --certinfo_ca_file "$site/authority.pem" "localhost:$port{127.0.0.1}" \
  >"$site/sslyze" 2>&1 || true
expect "Mozilla's intermediate configuration" "OK - Compliant." "$(sed -n "s/^ *localhost:$port: //p" "$site/sslyze")"

echo "== nmap"
nmap -Pn -p "$port" --script ssl-enum-ciphers 127.0.0.1 >"$site/nmap"
expect "least strength" "least strength: A" "$(grep -o 'least strength: .*' "$site/nmap")"

stop
echo "all well"
