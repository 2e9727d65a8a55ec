#!/usr/bin/env bash
# The four examples of the permission rules, from an empty fleet against the started server: walked by commands, then by
# the API with curl, step by step the same.
# Usage: tests/examples.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

model=aastra/51i

# json EXPRESSION: what a Python expression gives of the JSON `it` in $site/out
json() { python3 -c 'import json, sys; it = json.load(open(sys.argv[1])); print(eval(f"({sys.argv[2]})"))' "$site/out" "$1"; }

# quoted TEXT: how it stands in a URL
quoted() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"; }

# run_as ACCOUNT WORDS…: does it by a command; its JSON is in $site/out; says how it ended
run_as() {
  local account=$1 code=0
  shift
  "$program" as "$account" "$@" --json >"$site/out" 2>"$site/err" || code=$?
  case $code in
    0) echo done ;;
    4) sed -n 's/.*(\([^()]*\))$/refused \1/p' "$site/err" | tail -n 1 ;;
    1) if grep -q 'as far as you may see' "$site/err"; then echo unknown; else cat "$site/err"; fi ;;
    *) cat "$site/err" ;;
  esac
}

# api ACCOUNT METHOD PATH [JSON]: does it over the API with the account's own token; says how it ended
declare -A tokens
api() {
  local account=$1 method=$2 path=$3 code
  local -a body=()
  [ $# -lt 4 ] || body=(-H 'Content-Type: application/json' -d "$4")
  code=$(curl -sS -o "$site/out" -w '%{http_code}' -X "$method" -H "Authorization: Bearer ${tokens[$account]}" \
    "${body[@]}" "http://$admin/api/v1/$path")
  case $code in
    200 | 201) echo done ;;
    403) json '"refused " + str(it.get("rule"))' ;;
    404) echo unknown ;;
    *) echo "$code $(cat "$site/out")" ;;
  esac
}

# What the examples are made of, each by the way that is walked: `by` is command or api.

# account KIND ID PARENT LEVEL
account() {
  local above=()
  case $1 in
    organization) above=(provider "$3") ;;
    user) above=(organization "$3") ;;
  esac
  if [ "$by" = command ]; then
    run_as administrator account add "$1" "$2" ${above:+"--${above[0]}" "${above[1]}"} --provisioning "$4"
  else
    api administrator POST accounts \
      "{\"kind\": \"$1\", \"id\": \"$2\"${above:+, \"${above[0]}\": \"${above[1]}\"}, \"provisioning\": \"$4\"}"
  fi
}

# extension NUMBER USER LEVEL
extension() {
  if [ "$by" = command ]; then
    run_as administrator extension add "$1" --user "$2" --provisioning "$3"
  else
    api administrator POST extensions "{\"number\": \"$1\", \"user\": \"$2\", \"provisioning\": \"$3\"}"
  fi
}

# level ACCOUNT OF LEVEL: sets it
level() {
  if [ "$by" = command ]; then
    run_as "$1" account level "$2" "$3"
  else
    api "$1" PUT "accounts/$2/level" "{\"level\": \"$3\"}"
  fi
}

# offered_levels ACCOUNT OF: the levels that it may set
offered_levels() {
  if [ "$by" = command ]; then run_as "$1" account show "$2"; else api "$1" GET "accounts/$2"; fi >/dev/null
  json '" ".join(it["settable-levels"])'
}

# add ACCOUNT NAME EXTENSION [MODEL [TEMPLATE [ORGANIZATION]]]: adds a device; no extension leaves it unassigned
add() {
  local account=$1 name=$2 line=$3 of=${4:-$model} template=${5:-default} organization=${6-} mac
  mac=00:08:5D:$(md5sum <<<"$name" | sed 's/\(..\)\(..\)\(..\).*/\U\1:\2:\3/')
  if [ "$by" = command ]; then
    run_as "$account" device add --name "$name" --model "$of" --mac "$mac" --protocol http --template "$template" \
      ${line:+--line "1=$line"} ${organization:+--organization "$organization"}
  else
    api "$account" POST devices "{\"name\": \"$name\", \"model\": \"$of\", \"mac\": \"$mac\", \"protocol\": \"http\",
      \"template\": \"$template\"${line:+, \"lines\": [\"$line\"]}${organization:+, \"organization\": \"$organization\"}}"
  fi
}

# edit ACCOUNT NAME KEY VALUE
edit() {
  if [ "$by" = command ]; then
    run_as "$1" device edit "$2" "--$3" "$4"
  else
    api "$1" PATCH "devices/$(quoted "$2")" "{\"$3\": \"$4\"}"
  fi
}

# take ACCOUNT remove|clear NAME
take() {
  if [ "$by" = command ]; then
    run_as "$1" device "$2" "$3" --yes
  elif [ "$2" = remove ]; then
    api "$1" DELETE "devices/$(quoted "$3")"
  else
    api "$1" POST "devices/$(quoted "$3")/clear"
  fi
}

# inventory ACCOUNT: the devices that it sees, each with what it may do with it
inventory() {
  if [ "$by" = command ]; then run_as "$1" device list; else api "$1" GET devices; fi >/dev/null
  json '"; ".join(sorted(row["name"] + ": " + row["state"] + (", removable" if row["removable"] else "")
    for row in (it if isinstance(it, list) else it["rows"])))'
}

# choices ACCOUNT [MODEL]: what can be chosen for a new device
choices() {
  if [ "$by" = command ]; then
    run_as "$1" device options ${2:+--model "$2"}
  else
    api "$1" GET "devices/options${2:+?model=$(quoted "$2")}"
  fi >/dev/null
}

# adding ACCOUNT: whether it can add a device, for which organizations, with which extensions on a line
adding() {
  choices "$1"
  json '"no, " + it["rule"] if not it["possible"] else "yes: " +
    " ".join(one["id"] for one in it["organizations"]) + ": " + " ".join(one["number"] for one in it["extensions"])'
}

# templates ACCOUNT MODEL: the templates that it can choose for a device of a model
templates() {
  choices "$1" "$2"
  json '" ".join(dict.fromkeys(one["id"] for model in it["models"] for firmware in model["firmwares"] for one in firmware["templates"]))'
}

# template ACCOUNT ID NAME VISIBILITY
template() {
  if [ "$by" = command ]; then
    run_as "$1" template add "$2" --name "$3" --visibility "$4"
  else
    api "$1" POST templates "{\"id\": \"$2\", \"name\": \"$3\", \"visibility\": \"$4\"}"
  fi
}

# equip ACCOUNT ID MODEL FIRMWARE
equip() {
  if [ "$by" = command ]; then
    run_as "$1" template equip "$2" "$3" "$4"
  else
    api "$1" POST "templates/$2/equipment" "{\"model\": \"$3\", \"firmware\": \"$4\"}"
  fi
}

# body ACCOUNT ID MODEL FIRMWARE FILE TEXT: gives a file a body of its own
body() {
  if [ "$by" = command ]; then
    run_as "$1" template file "$2" "$3" "$4" "$5" --body - <<<"$6"
  else
    api "$1" PUT "templates/$2/files" \
      "{\"model\": \"$3\", \"firmware\": \"$4\", \"file\": \"$5\", \"body\": \"$6\"}"
  fi
}

# file NAME: what the phone of a device gets by its URL, at the port that the system gave
file() {
  local url
  if [ "$by" = command ]; then
    run_as administrator device show "$1"
  else
    api administrator GET "devices/$(quoted "$1")"
  fi >/dev/null
  url=$(json 'it["urls"][0]')
  curl -sS --fail "http://$http/${url#http://*/}"
}

# let_in ACCOUNT…: each gets a login and a token, by the API itself
let_in() {
  local account login
  for account in "$@"; do
    login=login-${account//[^a-z0-9]/-}
    expect "a login of $account" done "$(api administrator POST logins "{\"id\": \"$login\", \"account\": \"$account\"}")"
    expect "its token" done "$(api administrator POST tokens "{\"login\": \"$login\", \"name\": \"walk\", \"scope\": \"write\"}")"
    tokens[$account]=$(json 'it["result"]["token"]')
  done
}

# begin: a server on a fleet without any record, and what the three later examples need
begin() {
  rm -rf "${site:?}"/{fleet,state}
  mkdir "$site/fleet"
  start
  tokens=([administrator]=$(awk '{print $NF}' "$site/state/admin.key"))
  [ "$by" = command ] || [ "$(api administrator GET devices)" = done ] || fail "the operator's key opens nothing: $(cat "$site/out")"
  expect "the fleet is empty" "" "$(inventory administrator)"
}

example_1() {
  echo "== by $by: a provider on view lowers its organization and cannot raise it again"
  expect "a provider on view" done "$(account provider sp0001 "" view)"
  expect "its organization on modify" done "$(account organization org0001 sp0001 modify)"
  [ "$by" = command ] || let_in sp0001
  expect "what the provider is offered" "none view" "$(offered_levels sp0001 org0001)"
  expect "it keeps modify" done "$(level sp0001 org0001 modify)"
  expect "it sets view" done "$(level sp0001 org0001 view)"
  expect "modify is not offered" "none view" "$(offered_levels sp0001 org0001)"
  expect "nor taken" "refused set-level" "$(level sp0001 org0001 modify)"
  expect "the administrator is offered it" "none view modify" "$(offered_levels administrator org0001)"
  expect "and sets it" done "$(level administrator org0001 modify)"
}

example_2() {
  echo "== by $by: a provider on none sees and adds through what is below it"
  expect "a provider on none" done "$(account provider sp0002 "" none)"
  expect "its organization on view" done "$(account organization org0002 sp0002 view)"
  expect "its user" done "$(account user user0002 org0002 none)"
  expect "extension 1 on modify" done "$(extension '0002*1' user0002 modify)"
  expect "extension 2 on none" done "$(extension '0002*2' user0002 none)"
  expect "extension 3 on view" done "$(extension '0002*3' user0002 view)"
  [ "$by" = command ] || let_in sp0002
  expect "the administrator provisions extension 2" done "$(add administrator "Second" '0002*2')"
  expect "and extension 3" done "$(add administrator "Third" '0002*3')"
  expect "the provider sees both" "Second: read-only; Third: read-only" "$(inventory sp0002)"
  expect "it may add for extension 1 alone" "yes: org0002: 0002*1" "$(adding sp0002)"
  expect "not without an extension" "refused R4" "$(add sp0002 "Nobody" "")"
  expect "it adds for extension 1" done "$(add sp0002 "First" '0002*1')"
  expect "and then no more" "no, R4" "$(adding sp0002)"
  expect "it sees all three" "First: editable; Second: read-only; Third: read-only" "$(inventory sp0002)"
  expect "it edits some fields of the last" done "$(edit sp0002 First notes "by the door")"
  expect "others not" "refused R5" "$(edit sp0002 First status disabled)"
  expect "nor another device" "refused R5" "$(edit sp0002 Second notes "mine")"
  for device in First Second Third; do
    expect "it removes no $device" "refused R6" "$(take sp0002 remove "$device")"
    expect "it clears no $device" "refused R6" "$(take sp0002 clear "$device")"
  done
}

example_3() {
  echo "== by $by: a provider's template for one phone, visible to its organizations"
  for provider in sp0003 sp0004; do
    expect "a provider on view" done "$(account provider "$provider" "" view)"
  done
  expect "an organization on view" done "$(account organization org0003 sp0003 view)"
  expect "a user" done "$(account user user0003 org0003 none)"
  expect "an extension on modify" done "$(extension '0003*1' user0003 modify)"
  expect "another one" done "$(extension '0003*2' user0003 modify)"
  [ "$by" = command ] || let_in sp0003 sp0004 org0003 '0003*2'
  expect "the provider adds its template" done "$(template sp0003 spa941 "Linksys SPA941 tpl" organization)"
  expect "nothing fits it yet" "default" "$(templates sp0003 linksys/spa941)"
  expect "it adds the equipment" done "$(equip sp0003 spa941 linksys/spa941 4.1.10)"
  expect "and a file of its own" done "$(body sp0003 spa941 linksys/spa941 4.1.10 "$spa941_file" "$spa941_body")"
  for account in sp0003 org0003; do
    expect "$account is offered it for the SPA-941" "default spa941" "$(templates "$account" linksys/spa941)"
    expect "and for nothing else" "default" "$(templates "$account" "$model")"
  done
  for account in sp0004 '0003*2' administrator; do
    expect "$account is not offered it" "default" "$(templates "$account" linksys/spa941)"
  done
  expect "the provider uses it" done "$(add sp0003 "Linksys" '0003*1' linksys/spa941 spa941)"
  expect "the phone gets that file" "<!-- of the provider -->" "$(file Linksys | grep -o '<!-- of the provider -->')"
  expect "not for another phone" "refused templates" "$(add sp0003 "Aastra" '0003*2' "$model" spa941)"
  expect "not by the extension" "refused R7" "$(add '0003*2' "Own" '0003*2' linksys/spa941 spa941)"
  expect "with the default one it adds its own" done "$(add '0003*2' "Own" '0003*2' linksys/spa941)"
}

example_4() {
  echo "== by $by: service provider 0086 and its organization 0087"
  expect "provider 0086 on view" done "$(account provider sp0086 "" view)"
  expect "organization 0087 on none" done "$(account organization org0087 sp0086 none)"
  expect "its user" done "$(account user user0087 org0087 none)"
  expect "extension 001 on modify" done "$(extension '0087*001' user0087 modify)"
  expect "extension 002 on view" done "$(extension '0087*002' user0087 view)"
  expect "extension 003 on none" done "$(extension '0087*003' user0087 none)"
  [ "$by" = command ] || let_in sp0086 org0087
  expect "the administrator provisions extension 002" done "$(add administrator "Phone 002" '0087*002')"
  expect "the provider reads it" "Phone 002: read-only" "$(inventory sp0086)"
  expect "and edits nothing" "refused R5" "$(edit sp0086 "Phone 002" notes "mine")"
  expect "only client 0087 and extension 001 are offered" "yes: org0087: 0087*001" "$(adding sp0086)"
  for extension in 002 003; do
    expect "not extension $extension" "refused R3" "$(add sp0086 "Other" "0087*$extension")"
  done
  expect "the device is added" done "$(add sp0086 "Aastra 51i phone1_sqa" '0087*001' "$model" default org0087)"
  expect "its phone gets its file" 1 "$(file "Aastra 51i phone1_sqa" | grep -c 'sip line1 user name: 0087\*001')"
  expect "the provider edits some of it" "Aastra 51i phone1_sqa: editable; Phone 002: read-only" "$(inventory sp0086)"
  expect "its notes" done "$(edit sp0086 "Aastra 51i phone1_sqa" notes "at the desk")"
  expect "not its owner" "refused R5" "$(edit sp0086 "Aastra 51i phone1_sqa" owner org0087)"
  expect "the organization sees it and the other" "Aastra 51i phone1_sqa: editable; Phone 002: read-only" \
    "$(inventory org0087)"
  for device in "Aastra 51i phone1_sqa" "Phone 002"; do
    for account in sp0086 org0087; do
      expect "$account removes no $device" "refused R6" "$(take "$account" remove "$device")"
      expect "$account clears no $device" "refused R6" "$(take "$account" clear "$device")"
    done
  done
  if [ "$by" = api ]; then expect "another provider hears of none" unknown "$(take sp0003 remove "Phone 002")"; fi
  for device in "Aastra 51i phone1_sqa" "Phone 002"; do
    expect "the administrator removes $device" done "$(take administrator remove "$device")"
  done
  expect "and nothing is left" "" "$(inventory sp0086)"
}

shipped
sed -i 's/^host = ""/host = "127.0.0.1"/' "$BELLHOP_CONFIG"
spa941_file='{mac}.xml'
spa941_body='<!-- of the provider -->'
for by in command api; do
  begin
  example_1
  example_2
  example_3
  example_4
  stop
done
echo "all well"
