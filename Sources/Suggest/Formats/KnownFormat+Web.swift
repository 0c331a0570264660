/// Web servers, proxies and load balancers.
///
/// Sources: the manuals of Apache httpd (mod_log_config), nginx (ngx_http_log_module), HAProxy (Log format), Squid
/// (logformat), Traefik (Access logs), Envoy (default format string), AWS (S3, ELB, CloudFront).
extension KnownFormat {
    /// `COMBINEDAPACHELOG` without the quotes that it leaves around its last two fields.
    private static let combined = #"%{COMMONAPACHELOG} "(?<referrer>(?:[^"\\]|\\.)*)" "(?<agent>(?:[^"\\]|\\.)*)""#

    static let web: [KnownFormat] = [
        KnownFormat(
            title: "Traefik access log",
            expression:
                combined
                + #" %{INT:request_count:integer} "%{DATA:router}" "%{DATA:server}" %{INT:duration:integer}ms"#,
            requirement: #"\S+ \S+ \S+ \[[^\]]+\] ".*ms\s*$"#),
        KnownFormat(
            title: "ingress-nginx access log",
            expression:
                combined
                + #" %{INT:request_length:integer} %{NUMBER:request_time:float} \[%{DATA:upstream_name}\] \[%{DATA:alternative_upstream}\] %{NOTSPACE:upstream} %{NOTSPACE:upstream_bytes} %{NOTSPACE:upstream_time} %{NOTSPACE:upstream_status}(?: %{NOTSPACE:request_id})?"#,
            requirement: #"\S+ \S+ \S+ \[[^\]]+\] ".*" \d+ [\d.]+ \["#),
        KnownFormat(
            title: "web access log, combined format", expression: combined,
            requirement: #"\S+ \S+ .*\[\d+/"#),
        KnownFormat(
            title: "web access log, combined format with the forwarded address",
            expression: combined + #" "%{DATA:x_forwarded_for}""#, requirement: #"\S+ \S+ .*\[\d+/"#),
        KnownFormat(
            title: "web access log, combined format with virtual host",
            expression: "%{IPORHOST:vhost}:%{POSINT:port:integer} " + combined,
            requirement: #"[\w.-]+:\d+ \S+ \S+ .*\[\d+/"#),
        KnownFormat(
            title: "web access log, combined format with the request time",
            expression: combined + " %{NUMBER:request_time:float}", requirement: #"\S+ \S+ .*\[\d+/"#),
        KnownFormat(
            title: "web access log, common format", expression: "%{COMMONAPACHELOG}", requirement: #"\S+ \S+ .*\[\d+/"#),
        KnownFormat(
            title: "web access log, combined format with more fields",
            expression: combined + " %{GREEDYDATA:message}", requirement: #"\S+ \S+ .*\[\d+/"#),
        KnownFormat(
            title: "Envoy access log",
            expression:
                #"\[%{TIMESTAMP_ISO8601:timestamp}\] "%{NOTSPACE:method} %{DATA:request} %{NOTSPACE:protocol}" %{INT:status:integer} %{NOTSPACE:response_flags} (?:%{NOTSPACE:response_details} %{NOTSPACE:termination_details} "%{DATA:transport_failure}" )?%{INT:bytes_received:integer} %{INT:bytes_sent:integer} %{INT:duration:integer} (?:-|%{INT:upstream_time:integer}) "%{DATA:forwarded_for}" "%{DATA:agent}" "%{DATA:request_id}" "%{DATA:authority}" "%{DATA:upstream}"(?: %{GREEDYDATA:message})?"#,
            requirement: #"\[\d{4}-\d\d-\d\dT[\d:.]+Z\] ""#),
        KnownFormat(title: "Apache error log", expression: "%{HTTPD24_ERRORLOG}", requirement: #"\[\w{3} \w{3} "#),
        KnownFormat(
            title: "Apache error log, version 2.2", expression: "%{HTTPD20_ERRORLOG}", requirement: #"\[\w{3} \w{3} "#),
        KnownFormat(
            title: "nginx error log",
            expression:
                #"(?<timestamp>%{YEAR}/%{MONTHNUM}/%{MONTHDAY} %{TIME}) \[%{LOGLEVEL:level}\] %{POSINT:pid:integer}[#]%{NONNEGINT:tid:integer}: (?:\*%{NONNEGINT:connection:integer} )?%{DATA:message}(?:, client: %{IPORHOST:clientip})?(?:, server: %{DATA:server})?(?:, request: "%{DATA:request}")?(?:, subrequest: "%{DATA:subrequest}")?(?:, upstream: "%{DATA:upstream}")?(?:, host: "%{DATA:host}")?(?:, referrer: "%{DATA:referrer}")?$"#,
            requirement: #"\d{4}/\d\d/\d\d [\d:]+ \[\w+\] \d+#"#, pairs: nil),
        KnownFormat(
            title: "HAProxy HTTP log", expression: "%{HAPROXYHTTP}", requirement: #".{3,60} \S+\[\d+\]: \S+:\d+ \["#),
        KnownFormat(
            title: "HAProxy TCP log", expression: "%{HAPROXYTCP}", requirement: #".{3,60} \S+\[\d+\]: \S+:\d+ \["#),
        KnownFormat(
            title: "HAProxy HTTP log without syslog header", expression: "%{HAPROXYHTTPBASE}",
            requirement: #"\S+:\d+ \["#),
        KnownFormat(
            title: "HAProxy connection log",
            expression:
                #"(?:%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGHOST:logsource} )?)?%{NOTSPACE:program}\[%{INT:pid:integer}\]: Connect from %{IP:clientip}:%{INT:clientport:integer} to %{IP:ip}:%{INT:port:integer} \(%{NOTSPACE:frontend}/%{WORD:mode}\)"#,
            requirement: #".*: Connect from "#, pairs: nil),
        KnownFormat(
            title: "Squid access log", expression: "%{SQUID3}", requirement: #"\d{9,10}\.\d+ +\d+ \S+ \w+/\d+ "#),
        KnownFormat(title: "S3 access log", expression: "%{S3_ACCESS_LOG}", requirement: #"\S+ \S+ \[\d+/\w+/"#),
        KnownFormat(
            title: "application load balancer access log",
            expression:
                #"%{NOTSPACE:type} %{TIMESTAMP_ISO8601:timestamp} %{NOTSPACE:elb} %{IPORHOST:clientip}:%{INT:clientport:integer} (?:-|%{IPORHOST:backendip}:%{INT:backendport:integer}) %{NUMBER:request_processing_time:float} %{NUMBER:backend_processing_time:float} %{NUMBER:response_processing_time:float} (?:-|%{INT:status:integer}) (?:-|%{INT:backend_status:integer}) %{INT:received_bytes:integer} %{INT:bytes:integer} "(?:%{WORD:method} %{NOTSPACE:request} HTTP/%{NUMBER:httpversion}|%{DATA:rawrequest})" "%{DATA:agent}" %{NOTSPACE:ssl_cipher} %{NOTSPACE:ssl_protocol}(?: %{NOTSPACE:target_group})?(?: "%{DATA:trace_id}")?(?: "%{DATA:domain}" "%{DATA:certificate}" %{NOTSPACE:rule_priority} %{TIMESTAMP_ISO8601:request_creation_time} "%{DATA:actions}" "%{DATA:redirect_url}" "%{DATA:error_reason}")?(?: %{GREEDYDATA:message})?"#,
            requirement: #"(?:https?|h2|grpcs|wss?) \d{4}-"#, pairs: nil),
        KnownFormat(
            title: "load balancer access log", expression: "%{ELB_ACCESS_LOG}",
            requirement: #"\d{4}-\d\d-\S+Z \S+ \S+:\d+ "#),
        KnownFormat(
            title: "CloudFront access log", expression: "%{CLOUDFRONT_ACCESS_LOG}", requirement: #"\d{4}-\d\d-\d\d\t"#),
    ]
}
