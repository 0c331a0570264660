#!/bin/sh
# Stands for a service that logs to standard output, two lines every two seconds: JSON (post) or a Ruby logger's (ui).
number=0
while :; do
    number=$((number + 1))
    id=$(cat /proc/sys/kernel/random/uuid)
    time=$(date -u +%Y-%m-%dT%H:%M:%S)
    case "$1" in
        post)
            echo "{\"addr\": \"172.19.0.4\", \"event\": \"request\", \"level\": \"info\", \"method\": \"GET\", \"path\": \"/posts?\", \"request_id\": \"$id\", \"response_status\": 200, \"service\": \"post\", \"timestamp\": \"$time\"}"
            echo "{\"event\": \"find_all_posts\", \"level\": \"info\", \"message\": \"Successfully retrieved all posts from the database\", \"params\": {}, \"request_id\": \"$id\", \"service\": \"post\", \"timestamp\": \"$time\"}"
            ;;
        ui)
            head="I, [$time.146453 #1]  INFO -- : service=ui |"
            echo "$head event=request | path=/posts/$number | request_id=$id | remote_addr=185.30.195.250 | method= GET | response_status=200"
            echo "$head event=show_all_posts | request_id=$id | message='Successfully showed the home page with posts' | params: \"{}\""
            ;;
    esac
    sleep 2
done
