#compdef sluice
# zsh completion for sluice, printed by 'sluice completion zsh'
_sluice() {
    local -a commands
    local command
    commands=(
        'run:Run the daemon.'
        'fluentd:Run the daemon.'
        'check:Check a configuration and show every mistake.'
        'validate:Check a configuration and show every mistake.'
        'try:Send events through a configuration and show what each stage makes of them.'
        'test:Run the cases beside a configuration.'
        'bench-config:Measure what each stage of a configuration takes for an event.'
        'reload:Let a running sluice read its configuration again.'
        'health:Ask a running sluice whether it is well.'
        'top:Watch what passes each stage of a running sluice.'
        'tap:Show events of a running sluice as they pass.'
        'send:Send events from standard input, as fluent-cat does.'
        'cat:Send events from standard input, as fluent-cat does.'
        'dead-letters:Show what no output took, by reason.'
        'replay:Send dead letters and events of backup files again, with their tags and times.'
        'grok:Try, explain and measure grok expressions.'
        'version:Show the version.'
        'help:Show the help of a command.'
        'completion:Print a script that completes commands and options in a shell.'
    )
    if (( CURRENT == 2 )) && [[ "$words[2]" != -* ]]; then
        _describe -t commands command commands
        return
    fi
    command="$words[2]"
    if [[ "$command" == -* ]]; then
        command=run
    else
        shift words
        (( CURRENT-- ))
    fi
    case "$command" in
        run|fluentd)
            _arguments \
                '-c+[The configuration.]:file:_files' \
                '--config=[The configuration.]:file:_files' \
                '--config-file-type=[The format of the configuration; '\''guess'\'' goes by its name (.yaml, .yml).]:type:(guess v1 yaml)' \
                '*-i+[Append this to the configuration.]:text: ' \
                '*--inline-config=[Append this to the configuration.]:text: ' \
                '--skip-unknown[Leave out sections whose type Sluice does not have, and say so, instead of refusing to start.]' \
                '--dry-run[Check the configuration and exit.]' \
                '-s-[Write a sample configuration into the directory and exit.]::dir:_files -/' \
                '--setup=-[Write a sample configuration into the directory and exit.]::dir:_files -/' \
                '-o+[Write the daemon'\''s own log to a file.]:file:_files' \
                '--log=[Write the daemon'\''s own log to a file.]:file:_files' \
                '--log-format=[How the log is written.]:format:(text json)' \
                '--log-rotate-age=[Rotate the log file by day, week or month, or by size keeping so many files (0\: never).]:age:(daily weekly monthly)' \
                '--log-rotate-size=[Rotate the log file at this size.]:bytes: ' \
                '*-v[Log more (-v\: debug, -vv\: trace).]' \
                '*--verbose[Log more (-v\: debug, -vv\: trace).]' \
                '*-q[Log less (-q\: warn, -qq\: error).]' \
                '*--quiet[Log less (-q\: warn, -qq\: error).]' \
                '--suppress-config-dump[Do not write the configuration to the log at the start.]' \
                '-d+[Run in the background and write the process id there.]:pidfile:_files' \
                '--daemon=[Run in the background and write the process id there.]:pidfile:_files' \
                '--user=[Become this user (name or number).]:user: ' \
                '--group=[Become this group (name or number).]:group: ' \
                '--umask=[Set the umask.]:umask: ' \
                '--without-source[Run without inputs\: only deliver what is buffered.]' \
                '--take-over=[Take the sockets of the sluice with this process id (or pid file), and let it stop.]:pid: ' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]'
            ;;
        check|validate)
            _arguments \
                '-c+[The configuration.]:file:_files' \
                '--config=[The configuration.]:file:_files' \
                '--format=[How mistakes are printed.]:format:(text json)' \
                '--strict[Let warnings count as mistakes.]' \
                '--migrate[Show what differs from Fluentd for this configuration, and what to do.]' \
                '--skip-unknown[Leave out sections whose type Sluice does not have, and say so, instead of refusing to start.]' \
                '--config-file-type=[The format of the configuration; '\''guess'\'' goes by its name (.yaml, .yml).]:type:(guess v1 yaml)' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '1::file:_files'
            ;;
        try)
            _arguments \
                '-c+[The configuration.]:file:_files' \
                '--config=[The configuration.]:file:_files' \
                '-t+[The tag of events that bring none.]:tag:{ local -a names; names=(${(f)"$(sluice check --list tags $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--tag=[The tag of events that bring none.]:tag:{ local -a names; names=(${(f)"$(sluice check --list tags $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--source=[Send all lines through this source'\''s parser\: its @id, its name in the log, or its type.]:source:{ local -a names; names=(${(f)"$(sluice check --list sources $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--label=[Where their source would send them.]:label:{ local -a names; names=(${(f)"$(sluice check --list labels $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--lines[Take JSON objects for texts, too.]' \
                '--key=[The field that takes a text; no source parses it then.]:key: ' \
                '--format=[How results are printed.]:format:(text json)' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '*:file:_files'
            ;;
        test)
            _arguments \
                '--update[Write what is seen into the files, where it differs.]' \
                '--format=[How results are printed.]:format:(text json junit)' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '*:file:_files'
            ;;
        bench-config)
            _arguments \
                '-c+[The configuration.]:file:_files' \
                '--config=[The configuration.]:file:_files' \
                '-t+[The tag of events that bring none.]:tag:{ local -a names; names=(${(f)"$(sluice check --list tags $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--tag=[The tag of events that bring none.]:tag:{ local -a names; names=(${(f)"$(sluice check --list tags $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--source=[Send all lines through this source'\''s parser\: its @id, its name in the log, or its type.]:source:{ local -a names; names=(${(f)"$(sluice check --list sources $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--label=[Where their source would send them.]:label:{ local -a names; names=(${(f)"$(sluice check --list labels $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--lines[Take JSON objects for texts, too.]' \
                '--key=[The field that takes a text; no source parses it then.]:key: ' \
                '--batch=[Events of one tag that come together, at most.]:count: ' \
                '--seconds=[How long to measure.]:seconds: ' \
                '--slowest=[How many of the slowest events are shown.]:count: ' \
                '--format=[How results are printed.]:format:(text json)' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '*:file:_files'
            ;;
        reload)
            _arguments \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '1::process: '
            ;;
        health)
            _arguments \
                '--timeout=[How long to wait for the answer.]:seconds: ' \
                '--ca-file=[Trust these certificates (PEM) instead of the system'\''s.]:file:_files' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '1::url: '
            ;;
        top)
            _arguments \
                '--interval=[Between two tables.]:seconds: ' \
                '-n+[Stop after so many tables.]:count: ' \
                '--count=[Stop after so many tables.]:count: ' \
                '--format=[How results are printed.]:format:(text json)' \
                '--at=[Where its monitor answers.]:url: ' \
                '--token=[What its monitor asks for.]:text: ' \
                '--ca-file=[Trust these certificates (PEM) instead of the system'\''s.]:file:_files' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]'
            ;;
        tap)
            _arguments \
                '--after=[As events are behind this stage\: an @id, or filter\:12.]:stage: ' \
                '--text=[Only events in which this stands, as JSON, at any stage.]:text: ' \
                '--rate=[Events a second, at most.]:events: ' \
                '-n+[Stop after so many events.]:count: ' \
                '--count=[Stop after so many events.]:count: ' \
                '--format=[How results are printed.]:format:(text json)' \
                '--at=[Where its monitor answers.]:url: ' \
                '--token=[What its monitor asks for.]:text: ' \
                '--ca-file=[Trust these certificates (PEM) instead of the system'\''s.]:file:_files' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '1::tag-pattern: '
            ;;
        send|cat)
            _arguments \
                '--host=[Where to send to.]:host: ' \
                '-p+[Its TCP port.]:port: ' \
                '--port=[Its TCP port.]:port: ' \
                '-u+[Send to a Unix domain socket instead.]:path:_files' \
                '--unix=[Send to a Unix domain socket instead.]:path:_files' \
                '-f+[What comes in\: JSON objects, msgpack maps, or plain lines.]:format:(json msgpack none)' \
                '--format=[What comes in\: JSON objects, msgpack maps, or plain lines.]:format:(json msgpack none)' \
                '--message-key=[The field that takes a plain line.]:key: ' \
                '--ack[Ask for a receipt of each message, and fail without one.]' \
                '--time-as-integer[Send whole seconds, for Fluentd 0.12 and older.]' \
                '--batch=[Events in one message; after 200 ms it goes with what it has.]:count: ' \
                '--timeout=[How long to wait for a connection or a receipt.]:seconds: ' \
                '--tls[Connect with TLS.]' \
                '--ca-file=[Trust these certificates (PEM) instead of the system'\''s.]:file:_files' \
                '--shared-key=[Log in with the key of the server'\''s <security>.]:key: ' \
                '--user=[Log in as this user.]:name: ' \
                '--password=[The user'\''s password.]:password: ' \
                '-v[Say how many events were sent, as on a terminal.]' \
                '--verbose[Say how many events were sent, as on a terminal.]' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '1:tag: '
            ;;
        dead-letters)
            _arguments \
                '--format=[How mistakes are printed.]:format:(text json)' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '*:file:_files'
            ;;
        replay)
            _arguments \
                '--host=[Where to send to.]:host: ' \
                '-p+[Its TCP port.]:port: ' \
                '--port=[Its TCP port.]:port: ' \
                '-u+[Send to a Unix domain socket instead.]:path:_files' \
                '--unix=[Send to a Unix domain socket instead.]:path:_files' \
                '--time-as-integer[Send whole seconds, for Fluentd 0.12 and older.]' \
                '--batch=[Events in one message; after 200 ms it goes with what it has.]:count: ' \
                '--timeout=[How long to wait for a connection or a receipt.]:seconds: ' \
                '--tls[Connect with TLS.]' \
                '--ca-file=[Trust these certificates (PEM) instead of the system'\''s.]:file:_files' \
                '--shared-key=[Log in with the key of the server'\''s <security>.]:key: ' \
                '--user=[Log in as this user.]:name: ' \
                '--password=[The user'\''s password.]:password: ' \
                '-v[Say how many events were sent, as on a terminal.]' \
                '--verbose[Say how many events were sent, as on a terminal.]' \
                '--to=[Deliver to this output of the configuration, without a daemon; what it refuses stays where it is.]:id:{ local -a names; names=(${(f)"$(sluice check --list outputs $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                '--reason=[Only events of this reason, or of this type, as '\''sluice dead-letters'\'' shows them.]:text: ' \
                '-c+[The configuration.]:file:_files' \
                '--config=[The configuration.]:file:_files' \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '*:file:_files'
            ;;
        grok)
            commands=(
                'match:Match lines and show what is captured.'
                'explain:Show where a line leaves an expression, and what would help.'
                'suggest:Propose expressions for sample lines.'
                'patterns:List the patterns, or show one with its expansion, fields and sample.'
                'bench:Measure expressions on the lines of a file.'
            )
            if (( CURRENT == 2 )) && [[ "$words[2]" != -* ]]; then
                _describe -t commands command commands
                return
            fi
            command="$words[2]"
            if [[ "$command" == -* ]]; then
                command=
            else
                shift words
                (( CURRENT-- ))
            fi
            case "$command" in
                match)
                    _arguments \
                        '*-p+[The grok expression; of several, the first that matches a line counts.]:expression: ' \
                    '*--pattern=[The grok expression; of several, the first that matches a line counts.]:expression: ' \
                    '--series=[The shipped pattern set.]:series:(legacy ecs-v1)' \
                    '*--patterns=[Add definitions from a file of '\''NAME regexp'\'' lines, or from every file of a folder.]:path:_files' \
                    '*--define=[Add one definition\: '\''NAME regexp'\''.]:definition: ' \
                    '--multiline[Let '\''.'\'' match line feeds, as in multiline_grok.]' \
                    '-c+[Take the expressions and definitions of a configuration; see --filter.]:file:_files' \
                    '--config=[Take the expressions and definitions of a configuration; see --filter.]:file:_files' \
                    '--filter=[The tag whose grok filter in the configuration is meant.]:tag:{ local -a names; names=(${(f)"$(sluice check --list grok-tags $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                    '--format=[For reading, or one JSON object a line, in the order of the input.]:format:(pretty json)' \
                    '--time[Show fields of type time as ISO 8601 times instead of seconds since 1970.]' \
                    '--only-unmatched[Write the lines that do not match, as they are, and nothing else.]' \
                    '--count-by=[Count the lines by the values of a field, the most frequent first.]:field: ' \
                    '-0[Texts end with a zero byte instead of a line feed, so that one may have several lines.]' \
                    '--null[Texts end with a zero byte instead of a line feed, so that one may have several lines.]' \
                    '--pairs[Read an expression and a text by turns, and match each text with its own expression.]' \
                    '--version[Show the version.]' \
                    '-h[Show help information.]' \
                    '--help[Show help information.]' \
                    '*:file:_files'
                    ;;
                explain)
                    _arguments \
                        '*-p+[The grok expression; of several, the first that matches a line counts.]:expression: ' \
                    '*--pattern=[The grok expression; of several, the first that matches a line counts.]:expression: ' \
                    '--series=[The shipped pattern set.]:series:(legacy ecs-v1)' \
                    '*--patterns=[Add definitions from a file of '\''NAME regexp'\'' lines, or from every file of a folder.]:path:_files' \
                    '*--define=[Add one definition\: '\''NAME regexp'\''.]:definition: ' \
                    '--multiline[Let '\''.'\'' match line feeds, as in multiline_grok.]' \
                    '-c+[Take the expressions and definitions of a configuration; see --filter.]:file:_files' \
                    '--config=[Take the expressions and definitions of a configuration; see --filter.]:file:_files' \
                    '--filter=[The tag whose grok filter in the configuration is meant.]:tag:{ local -a names; names=(${(f)"$(sluice check --list grok-tags $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                    '--version[Show the version.]' \
                    '-h[Show help information.]' \
                    '--help[Show help information.]' \
                    '*:line: '
                    ;;
                suggest)
                    _arguments \
                        '--series=[The shipped pattern set.]:series:(legacy ecs-v1)' \
                    '--ecs[Name the fields by the Elastic Common Schema, with the patterns of the series ecs-v1.]' \
                    '*--patterns=[Add definitions from a file of '\''NAME regexp'\'' lines, or from every file of a folder.]:path:_files' \
                    '*--define=[Add one definition\: '\''NAME regexp'\''.]:definition: ' \
                    '--format=[For reading, one JSON object, filter sections for fluent.conf, or an ingest pipeline of Elasticsearch.]:format:(text json filter ingest)' \
                    '--version[Show the version.]' \
                    '-h[Show help information.]' \
                    '--help[Show help information.]' \
                    '1::file:_files'
                    ;;
                patterns)
                    _arguments \
                        '--series=[The shipped pattern set.]:series:(legacy ecs-v1)' \
                    '*--patterns=[Add definitions from a file of '\''NAME regexp'\'' lines, or from every file of a folder.]:path:_files' \
                    '*--define=[Add one definition\: '\''NAME regexp'\''.]:definition: ' \
                    '--search=[List the patterns with this text in their name, definition, description or sample, in any case.]:text: ' \
                    '--format=[For reading, or one JSON object a line.]:format:(text json)' \
                    '--names[Print the names alone, one a line.]' \
                    '--version[Show the version.]' \
                    '-h[Show help information.]' \
                    '--help[Show help information.]' \
                    '1::name:{ local -a names; names=(${(f)"$(sluice grok patterns --names 2>/dev/null)"}); compadd -a names }'
                    ;;
                bench)
                    _arguments \
                        '*-p+[The grok expression; of several, the first that matches a line counts.]:expression: ' \
                    '*--pattern=[The grok expression; of several, the first that matches a line counts.]:expression: ' \
                    '--series=[The shipped pattern set.]:series:(legacy ecs-v1)' \
                    '*--patterns=[Add definitions from a file of '\''NAME regexp'\'' lines, or from every file of a folder.]:path:_files' \
                    '*--define=[Add one definition\: '\''NAME regexp'\''.]:definition: ' \
                    '--multiline[Let '\''.'\'' match line feeds, as in multiline_grok.]' \
                    '-c+[Take the expressions and definitions of a configuration; see --filter.]:file:_files' \
                    '--config=[Take the expressions and definitions of a configuration; see --filter.]:file:_files' \
                    '--filter=[The tag whose grok filter in the configuration is meant.]:tag:{ local -a names; names=(${(f)"$(sluice check --list grok-tags $opt_args[-c] $opt_args[--config] 2>/dev/null)"}); compadd -a names }' \
                    '-0[Texts end with a zero byte instead of a line feed, so that one may have several lines.]' \
                    '--null[Texts end with a zero byte instead of a line feed, so that one may have several lines.]' \
                    '--slowest=[How many of the slowest lines are shown.]:count: ' \
                    '--seconds=[How long to measure.]:seconds: ' \
                    '--version[Show the version.]' \
                    '-h[Show help information.]' \
                    '--help[Show help information.]' \
                    '1::file:_files'
                    ;;
            esac
            ;;
        version)
            _arguments \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]'
            ;;
        help)
            _arguments \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '1:command:(run check try test bench-config reload health top tap send dead-letters replay grok version help completion)' \
                '2:subcommand:{ case "$words[2]" in grok) compadd match explain suggest patterns bench ;; esac }'
            ;;
        completion)
            _arguments \
                '--version[Show the version.]' \
                '-h[Show help information.]' \
                '--help[Show help information.]' \
                '1::shell:(bash zsh fish)'
            ;;
    esac
}
if [ "$funcstack[1]" = "_sluice" ]; then
    _sluice "$@"
else
    compdef _sluice sluice
fi
