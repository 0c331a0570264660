#!/bin/bash
# Gives Kibana's own user its password, and Sluice a user that may write fluentd-* and put the template of these indices, no more.
# Run by the service `setup` of compose.yaml, each time; it changes nothing that is so already.
set -euo pipefail

ask() {
    curl -fsS -u "elastic:$ELASTIC_PASSWORD" -H 'Content-Type: application/json' -X "$1" "$ELASTICSEARCH_URL/_security/$2" -d "$3"
    echo
}

ask POST user/kibana_system/_password "{\"password\":\"$KIBANA_PASSWORD\"}"
ask PUT role/sluice '{"cluster":["monitor","manage_index_templates"],
    "indices":[{"names":["fluentd-*"],"privileges":["create_index","auto_configure","create","index"]}]}'
ask PUT user/sluice "{\"password\":\"$SLUICE_PASSWORD\",\"roles\":[\"sluice\"]}"
