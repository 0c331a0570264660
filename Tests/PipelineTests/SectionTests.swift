import ConfigFile
import Pipeline
import Testing

/// One wrong line in each: what is said, and where. The line numbers count from the `<source>`, `<filter>` or `<match>`.
@Suite struct SectionTests {
    static let sources: [(String, [String])] = [
        ("port x", ["3:6 error 'port' is 'x', which is not a whole number (in <source> of type forward)"]),
        ("port 99999", ["3:6 error 'port' is '99999', which is too large (in <source> of type forward)"]),
        ("bind 0.0.0.", ["3:6 error 'bind' is '0.0.0.', which is no address"]),
        ("prot 24224", ["3:1 error unknown parameter 'prot' in <source> of type forward"]),
        ("port24224", ["3:1 error unknown parameter 'port24224' in <source> of type forward"]),
        (
            "port 24224  bind 0.0.0.0",
            [
                "3:6 error 'port' is '24224  bind 0.0.0.0', which is not a whole number (in <source> of type forward)",
                "3:13 warning 'bind' stands inside the value of 'port'",
            ]
        ),
        (
            "chunk_size_limit 1.5m",
            ["3:18 error 'chunk_size_limit' is '1.5m', which is not a size (in <source> of type forward)"]
        ),
        (
            "skip_invalid_event ture",
            ["3:20 warning 'skip_invalid_event' is 'ture', which is neither true nor false; the default is used"]
        ),
        ("@label @NOWHERE", ["3:8 error no <label @NOWHERE> is defined"]),
        ("@log_level loud", ["3:12 error '@log_level' is 'loud', which is no level"]),
        (
            "resolve_hostname true",
            [
                "3:1 note 'resolve_hostname' in <source> of type forward has no effect: sluice never waits for a name server; addresses are used"
            ]
        ),
        ("<transport tls>\n</transport>", ["3:1 error <transport tls> has no certificate"]),
        ("<transport tsl>\n</transport>", ["3:12 error unknown transport 'tsl'"]),
        ("<transport tls>\ncert_path a.pem\n</transport>", ["4:11 error cert_path needs private_key_path"]),
        (
            "<transport tls>\ninsecure true\nversion TLSv1_4\n</transport>",
            ["5:9 error 'version' is 'TLSv1_4', which is not valid (in <transport tls>)"]
        ),
        (
            "<transport tls>\ninsecure true\nmin_version TLS1_3\nmax_version TLS1_2\n</transport>",
            ["6:13 error max_version TLS 1.2 is older than min_version TLS 1.3"]
        ),
        (
            "<transport tls>\ninsecure true\ncert_verifier x.rb\n</transport>",
            ["5:1 error 'cert_verifier' is Ruby code, which sluice cannot run"]
        ),
        ("<security>\nself_hostname h\n</security>", ["3:1 error 'shared_key' is required in <security>"]),
        (
            "<security>\nself_hostname h\nshared_kye k\n</security>",
            ["5:1 error unknown parameter 'shared_kye' in <security>"]
        ),
        (
            "<security>\nself_hostname h\nshared_key k\nuser_auth true\n</security>",
            ["6:11 error user_auth is true, but there is no <user>"]
        ),
        (
            "<security>\nself_hostname h\nshared_key k\n<client>\nhost somewhere\n</client>\n</security>",
            ["7:6 error 'somewhere' is no address and no network"]
        ),
        (
            "<security>\nself_hostname h\nshared_key k\n<client>\nhost 10.0.0.1\nnetwork 10.0.0.0/8\n</client>\n</security>",
            ["8:9 error <client> has both 'host' and 'network'"]
        ),
    ]

    @Test("a wrong line of a forward source", arguments: sources.indices)
    func forward(_ index: Int) {
        Checked.expect(
            "<source>\n@type forward\n\(Self.sources[index].0)\n</source>\n<match **>\n@type null\n</match>\n",
            Self.sources[index].1)
    }

    static let filters: [(String, [String])] = [
        ("@type parser\nkey_name log\nformat json", []),
        ("@type parser\nformat json", ["1:1 error 'key_name' is required in <filter **> of type parser"]),
        (
            "@type parser\nkey_nme log\nformat json",
            ["3:1 error unknown parameter 'key_nme' in <filter **> of type parser"]
        ),
        (
            "@type parser\nkey_namelog\nformat json",
            ["3:1 error unknown parameter 'key_namelog' in <filter **> of type parser"]
        ),
        (
            "@type parser\nkey_name log\nformt json",
            ["4:1 error unknown parameter 'formt' in <filter **> of type parser"]
        ),
        (
            "@type parser\nkey_name log\nformatjson",
            ["4:1 error unknown parameter 'formatjson' in <filter **> of type parser"]
        ),
        ("@type parser\nkey_name log  format json", ["3:15 error 'format' stands inside the value of 'key_name'"]),
        // As Fluentd has it: the expression itself in the place of a type, beside `expression` without effect.
        ("@type parser\nkey_name log\n<parse>\n@type /^(?<a>.)$/\n</parse>", []),
        ("@type parser\nkey_name log\n<parse>\n@type \"/^(?<a>.)$/\"\nexpression ^(?<b>.)$\n</parse>", []),
        ("@type parser\nkey_name log\n<parse>\n@type /^(?<a>.$/\n</parse>", ["5:9 error bad regular expression"]),
        ("@type parser\nkey_name log\nformat jsn", ["4:8 error unknown parser type 'jsn'"]),
        (
            "@type parser\nkey_name log\nformat grok\ngrok_patern %{INT:n}",
            ["5:1 error unknown parameter 'grok_patern' in <filter **> of type parser"]
        ),
        (
            "@type parser\nkey_name log\nformat grok\ngrok_pattern %{ITN:n}",
            ["5:14 error grok pattern ITN is not defined"]
        ),
        (
            "@type parser\nkey_name log\ngrok_pattern %{INT:n}",
            ["4:1 error <filter **> of type parser does not say how to parse"]
        ),
        ("@type parser\nkey_name log", ["1:1 error <filter **> of type parser does not say how to parse"]),
        (
            "@type parser\nkey_name $.a[\nformat json",
            ["3:13 error '$.a[' is no place in a record: '[' is never closed"]
        ),
        (
            "@type parser\nkey_name log\ntime_format %Y\n<parse>\n@type json\n</parse>",
            ["4:1 warning 'time_format' in <filter **> of type parser has no effect: it belongs into <parse>"]
        ),
        (
            "@type parser\nkey_name log\n<prse>\n@type json\n</prse>",
            ["4:2 error unknown section <prse> in <filter **> of type parser"]
        ),
        ("@type parser\nkey_name log\n<parse>\n@type regexp\nexpression /(?<a>x/\n</parse>", ["6:13 error"]),
        (
            "@type parser\nkey_name log\n<parse>\n@type regexp\nexpression /(a)/\n</parse>",
            ["6:12 error no named group in the expression, so it would make empty records"]
        ),
        ("@type parser\nkey_name log\n<parse>\n@type json\ntimezone JST\ntime_format %Y\n</parse>", ["6:10 error"]),
        (
            "@type parser\nkey_name log\n<parse>\n@type json\ntime_type string\ntimezone +09:00\n</parse>",
            ["7:10 error specifying timezone requires time format"]
        ),
        ("@type parser\nkey_name log\n<parse>\n@type json\ntypes a:itn\n</parse>", ["6:7 error"]),
        (
            "@type parser\nkey_name log\n<parse>\n@type csv\n</parse>",
            ["4:1 error 'keys' is required in <parse> of type csv"]
        ),
        (
            "@type parser\nkey_name log\n<parse>\n@type ltsv\ndelimiter_pattern /x/\n</parse>",
            ["6:1 error 'delimiter_pattern' is not supported yet"]
        ),
        (
            "@type parser\nkey_name log\n<parse>\n@type multiline\nformat1 /(?<a>.*)/\nformat_firstline /x/\n</parse>",
            []
        ),
        (
            "@type parser\nkey_name log\n<parse>\n@type multiline\nformat1 /(?<a>.*)/\nformat_firstline /^(/\n</parse>",
            ["7:20 error"]
        ),
        (
            "@type parser\nkey_name log\n<parse>\n@type multiline_grok\nmultiline_start_regexp /^(/\ngrok_pattern %{INT:a}\n</parse>",
            ["6:26 error"]
        ),
        (
            "@type parser\nkey_name log\n<parse>\n@type grok\nmultiline_start_regexp /^x/\ngrok_pattern %{INT:a}\n</parse>",
            ["6:24 warning 'multiline_start_regexp' has no effect with @type grok"]
        ),
        ("@type parser\nkey_name log\n<parse>\n@type msgpack\n</parse>", []),
        (
            "@type parser\nkey_name log\n<parse>\n@type grok\ngrok_pattern %{INT:n}\n<grok>\npattern %{WORD:w}\n</grok>\n</parse>",
            ["7:1 warning <grok> has no effect beside grok_pattern, which counts as in Fluentd"]
        ),
        (
            "@type parser\nkey_name log\n<parse>\n@type grok\n<grok>\npatern %{WORD:w}\n</grok>\n</parse>",
            ["7:1 error unknown parameter 'patern' in <grok>"]
        ),
        (
            "@type parser\nkey_name log\n<parse>\n@type grok\n<grok>\npattern %{WORD:w}\n</grok>\n<grok>\npattern %{NOPE:w}\n</grok>\n</parse>",
            ["10:9 error grok pattern NOPE is not defined"]
        ),
        (
            "@type parser\nkey_name log\n<parse>\n@type multi_format\n<pattern>\nformat json\n</pattern>\n<pattern>\nformat nne\n</pattern>\n</parse>",
            ["10:8 error unknown parser type 'nne'"]
        ),
        ("@typ parser\nkey_name log", ["2:1 error unknown parameter '@typ' in <filter **>"]),
        ("key_name log", ["1:1 error <filter **> has no '@type'"]),
        ("@type parsr\nkey_name log", ["2:7 error unknown filter type 'parsr'"]),
        ("@type concat\nkey log", ["1:1 error <filter **> of type concat does not say how pieces are known"]),
        (
            "@type concat\nkey log\nn_lines 2\nmultiline_end_regexp /x/\nseparator +",
            ["5:1 error 'multiline_end_regexp' and 'n_lines' are two ways to know pieces"]
        ),
        ("@type concat\nmultiline_start_regexp /^S/", ["1:1 error 'key' is required in <filter **> of type concat"]),
        ("@type concat\nkey log\nmultiline_start_regexp /a(/", ["4:26 error"]),
        (
            "@type concat\nkey log\npartial_key p\nkeep_partial_key true",
            ["4:13 error 'partial_key' does not say which value a piece has that is not the last"]
        ),
        (
            "@type concat\nkey log\nmultiline_end_regexp /x/\ncontinuous_line_regexp /y/",
            ["5:1 error 'continuous_line_regexp' has a meaning only beside 'multiline_start_regexp'"]
        ),
        (
            "@type concat\nkey log\nn_lines 2\ntimeout_label @X\nstream_limit 0",
            ["5:15 error no <label @X> is defined", "6:14 error 'stream_limit' is '0', which is too small"]
        ),
        (
            "@type record_modifier\n<record>\na ${require 'x'}\n</record>\n<replace>\nkey k\nexpression /(/\nreplace x\n</replace>",
            ["4:5 error", "8:13 error"]
        ),
        (
            "@type record_modifier\nremove_keys a\nwhitelist_keys b\nchar_encoding euc-jp",
            [
                "4:16 error 'whitelist_keys' and 'remove_keys' exclude each other",
                "5:15 error 'char_encoding' is 'euc-jp', and only utf-8 is known",
            ]
        ),
        ("@type parser  key_name log\nformat json", ["2:7 error unknown filter type 'parser  key_name log'"]),
        ("@type grep\n<regexp>\nkey a\n</regexp>", ["3:1 error 'pattern' is required in <regexp>"]),
        ("@type grep\n<regexp>\nkey a\npattern /a(/\n</regexp>", ["5:11 error"]),
        (
            "@type grep\n<exclude>\nkey a\npattern /1/\n</exclude>\n<exclude>\nkey a\npattern /2/\n</exclude>",
            ["8:5 error 'a' has a second <exclude> in <filter **> of type grep"]
        ),
        ("@type grep\nregexp1 level", ["3:9 error 'regexp1' is 'level'"]),
        ("@type grep", ["1:1 warning <filter **> of type grep has no condition, so it keeps everything"]),
        (
            "@type record_transformer\nenable_ruby true\n<record>\na ${record[\"b\"]}\nc ${Time.no}\n</record>",
            ["6:10 error 'Time.no' is not covered"]
        ),
        (
            "@type record_transformer\n<record>\nc ${tga}\n</record>",
            ["4:3 warning unknown placeholder '${tga}' will be empty"]
        ),
        ("@type record_transformer\nkeep_keys a", ["3:11 error keep_keys has a meaning only with renew_record true"]),
        ("@type elasticsearch_genid\nhash_id_key id", []),
        (
            "@type elasticsearch_genid\nuse_record_as_seed true",
            ["3:20 error use_record_as_seed needs record_keys"]
        ),
        (
            "@type elasticsearch_genid\nrecord_keys a\nhash_type sha512",
            [
                "3:13 warning 'record_keys' has an effect only with use_record_as_seed or use_entire_record",
                "4:11 error hash_type sha512 is not supported yet",
            ]
        ),
        ("@type record_transformer\nremove_keys $.a.b,$['c'][0]", []),
        ("@type record_transformer\nremove_keys $.a..b", ["3:13 error '$.a..b' is no place in a record"]),
        (
            "@type record_transformer\n<record>\nc ${record[\"#{tag}\"]}\n</record>",
            ["4:3 warning unknown placeholder '${record[\"#{tag}' will be empty"]
        ),
        (
            "@type stdout\n<inject>\n</inject>", ["3:1 warning <inject> adds nothing"]
        ),
        (
            "@type stdout\n<format>\n@type jsn\n</format>",
            ["4:7 error '@type' is 'jsn', which is not valid (in <format>)"]
        ),
    ]

    static let typos: [(String, Int?)] = [
        ("%{WORD:a} %{INT}", nil), ("%WORD:a} x", 0), ("a {WORD:b}", 2), ("a %{WORD:b \\| %{INT:c}", 2),
        ("a{2,3} \\p{Alpha} 100%", nil), ("%{DATE:t:time:%Y-%m-%d %H:%M} %{INT:n}", nil), ("%{INT:n", 0),
        ("(?<x>[A-Z]{2})%", nil),
    ]

    @Test("a damaged grok reference is noticed, and nothing else is taken for one", arguments: typos.indices)
    func grokTypo(_ index: Int) {
        let (expression, offset) = Self.typos[index]
        let checked = Checked(
            "<source>\n@type forward\n</source>\n<filter **>\n@type parser\nkey_name log\nformat grok\n"
                + "grok_pattern \(expression)\n</filter>\n<match **>\n@type null\n</match>\n")
        let found = checked.diagnostics.inFileOrder.first {
            $0.message.contains("text, not a") || $0.message.contains("no '}'")
        }
        #expect(found?.column == offset.map { 14 + $0 }, "\(checked.rendered)")
        #expect(offset == nil || found?.line == 8)
    }

    @Test("a wrong line of a filter", arguments: filters.indices)
    func filter(_ index: Int) {
        Checked.expect(
            "<filter **>\n\(Self.filters[index].0)\n</filter>\n<match **>\n@type null\n</match>\n<source>\n@type forward\n</source>\n",
            Self.filters[index].1)
    }

    static let matches: [(String, [String])] = [
        ("@type elasticsearch\nhost es", []),
        (
            "@type elasticsearch\nslow_flush_log_threshold 5s\nflush_interval 1s\nbuffer_chunk_limit 8m\nretry_limit 3",
            []
        ),
        (
            "@type elasticsearch\nport 0",
            ["3:6 error 'port' is '0', which is too small (in <match **> of type elasticsearch)"]
        ),
        (
            "@type elasticsearch\nlogstash_fomat true",
            ["3:1 error unknown parameter 'logstash_fomat' in <match **> of type elasticsearch"]
        ),
        ("@type elasticsearch\nuser u", ["3:6 warning user is given without password"]),
        ("@type elasticsearch\ncloud_id x", ["3:10 error 'cloud_id' is no cloud id"]),
        (
            "@type elasticsearch\ncloud_id d:ZXUuZXhhbXBsZSRhYmMkZGVm",
            ["3:10 error cloud_id is given without cloud_auth"]
        ),
        ("@type elasticsearch\ncloud_id d:ZXUuZXhhbXBsZSRhYmMkZGVm\ncloud_auth u:p", []),
        ("@type elasticsearch\nhosts http://", ["3:7 error 'http://' is no host"]),
        (
            "@type elasticsearch\nscheme htps",
            ["3:8 error 'scheme' is 'htps', which is not valid (in <match **> of type elasticsearch)"]
        ),
        ("@type elasticsearch\nwrite_operation update", ["3:17 error write_operation update needs id_key"]),
        (
            "@type elasticsearch\nreload_connections false",
            [
                "3:1 note 'reload_connections' in <match **> of type elasticsearch has no effect: sluice does the right thing by itself"
            ]
        ),
        (
            "@type elasticsearch\nretry_wait 1s",
            ["3:1 warning 'retry_wait' in <match **> of type elasticsearch has no effect: it belongs into <buffer>"]
        ),
        (
            "@type elasticsearch\nhost es    port 9200",
            ["3:6 error", "3:12 warning 'port' stands inside the value of 'host'"]
        ),
        (
            "@type elasticsearch\ntarget_index_affinity true",
            ["3:23 warning 'target_index_affinity' has an effect only with logstash_format true, id_key and"]
        ),
        (
            "@type elasticsearch\nremove_keys_on_update a",
            ["3:23 warning 'remove_keys_on_update' has an effect only with write_operation update or upsert"]
        ),
        (
            "@type elasticsearch\nremove_keys_on_update a\nwrite_operation upsert\nid_key i\nlogstash_format true\n"
                + "target_index_affinity true", []
        ),
        ("@type elasticsearch\nremove_keys $.a.b,$.c,d", []),
        ("@type elasticsearch\nremove_keys $.a..b", ["3:13 error '$.a..b' is no place in a record"]),
        ("@type elasticsearch\ntemplate_name a", ["3:15 warning no template is put without 'template_file'"]),
        ("@type elasticsearch\ntemplate_file /a", ["3:15 warning no template is put without 'template_name'"]),
        (
            "@type elasticsearch\nenable_ilm true\nilm_policy {}\nilm_policy_overwrite true",
            [
                "3:12 warning 'enable_ilm' has an effect only with template_name and template_file",
                "5:22 error ilm_policy_overwrite needs a policy that overwrites",
            ]
        ),
        (
            "@type elasticsearch\ntemplate_name a\ntemplate_file /a\nenable_ilm true\ndeflector_alias d",
            ["6:17 error 'deflector_alias' and 'enable_ilm' exclude each other"]
        ),
        (
            "@type elasticsearch\ntemplate_name a-${x}\ntemplate_file /a\napplication_name ${tag[1]}",
            ["3:15 error nothing stands for '${x}' in 'template_name'"]
        ),
        (
            "@type elasticsearch\nilm_policies []",
            ["3:14 error 'ilm_policies' is not a JSON object"]
        ),
        (
            "@type file\npath /l\n<buffer>\ntime_key 60m\n</buffer>",
            ["5:1 warning 'time_key' in <buffer> is not used, as in Fluentd"]
        ),
        ("@type elasticsearch\n<buffer time>\n</buffer>", ["3:9 error the chunk key 'time' needs 'timekey'"]),
        (
            "@type elasticsearch\n<buffer>\nflush_interval 100ms\n</buffer>",
            ["4:16 error 'flush_interval' is '100ms', which is not a time (in <buffer>)"]
        ),
        (
            "@type elasticsearch\n<buffer>\nflush_mode lazy\nflush_interval 1s\n</buffer>",
            ["5:16 error flush_interval has a meaning only with flush_mode interval"]
        ),
        (
            "@type elasticsearch\n<buffer time>\ntimekey 1h\nflush_interval 1s\n</buffer>",
            ["5:16 warning flush_interval has no effect with a time key, whose chunks leave when their slice is over"]
        ),
        (
            "@type elasticsearch\n<buffer>\noverflow_action blok\n</buffer>",
            ["4:17 error 'overflow_action' is 'blok', which is not valid (in <buffer>)"]
        ),
        (
            "@type elasticsearch\n<buffer>\n@type file\n</buffer>",
            ["4:7 error a buffer in files needs 'path'"]
        ),
        ("@type elasticsearch\n<buffer>\n@type file\npath /x\n</buffer>", []),
        (
            "@type elasticsearch\n<buffer>\n@type redis\n</buffer>",
            ["4:7 warning buffer type 'redis' is not supported; the buffer is kept in memory"]
        ),
        ("@type elasticsearch\n<buffer>\ntimekey_zone JST\n</buffer>", ["4:14 error"]),
        (
            "@type elasticsearch\n<secondary>\n@type secondary_file\ndirectory /x\nbasename a/${x}\n</secondary>",
            ["6:10 error 'basename' is 'a/${x}', which is a path", "6:10 error nothing stands for '${x}' here"]
        ),
        (
            "@type elasticsearch\n<secondary>\n@type null\n<buffer>\n</buffer>\n</secondary>",
            ["5:1 error <secondary> cannot have a <buffer>", "5:1 note null keeps nothing"]
        ),
        ("@type elasticsearch\n<secondary>\nhost other\n</secondary>", []),
        (
            "@type elasticsearch_data_stream",
            ["1:1 error 'data_stream_name' is required in <match **> of type elasticsearch_data_stream"]
        ),
        (
            "@type opensearch_data_stream\ndata_stream_name .logs\nid_key i",
            [
                "3:18 error no data stream can begin with '.'",
                "4:1 warning 'id_key' in <match **> of type opensearch_data_stream has no effect",
            ]
        ),
        (
            "@type elasticsearch_data_stream\ndata_stream_name ${svc}\ndata_stream_template_name ${svc}_t\n<buffer tag, svc>\n</buffer>",
            ["4:27 error nothing stands for '${svc}' in 'data_stream_template_name'"]
        ),
        (
            "@type elasticsearch_data_stream\ndata_stream_name ${svc}",
            ["3:18 error '${svc}' in 'data_stream_name' is neither the tag nor a chunk key"]
        ),
        ("@type elasticsearch_data_stream\ndata_stream_name a-${tag}\ntime_precision 3\ninclude_tag_key true", []),
        ("@type opensearch\ndefault_opensearch_version 2.19\nverify_os_version_at_startup false", []),
        ("@type opensearch\n<endpoint>\nurl https://x\nregion us-east-1\n</endpoint>", []),
        (
            "@type opensearch\n<endpoint>\nurl https://x\nregion us-east-1\naws_service_name aoss\nassume_role_arn arn:aws:iam::1:role/r\nassume_role_web_identity_token_file /t\nrefresh_credentials_interval 5h\n</endpoint>",
            ["9:1 note 'refresh_credentials_interval' in <endpoint> has no effect"]
        ),
        ("@type opensearch\n<endpoint>\nurl https://x\n</endpoint>", ["3:1 error 'region' is required in <endpoint>"]),
        ("@type opensearch\n<endpoint>\nregion us-east-1\n</endpoint>", ["3:1 error 'url' is required in <endpoint>"]),
        (
            "@type opensearch\n<endpoint>\nurl x\nregion us-east-1\n</endpoint>",
            ["4:5 error 'url' is 'x', which is no URL"]
        ),
        (
            "@type opensearch\n<endpoint>\nurl https://x\nregion us-east-1\naccess_key_id a\n</endpoint>",
            ["6:15 error 'access_key_id' is given without 'secret_access_key'"]
        ),
        (
            "@type opensearch\nhosts a:9200\nuser u\npassword p\n<endpoint>\nurl https://x\nregion us-east-1\n</endpoint>",
            ["3:7 warning 'hosts' has no effect beside <endpoint>", "4:6 error 'user' cannot go with <endpoint>"]
        ),
        (
            "@type opensearch\nlogstash_format true\nid_key id\nwrite_operation update\ntarget_index_affinity true\n<endpoint>\nurl https://x\nregion us-east-1\n</endpoint>",
            ["6:23 error 'target_index_affinity' cannot go with <endpoint>"]
        ),
        (
            "@type aws-elasticsearch-service\ntype_name a\nlogstash_format true\nreconnect_on_error true\nflush_interval 1s\n<endpoint>\nurl https://x\nregion eu-west-1\naccess_key_id a\nsecret_access_key b\n</endpoint>",
            ["5:1 note 'reconnect_on_error' in <match **> of type aws-elasticsearch-service has no effect"]
        ),
        (
            "@type aws-elasticsearch-service\nlogstash_format true",
            ["2:7 error aws-elasticsearch-service needs an <endpoint> with 'url' and 'region'"]
        ),
        ("@type elasticsearch_dynamic\nindex_name idx-${record['id']}-${tag_parts[1]}", []),
        (
            "@type elasticsearch_dynamic\nindex_name a-${Time.at(time).getutc.strftime(@logstash_dateformat)}", []
        ),
        ("@type elasticsearch_dynamic\nindex_name a-${nothing}", ["3:16 error nothing is known as 'nothing'"]),
        ("@type elasticsearch_dynamic\nindex_name a-${record.}", ["3:"]),
        (
            "@type elasticsearch_dynamic\nhosts ${record['host']}:9200",
            ["3:7 error 'hosts' cannot depend on the event"]
        ),
        ("@type elasticsrch", ["2:7 error unknown output type 'elasticsrch'"]),
        ("@type copy", ["1:1 error <match **> of type copy has no <store>"]),
        ("@type copy\n<store ignore_eror>\n@type null\n</store>", ["3:8 error <store> does not know 'ignore_eror'"]),
        (
            "@type copy\n<store ignore_if_prev_success>\n@type null\n</store>",
            ["3:8 error the first <store> has none before it that could succeed"]
        ),
        ("@type copy\n<store>\n@type nul\n</store>", ["4:7 error unknown output type 'nul'"]),
        (
            "@type copy\n<stor>\n@type null\n</stor>",
            [
                "1:1 error <match **> of type copy has no <store>",
                "3:2 error unknown section <stor> in <match **> of type copy",
            ]
        ),
        ("@type relabel", ["1:1 error <match **> of type relabel does not say where events go"]),
        ("@type relabel\n@label @X", ["3:8 error no <label @X> is defined"]),
        (
            "@type detect_exceptions\nlanguages java,pyton",
            [
                "1:1 error <match **> of type detect_exceptions would get its own events again, under the tag they have",
                "3:11 error 'languages' names 'pyton', which is not known",
            ]
        ),
        (
            "@type rewrite_tag_filter\nrewriterule1 k ^a$ x",
            ["3:1 error 'rewriterule1' is the form of older versions, which is not read any more"]
        ),
        (
            "@type rewrite_tag_filter",
            ["1:1 error <match **> of type rewrite_tag_filter has no <rule>, so it would drop everything"]
        ),
        ("@type rewrite_tag_filter\n<rule>\nkey k\npattern a\n</rule>", ["3:1 error 'tag' is required in <rule>"]),
        ("@type rewrite_tag_filter\n<rule>\nkey k\npattern /a(/\ntag x\n</rule>", ["5:11 error"]),
        ("@type rewrite_tag_filter\n<rule>\nkey $.a..b\npattern a\ntag x\n</rule>", ["4:8 error '$.a..b' is no place"]),
        (
            "@type rewrite_tag_filter\n@label @X\n<rule>\nkey k\npattern a\ntag x\nlabel @Y\n</rule>",
            ["3:8 error no <label @X> is defined", "8:7 error no <label @Y> is defined"]
        ),
        (
            "@type rewrite_tag_filter\n@label @ERROR\n<rule>\nkey k\npattern /(?<n>a)/\ntag ${n}.$2\nlevel 1\n</rule>",
            [
                "3:8 error no <label @ERROR> is defined",
                "7:5 warning unknown placeholder '${n}' will be empty",
                "7:5 warning '$2' will be empty: the pattern has 1 group",
                "8:1 error unknown parameter 'level' in <rule>",
            ]
        ),
        (
            "@type rewrite_tag_filter\n<rule>\nkey k\npattern a\ntag x.$1\ninvert true\n</rule>",
            [
                "1:1 warning events come back here under their new tag, such as 'x.word'",
                "6:5 warning '$1' will be empty: with 'invert true' the pattern has matched nothing",
            ]
        ),
        ("@type stdout\n<buffer>\n</buffer>", ["3:1 note stdout writes at once; <buffer> has no effect"]),
    ]

    @Test("a wrong line of an output", arguments: matches.indices)
    func match(_ index: Int) {
        Checked.expect(
            "<match **>\n\(Self.matches[index].0)\n</match>\n<source>\n@type forward\n</source>\n",
            Self.matches[index].1)
    }

    static let whole: [(String, [String])] = [
        ("<system>\nlog_level loud\n</system>\n", ["2:11 error 'log_level' is 'loud', which is no level"]),
        ("<system>\nworkers 4\n</system>\n", ["2:9 warning sluice is one process; 'workers' has no effect"]),
        ("<system>\nlog_levl info\n</system>\n", ["2:1 warning unknown parameter 'log_levl' in <system> is not used"]),
        (
            "<match a.{b,c>\n@type null\n</match>\n",
            ["1:10 error <match a.{b,c>: '{' is never closed in the tag pattern"]
        ),
        ("<match a\n@type null\n</match>\n", ["1:9 error the tag '<match' has no '>'"]),
    ]

    @Test("a wrong line elsewhere", arguments: whole.indices)
    func elsewhere(_ index: Int) {
        Checked.expect(
            Self.whole[index].0 + "<source>\n@type forward\n</source>\n<match **>\n@type null\n</match>\n",
            Self.whole[index].1)
    }

    @Test("a configuration without a source or a match says so")
    func bare() {
        #expect(
            Checked("").messages == [
                "1:1 warning the configuration has no <source>, so no event will ever arrive",
                "1:1 warning there is no <match>, so every event is dropped",
            ])
        #expect(
            Checked("<source>\n@type forward\n</source>\n").messages == [
                "1:1 warning there is no <match>, so every event is dropped"
            ])
    }
}
