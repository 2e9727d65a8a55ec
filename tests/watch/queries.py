"""Asks a Prometheus each query of the dashboard and each alert.

Usage: queries.py URL DASHBOARD. Every query must be understood, and every one of the dashboard must find
something, but for those of EMPTY, where nothing to show is good news. No alert may fire on a server that is well.
"""

import json
import sys
import urllib.parse
import urllib.request

# Titles of panels that show nothing where all is well.
EMPTY = set()

url, dashboard = sys.argv[1:3]


def get(path, **parameters):
    with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(parameters)}", timeout=20) as reply:
        return json.load(reply)["data"]


def ask(query):
    for name, value in {"$__rate_interval": "15s", "$job": ".*", "$instance": ".*"}.items():
        query = query.replace(name, value)
    try:
        return get("/api/v1/query", query=query)["result"]
    except urllib.error.HTTPError as error:
        return error.read().decode()


def is_number(result):
    return any(sample["value"][1] != "NaN" for sample in result)


failed = []
queries = 0
with open(dashboard, encoding="utf-8") as file:
    board = json.load(file)
for panel in board["panels"]:
    for target in panel.get("targets", []):
        queries += 1
        result = ask(target["expr"])
        if isinstance(result, str):
            failed.append(f"{panel['title']}: {result}")
        elif panel["title"] not in EMPTY and not is_number(result):
            failed.append(f"{panel['title']}: nothing comes of {target['expr']}")
for annotation in board["annotations"]["list"]:
    result = ask(annotation["expr"])
    if isinstance(result, str):
        failed.append(f"annotation {annotation['name']}: {result}")
rules = [rule for group in get("/api/v1/rules")["groups"] for rule in group["rules"]]
for rule in rules:
    if rule["health"] != "ok" or rule["state"] == "firing":
        failed.append(f"{rule['name']} is {rule['health']} and {rule['state']}: {rule.get('lastError', '')}")
if not rules or not queries:
    failed.append("nothing was asked")
for line in failed:
    print("FAILED:", line)
print(f"{queries} queries of the dashboard, {len(rules)} alerts, {len(failed)} failed")
sys.exit(bool(failed))
