#!/usr/bin/env bash
# Delegated jobs against the started server: three jobs built by an on-demand administrator, permitted to a group, and run
# by a member who can do nothing else, by commands and then by the API with curl; then a bulk run with all that can happen
# to it. Usage: tests/jobs.sh PROGRAM
cd "$(dirname "$0")/.."
. tests/common.sh

# json EXPRESSION: what a Python expression gives of the JSON `it` in $site/out
json() { python3 -c 'import json, sys; it = json.load(open(sys.argv[1])); print(eval(f"({sys.argv[2]})"))' "$site/out" "$1"; }

# run_as WHO WORDS…: does it by a command; its JSON is in $site/out; says how it ended
run_as() {
  local who=$1 code=0
  shift
  "$program" as "$who" "$@" --json >"$site/out" 2>"$site/err" || code=$?
  case $code in
    0) echo done ;;
    4) echo refused ;;
    1) if grep -q 'as far as you may see' "$site/err"; then echo unknown; else echo failed; fi ;;
    *) cat "$site/err" ;;
  esac
}

# api WHO METHOD PATH [JSON | -TYPE FILE]: does it over the API with the login's own token; says how it ended
declare -A tokens
api() {
  local who=$1 method=$2 path=$3 code
  local -a body=()
  case $# in
    4) body=(-H 'Content-Type: application/json' -d "$4") ;;
    5) body=(-H "Content-Type: ${4#-}" --data-binary "@$5") ;;
  esac
  code=$(curl -sS -o "$site/out" -w '%{http_code}' -X "$method" -H "Authorization: Bearer ${tokens[$who]}" \
    "${body[@]}" "http://$admin/api/v1/$path")
  case $code in
    2??) echo done ;;
    403) echo refused ;;
    404) echo unknown ;;
    *) echo "$code $(cat "$site/out")" ;;
  esac
}

# ended: waits for the run in $site/out, by whom it was ordered; says how it ended
ended() {
  local who=$1 run state tries=300
  run=$(json 'it["id"]')
  while :; do
    [ "$(api "$who" GET "runs/$run")" = done ] || fail "the run $run: $(cat "$site/out")"
    state=$(json 'it["state"]')
    case $state in running | scheduled) ;; *) break ;; esac
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "the run $run is $state"
    sleep 0.1
  done
  echo "$state"
}

# Each step by the way that is walked: `by` is command or api.

# build WHO ID NAME OPERATION FIELDS: FIELDS as JSON
build() {
  local record
  record=$(python3 -c 'import json, sys; print(json.dumps({"id": sys.argv[1], "name": sys.argv[2], "platform": "org0001",
    "kind": "on-demand", "operation": sys.argv[3], "fields": json.loads(sys.argv[4])}))' "$2" "$3" "$4" "$5")
  if [ "$by" = command ]; then
    run_as "$1" job add --from - <<<"$record"
  else
    api "$1" POST jobs "$record"
  fi
}

# run_job WHO ID [FIELD=VALUE…]: runs it; says how it ended
run_job() {
  local who=$1 job=$2 last=${*: -1} told
  shift 2
  if [ "$by" = command ]; then
    local -a set=()
    for pair in "$@"; do
      case $pair in
        passcode=*) set+=(--set-file passcode=-) ;;
        *) set+=(--set "$pair") ;;
      esac
    done
    run_as "$who" job run "$job" "${set[@]}" <<<"${last#*=}" | sed 's/^failed$\|^unknown$/refused/'
  else
    told=$(api "$who" POST "jobs/$job/runs" \
      "$(python3 -c 'import json, sys; print(json.dumps({"values": dict(pair.split("=", 1) for pair in sys.argv[1:])}))' "$@")")
    case $told in
      done) ended "$who" ;;
      unknown | 422*) echo refused ;;
      *) echo "$told" ;;
    esac
  fi
}

# phone NAME: the file that a device's phone gets by its URL
phone() {
  local url
  "$program" device show "$1" --json >"$site/out"
  url=$(json 'it["urls"][0]')
  curl -sS --fail "http://$http/${url#http://*/}"
}

# token WHO: a token of a login, in tokens
token() {
  "$program" token add "$1" --name walk --scope write --json >"$site/out"
  tokens[$1]=$(json 'it["results"][0]["token"]')
}

# begin: a server on a fleet with an organization on level none, three logins of it, a group, and what they are granted
begin() {
  local number login
  rm -rf "${site:?}"/{fleet,state}
  mkdir "$site/fleet"
  start
  {
    "$program" account add provider sp0001 --name "Provider 0001"
    "$program" account add organization org0001 --provider sp0001 --name "Client 0001"
    "$program" account add organization org0002 --provider sp0001 --name "Client 0002"
    "$program" account add user user0001 --organization org0001 --name "User"
    for number in 100 101 102; do
      echo "sip-$number-CANARY" |
        "$program" extension add "$number" --user user0001 --display-name "Desk $number" --sip-password
    done
    # The member's own account has no device, no extension and no level.
    "$program" account add user user0002 --organization org0001 --name "Help desk"
    "$program" login add helper --account user0002 --name helper
    for login in builder chief; do
      "$program" login add "$login" --account org0001 --name "$login"
    done
    for login in builder helper chief; do
      token "$login"
    done
    "$program" group add help-desk --name "Help desk"
    "$program" group join help-desk helper
    "$program" grant add --login builder --platform org0001 --provisioning --on-demand-admin
    "$program" grant add --login chief --platform org0001 --provisioning --provisioning-administrator
    "$program" grant add desk --group help-desk --platform org0001 --provisioning
  } >>"$site/made" 2>&1 || fail "the records: $(tail "$site/made")"
}

# refuses WHAT WORDS…: the member is refused a command
refuses() {
  local what=$1 told
  shift
  told=$(run_as helper "$@" </dev/null)
  case $told in
    refused | unknown) echo "ok  the member may not $what" ;;
    *) fail "the member may $what: $told $(cat "$site/out" "$site/err")" ;;
  esac
}

# refuses_api WHAT METHOD PATH [JSON]
refuses_api() {
  local what=$1 told
  shift
  told=$(api helper "$@")
  case $told in
    refused | unknown) echo "ok  the member may not $what over the API" ;;
    *) fail "the member may $what: $told" ;;
  esac
}

three_jobs() {
  echo "== by $by: three jobs, built by one, run by another who can do nothing else"
  expect "a job that creates a device" done "$(build builder create "Create a Device" device.create \
    '{"mac": {"required": true}, "name": {"default": "Phone"}, "line-1": {"required": true},
      "model": {"fixed": "aastra/51i"}, "protocol": {"fixed": "http"}}')"
  expect "a job that edits a passcode" done "$(build builder passcode "Edit a Virtual Line Passcode" line.set-secret \
    '{"extension": {"required": true}, "passcode": {"required": true}}')"
  expect "a job that deletes a device" done "$(build builder delete "Delete Device" device.delete '{}')"
  expect "a job for nobody else" done "$(build builder other "Disable a device" device.set-status \
    '{"status": {"fixed": "disabled"}}')"
  expect "the builder builds no bulk job" refused "$(run_as builder job add bulk --platform org0001 --kind bulk \
    --operation device.delete)"
  "$program" grant permit desk create passcode delete >>"$site/made" 2>&1 || fail "the member is permitted nothing"
  expect "the member sees three jobs" done "$(if [ "$by" = command ]; then run_as helper job list; else api helper GET jobs; fi)"
  expect "by their names" "Create a Device, Delete Device, Edit a Virtual Line Passcode" \
    "$(json '", ".join(sorted(job["name"] for job in (it if isinstance(it, list) else it["rows"])))')"
  expect "and a form" done "$(api helper GET jobs/create/form)"
  expect "with what is asked for" "line-1 mac name" "$(json '" ".join(sorted(it["properties"]))')"

  expect "the member creates a device" done "$(run_job helper create mac=00:08:5D:1A:E9:8C line-1=100)"
  expect "its phone gets its file" 1 "$(phone Phone | grep -c '^sip line1 user name: 100$')"
  expect "it sets the passcode" done "$(run_job helper passcode extension=100 passcode=5820471139)"
  expect "and the phone gets it" 1 "$(phone Phone | grep -c '^user password: 5820471139$')"

  refuses "run another job" job run other --set device=Phone
  refuses "build a job" job add mine --platform org0001 --kind on-demand --operation device.delete
  refuses "edit a job" job edit create --name Mine
  refuses "delete a job" job remove create --yes
  refuses "add a device" device add --name Mine --model aastra/51i --line 1=101
  refuses "edit a device" device edit Phone --notes mine
  refuses "see a device" device show Phone
  refuses "remove a device" device remove Phone --yes
  refuses "list devices" device list
  refuses "make a group" group add mine
  refuses "join a group" group join help-desk builder
  refuses "see grants" grant show desk
  refuses "permit itself a job" grant permit desk other
  refuses "grant itself more" grant edit desk --on-demand-admin
  refuses "set a level" account level org0001 modify
  refuses "edit an extension" extension edit 100 --label mine
  refuses "add a login" login add mine --account org0001
  refuses "read the audit log" audit search
  refuses_api "run another job" POST jobs/other/runs '{"values": {"device": "Phone"}}'
  refuses_api "build a job" POST jobs '{"id": "mine", "platform": "org0001", "kind": "on-demand", "operation": "device.delete"}'
  refuses_api "edit a job" PATCH jobs/create '{"name": "Mine"}'
  refuses_api "delete a job" DELETE jobs/create
  refuses_api "add a device" POST devices '{"name": "Mine", "model": "aastra/51i", "lines": ["101"]}'
  refuses_api "remove a device" DELETE devices/Phone
  refuses_api "make a group" POST groups '{"id": "mine"}'
  refuses_api "permit itself a job" PATCH grants/desk '{"on-demand-jobs": ["other"]}'
  refuses_api "set a level" PUT accounts/org0001/level '{"level": "modify"}'

  expect "an extension that is not there is refused" refused "$(run_job helper create mac=00:08:5D:1A:E9:8D line-1=999)"
  expect "the member deletes the device" done "$(run_job helper delete device=Phone)"
  expect "which is gone" 1 "$("$program" device show Phone >/dev/null 2>&1; echo $?)"
  api helper GET runs >/dev/null
  expect "it sees its own runs" "create delete passcode" "$(json '" ".join(sorted({run["job"] for run in it["rows"]}))')"
}

bulk() {
  local run
  echo "== a bulk run: dry, with a refused row, tried again, taken back, approved"
  cat >"$site/rows.csv" <<'END'
Device MAC;Label;Line
00:08:5D:1A:E9:01;Phone one;100
00:08:5D:1A:E9:02;Phone two;101
00:08:5D:1A:E9:03;Phone three;999
END
  expect "the chief builds a bulk job" done "$(run_as chief job add import --name "Import phones" --platform org0001 \
    --kind bulk --operation device.create --field mac=ask,required --field name --field line-1 \
    --field model=fixed:aastra/51i --field protocol=fixed:http --column 'Device MAC=mac' --column 'Label=name' \
    --column 'Line=line-1' --batch 100 --stop-on-error false)"
  expect "the member may not run it" unknown "$(run_as helper job run import --file "$site/rows.csv")"
  run_as chief job run import --file "$site/rows.csv" --dry-run >/dev/null
  expect "a dry run tells of each row" "done done refused" "$(json '" ".join(row["status"] for row in it["rows"])')"
  expect "and of what phones would get" 2 "$(json 'len(it["diff"]["rendered"])')"
  expect "and changes nothing" "[]" "$("$program" device list --json)"
  expect "a row is refused" failed "$(run_as chief job run import --file "$site/rows.csv" --results "$site/results.csv")"
  run=$(json 'it["run"]["id"]')
  expect "the others are done" "2 1" "$(json 'it["run"]["counts"]["done"], it["run"]["counts"]["refused"]' | tr -d '(),')"
  expect "the results say why" 1 "$(grep -c '^4,,refused,.*999' "$site/results.csv")"
  expect "a phone gets its file" 1 "$(phone "Phone two" | grep -c '^sip line1 user name: 101$')"
  "$program" extension add 999 --user user0001 >>"$site/made" 2>&1
  expect "the refused row alone is tried again" done "$(run_as chief run retry "$run")"
  expect "and done" "1 done" "$(json 'str(it["run"]["counts"]["rows"]) + " " + it["run"]["state"]')"
  expect "the same file again" done "$(run_as chief job run import --file "$site/rows.csv")"
  expect "changes nothing" 3 "$(json 'it["run"]["counts"]["unchanged"]')"
  expect "over the API, too" done "$(api chief POST "jobs/import/runs?wait=20" -text/csv "$site/rows.csv")"
  expect "it is done" done "$(ended chief)"
  expect "without a change" 3 "$(json 'it["counts"]["unchanged"]')"
  "$program" device edit "Phone one" --notes "by hand" >>"$site/made" 2>&1
  expect "what was touched since is not taken back" failed "$(run_as chief run undo "$run" --yes)"
  "$program" device edit "Phone one" --unset notes >>"$site/made" 2>&1
  "$program" as chief device list --csv >"$site/inventory.csv" 2>/dev/null || true
  "$program" device list --csv >"$site/inventory.csv"
  expect "the inventory is a table" 4 "$(wc -l <"$site/inventory.csv")"

  expect "a job that wants two people" done "$(run_as chief job edit import --approval --unset batch --unset stop-on-error)"
  printf 'Device MAC,Label\n00:08:5D:1A:E9:04,Phone four\n' >"$site/more.csv"
  expect "its run" done "$(run_as chief job run import --file "$site/more.csv")"
  expect "waits" waiting "$(json 'it["run"]["state"]')"
  run=$(json 'it["run"]["id"]')
  expect "whoever ordered it does not approve it" refused "$(run_as chief run approve "$run")"
  expect "nor does the member" unknown "$(run_as helper run approve "$run")"
  "$program" login add second --account org0001 --name second >>"$site/made" 2>&1
  "$program" grant add --login second --platform org0001 --provisioning --bulk-admin >>"$site/made" 2>&1
  expect "a second person does" done "$(run_as second run approve "$run")"
  expect "and it is done" done "$(run_as chief run follow "$run")"
  expect "its phone is there" 1 "$("$program" device list --text "Phone four" --json >"$site/out"; json 'len(it)')"
  expect "it is taken back" done "$(run_as chief run undo "$run" --yes)"
  expect "its phone is gone" 0 "$("$program" device list --text "Phone four" --json >"$site/out"; json 'len(it)')"
}

shipped
sed -i 's/^host = ""/host = "127.0.0.1"/; s/^provisioning-jobs = false/provisioning-jobs = true/' "$BELLHOP_CONFIG"
for by in command api; do
  begin
  three_jobs
  [ "$by" = command ] || bulk
  "$program" audit verify >"$site/out" || fail "the chain: $(cat "$site/out")"
  "$program" run verify >>"$site/out" || fail "the records of runs: $(cat "$site/out")"
  expect "no secret in the audit log, the log or the runs" 0 \
    "$(cat "$site/state/audit.log" "$site/log" "$site"/state/runs/*/run.json "$site"/state/runs/*/rows.jsonl | grep -cE 'CANARY|5820471139' || true)"
  stop
done
echo "all well"
