# bash completion for sluice, printed by 'sluice completion bash'
_sluice_configuration() {
    local index
    for ((index = 1; index < COMP_CWORD; index++)); do
        case "${COMP_WORDS[index]}" in -c|--config) echo "${COMP_WORDS[index+1]}" ;; esac
    done
}
_sluice() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    local command="" word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "${command:+$command }$word" in
            run|fluentd|check|validate|try|test|bench-config|reload|health|top|tap|send|cat|dead-letters|replay|grok|"grok match"|"grok explain"|"grok suggest"|"grok patterns"|"grok bench"|version|help|completion|"help grok") command="${command:+$command }$word" ;;
        esac
    done
    COMPREPLY=()
    case "$command:$previous" in
        run:--config|run:-c|fluentd:--config|fluentd:-c|:--config|:-c) COMPREPLY=($(compgen -f -- "$current")); return ;;
        run:--config-file-type|fluentd:--config-file-type|:--config-file-type) COMPREPLY=($(compgen -W 'guess v1 yaml' -- "$current")); return ;;
        run:--inline-config|run:-i|fluentd:--inline-config|fluentd:-i|:--inline-config|:-i) :; return ;;
        run:--log|run:-o|fluentd:--log|fluentd:-o|:--log|:-o) COMPREPLY=($(compgen -f -- "$current")); return ;;
        run:--log-format|fluentd:--log-format|:--log-format) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        run:--log-rotate-age|fluentd:--log-rotate-age|:--log-rotate-age) COMPREPLY=($(compgen -W 'daily weekly monthly' -- "$current")); return ;;
        run:--log-rotate-size|fluentd:--log-rotate-size|:--log-rotate-size) :; return ;;
        run:--daemon|run:-d|fluentd:--daemon|fluentd:-d|:--daemon|:-d) COMPREPLY=($(compgen -f -- "$current")); return ;;
        run:--user|fluentd:--user|:--user) :; return ;;
        run:--group|fluentd:--group|:--group) :; return ;;
        run:--umask|fluentd:--umask|:--umask) :; return ;;
        run:--take-over|fluentd:--take-over|:--take-over) :; return ;;
        check:--config|check:-c|validate:--config|validate:-c) COMPREPLY=($(compgen -f -- "$current")); return ;;
        check:--format|validate:--format) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        check:--config-file-type|validate:--config-file-type) COMPREPLY=($(compgen -W 'guess v1 yaml' -- "$current")); return ;;
        try:--config|try:-c) COMPREPLY=($(compgen -f -- "$current")); return ;;
        try:--tag|try:-t) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list tags $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        try:--source) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list sources $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        try:--label) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list labels $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        try:--key) :; return ;;
        try:--format) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        test:--format) COMPREPLY=($(compgen -W 'text json junit' -- "$current")); return ;;
        bench-config:--config|bench-config:-c) COMPREPLY=($(compgen -f -- "$current")); return ;;
        bench-config:--tag|bench-config:-t) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list tags $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        bench-config:--source) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list sources $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        bench-config:--label) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list labels $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        bench-config:--key) :; return ;;
        bench-config:--batch) :; return ;;
        bench-config:--seconds) :; return ;;
        bench-config:--slowest) :; return ;;
        bench-config:--format) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        health:--timeout) :; return ;;
        health:--ca-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
        top:--interval) :; return ;;
        top:--count|top:-n) :; return ;;
        top:--format) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        top:--at) :; return ;;
        top:--token) :; return ;;
        top:--ca-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
        tap:--after) :; return ;;
        tap:--text) :; return ;;
        tap:--rate) :; return ;;
        tap:--count|tap:-n) :; return ;;
        tap:--format) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        tap:--at) :; return ;;
        tap:--token) :; return ;;
        tap:--ca-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
        send:--host|cat:--host) :; return ;;
        send:--port|send:-p|cat:--port|cat:-p) :; return ;;
        send:--unix|send:-u|cat:--unix|cat:-u) COMPREPLY=($(compgen -f -- "$current")); return ;;
        send:--format|send:-f|cat:--format|cat:-f) COMPREPLY=($(compgen -W 'json msgpack none' -- "$current")); return ;;
        send:--message-key|cat:--message-key) :; return ;;
        send:--batch|cat:--batch) :; return ;;
        send:--timeout|cat:--timeout) :; return ;;
        send:--ca-file|cat:--ca-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
        send:--shared-key|cat:--shared-key) :; return ;;
        send:--user|cat:--user) :; return ;;
        send:--password|cat:--password) :; return ;;
        dead-letters:--format) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        replay:--host) :; return ;;
        replay:--port|replay:-p) :; return ;;
        replay:--unix|replay:-u) COMPREPLY=($(compgen -f -- "$current")); return ;;
        replay:--batch) :; return ;;
        replay:--timeout) :; return ;;
        replay:--ca-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
        replay:--shared-key) :; return ;;
        replay:--user) :; return ;;
        replay:--password) :; return ;;
        replay:--to) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list outputs $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        replay:--reason) :; return ;;
        replay:--config|replay:-c) COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok match:--pattern"|"grok match:-p") :; return ;;
        "grok match:--series") COMPREPLY=($(compgen -W 'legacy ecs-v1' -- "$current")); return ;;
        "grok match:--patterns") COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok match:--define") :; return ;;
        "grok match:--config"|"grok match:-c") COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok match:--filter") mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list grok-tags $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        "grok match:--format") COMPREPLY=($(compgen -W 'pretty json' -- "$current")); return ;;
        "grok match:--count-by") :; return ;;
        "grok explain:--pattern"|"grok explain:-p") :; return ;;
        "grok explain:--series") COMPREPLY=($(compgen -W 'legacy ecs-v1' -- "$current")); return ;;
        "grok explain:--patterns") COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok explain:--define") :; return ;;
        "grok explain:--config"|"grok explain:-c") COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok explain:--filter") mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list grok-tags $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        "grok suggest:--series") COMPREPLY=($(compgen -W 'legacy ecs-v1' -- "$current")); return ;;
        "grok suggest:--patterns") COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok suggest:--define") :; return ;;
        "grok suggest:--format") COMPREPLY=($(compgen -W 'text json filter ingest' -- "$current")); return ;;
        "grok patterns:--series") COMPREPLY=($(compgen -W 'legacy ecs-v1' -- "$current")); return ;;
        "grok patterns:--patterns") COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok patterns:--define") :; return ;;
        "grok patterns:--search") :; return ;;
        "grok patterns:--format") COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        "grok bench:--pattern"|"grok bench:-p") :; return ;;
        "grok bench:--series") COMPREPLY=($(compgen -W 'legacy ecs-v1' -- "$current")); return ;;
        "grok bench:--patterns") COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok bench:--define") :; return ;;
        "grok bench:--config"|"grok bench:-c") COMPREPLY=($(compgen -f -- "$current")); return ;;
        "grok bench:--filter") mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" check --list grok-tags $(_sluice_configuration) 2>/dev/null)" -- "$current"); return ;;
        "grok bench:--slowest") :; return ;;
        "grok bench:--seconds") :; return ;;
    esac
    case "$command" in
        run|fluentd|"")
            if [ -z "$command" ]; then
                COMPREPLY=($(compgen -W 'run check try test bench-config reload health top tap send dead-letters replay grok version help completion --config -c --config-file-type --inline-config -i --skip-unknown --dry-run --setup -s --log -o --log-format --log-rotate-age --log-rotate-size --verbose -v --quiet -q --suppress-config-dump --daemon -d --user --group --umask --without-source --take-over --version --help -h' -- "$current"))
                return
            fi
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--config -c --config-file-type --inline-config -i --skip-unknown --dry-run --setup -s --log -o --log-format --log-rotate-age --log-rotate-size --verbose -v --quiet -q --suppress-config-dump --daemon -d --user --group --umask --without-source --take-over --version --help -h' -- "$current")) ;;
            esac
            ;;
        check|validate)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--config -c --format --strict --migrate --skip-unknown --config-file-type --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        try)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--config -c --tag -t --source --label --lines --key --format --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        test)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--update --format --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        bench-config)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--config -c --tag -t --source --label --lines --key --batch --seconds --slowest --format --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        reload)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--version --help -h' -- "$current")) ;;
            esac
            ;;
        health)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--timeout --ca-file --version --help -h' -- "$current")) ;;
            esac
            ;;
        top)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--interval --count -n --format --at --token --ca-file --version --help -h' -- "$current")) ;;
            esac
            ;;
        tap)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--after --text --rate --count -n --format --at --token --ca-file --version --help -h' -- "$current")) ;;
            esac
            ;;
        send|cat)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--host --port -p --unix -u --format -f --message-key --ack --time-as-integer --batch --timeout --tls --ca-file --shared-key --user --password --verbose -v --version --help -h' -- "$current")) ;;
            esac
            ;;
        dead-letters)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--format --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        replay)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--host --port -p --unix -u --time-as-integer --batch --timeout --tls --ca-file --shared-key --user --password --verbose -v --to --reason --config -c --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        grok)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -W 'match explain suggest patterns bench' -- "$current")) ;;
            esac
            ;;
        "grok match")
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--pattern -p --series --patterns --define --multiline --config -c --filter --format --time --only-unmatched --count-by --null -0 --pairs --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        "grok explain")
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--pattern -p --series --patterns --define --multiline --config -c --filter --version --help -h' -- "$current")) ;;
            esac
            ;;
        "grok suggest")
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--series --ecs --patterns --define --format --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        "grok patterns")
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--series --patterns --define --search --format --names --version --help -h' -- "$current")) ;;
                *) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" grok patterns --names 2>/dev/null)" -- "$current") ;;
            esac
            ;;
        "grok bench")
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--pattern -p --series --patterns --define --multiline --config -c --filter --null -0 --slowest --seconds --version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -f -- "$current")) ;;
            esac
            ;;
        version)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--version --help -h' -- "$current")) ;;
            esac
            ;;
        help)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -W 'run check try test bench-config reload health top tap send dead-letters replay grok version help completion' -- "$current")) ;;
            esac
            ;;
        completion)
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$current")) ;;
            esac
            ;;
        "help grok")
            case "$current" in
                -*) COMPREPLY=($(compgen -W '--version --help -h' -- "$current")) ;;
                *) COMPREPLY=($(compgen -W 'match explain suggest patterns bench' -- "$current")) ;;
            esac
            ;;
    esac
}
complete -o filenames -F _sluice sluice
