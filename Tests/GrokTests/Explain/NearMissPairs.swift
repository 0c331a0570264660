/// Expressions with a line each that matches: what the near-misses are made of.
enum NearMissPairs {
    struct Pair: Sendable {
        let expression: String
        let line: String

        init(_ expression: String, _ line: String) {
            self.expression = expression
            self.line = line
        }
    }

    /// Lines in the shapes of public formats, with expressions as operators write them.
    static let all = formats + services + openText

    private static let formats: [Pair] = [
        // Web servers and proxies.
        Pair(
            #"^%{IPORHOST:client} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \[%{HTTPDATE:timestamp}\] "%{WORD:verb} %{NOTSPACE:request} HTTP/%{NUMBER:version}" %{INT:status:integer} %{INT:bytes:integer}$"#,
            #"203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] "GET /cart?id=9 HTTP/1.1" 200 5120"#),
        Pair(
            #"^%{IP:client} - \[%{HTTPDATE:time_local}\] %{INT:status} %{NUMBER:request_time:float} "%{DATA:agent}"$"#,
            #"198.51.100.7 - [03/Mar/2026:05:06:07 +0100] 301 0.043 "curl/8.5.0""#),
        Pair(
            #"^%{YEAR:y}/%{MONTHNUM:m}/%{MONTHDAY:d} %{TIME:time} \[%{LOGLEVEL:level}\] %{POSINT:pid}#%{NONNEGINT:tid}: %{GREEDYDATA:message}$"#,
            #"2026/03/04 05:06:07 [error] 311#12: connect() failed"#),
        Pair(
            #"%{IP:client}:%{INT:port:integer} \[%{NOTSPACE:accepted}\] %{WORD:frontend} %{NOTSPACE:backend}/%{WORD:server} %{INT:tq}/%{INT:tw}/%{INT:tc} %{INT:status} %{INT:bytes}"#,
            #"192.0.2.10:51422 [04/Mar/2026:05:06:07.123] front api-pool/s1 10/0/30 200 2750"#),
        Pair(
            #"\[%{TIMESTAMP_ISO8601:start}\] "%{WORD:method} %{URIPATHPARAM:path} %{NOTSPACE:protocol}" %{INT:code} %{WORD:flags} %{INT:received} %{INT:sent} %{NUMBER:duration}"#,
            #"[2026-03-04T05:06:07.123Z] "POST /api/v1/items?x=1 HTTP/2" 503 UF 17 91 25"#),
        Pair(
            #"^%{TIMESTAMP_ISO8601:time} %{IP:server} %{WORD:method} %{URIPATH:stem} %{NOTSPACE:query} %{INT:port} %{NOTSPACE:user} %{IP:client} %{INT:status} %{INT:taken}$"#,
            #"2026-03-04 05:06:07 10.0.0.1 GET /a q=1 80 jane 192.0.2.1 200 15"#),
        Pair(
            #"^%{NUMBER:timestamp} +%{NONNEGINT:duration} %{IP:client} %{WORD:action}/%{POSINT:status} %{INT:bytes} %{WORD:method} %{URI:url}"#,
            #"1772600767.123    245 192.0.2.33 TCP_MISS/200 4821 GET http://www.example.org/index.html"#),
        Pair(
            #"^%{IP:client} %{WORD:method} %{URIPATHPARAM:request} %{INT:bytes:integer} %{NUMBER:duration:float}$"#,
            "55.3.244.1 GET /index.html 15824 0.043"),
        Pair(
            #"^%{HOSTNAME:vhost}:%{POSINT:port} %{IPV4:client} "%{DATA:referrer}" %{INT:status}$"#,
            #"www.example.org:443 192.0.2.4 "https://example.net/" 404"#),
        // syslog and its programs.
        Pair(
            #"^%{SYSLOGTIMESTAMP:at} %{SYSLOGHOST:host} %{WORD:program}\[%{POSINT:pid}\]: %{GREEDYDATA:message}$"#,
            "Nov 24 18:22:44 web-1 sshd[311]: Accepted publickey for carol"),
        Pair(
            #"^<%{NONNEGINT:priority}>%{POSINT:version} %{TIMESTAMP_ISO8601:at} %{NOTSPACE:host} %{NOTSPACE:app} %{NOTSPACE:pid} %{NOTSPACE:msgid} - %{GREEDYDATA:message}$"#,
            "<165>1 2026-03-04T05:06:07.003Z mail.example.org evntslog 311 ID47 - disk is full"),
        Pair(
            #"^Accepted %{WORD:method} for %{USERNAME:user} from %{IP:source} port %{INT:port:integer} ssh2$"#,
            "Accepted publickey for carol from 192.0.2.17 port 51022 ssh2"),
        Pair(
            #"^Failed password for (?:invalid user )?%{USERNAME:user} from %{IP:source} port %{INT:port}"#,
            "Failed password for invalid user admin from 203.0.113.9 port 4022 ssh2"),
        Pair(
            #"^%{SYSLOGTIMESTAMP:at} %{HOSTNAME:host} kernel: \[%{NUMBER:uptime:float}\] %{WORD:chain} IN=%{WORD:in} OUT= SRC=%{IP:src} DST=%{IP:dst} LEN=%{INT:length:integer}"#,
            "Mar 14 05:06:07 gw kernel: [12345.678901] DROP IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.2 LEN=60 TOS=0x00"
        ),
        Pair(
            #"^%{WORD:queue_id}: to=<%{EMAILADDRESS:to}>, relay=%{HOSTNAME:relay}\[%{IP:relay_ip}\]:%{POSINT:port}, delay=%{NUMBER:delay}, status=%{WORD:status}"#,
            "3F2A17C0: to=<jane@example.org>, relay=mx.example.org[192.0.2.25]:25, delay=1.2, status=sent (250 ok)"),
        Pair(
            #"^\(%{USERNAME:user}\) CMD \(%{DATA:command}\)$"#, "(root) CMD (/usr/lib/sa/sa1 1 1)"),
        // Applications.
        Pair(
            #"^\[%{TIMESTAMP_ISO8601:at}\] %{LOGLEVEL:level}: %{GREEDYDATA:message}$"#,
            "[2026-11-24T18:22:44Z] ERROR: disk full"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} +%{LOGLEVEL:level} %{POSINT:pid} --- \[%{DATA:thread}\] %{NOTSPACE:logger} : %{GREEDYDATA:message}$"#,
            "2026-03-04 05:06:07.123  INFO 4711 --- [main] o.e.Service : started"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} \[%{DATA:thread}\] %{LOGLEVEL:level} +%{NOTSPACE:logger} - %{GREEDYDATA:message}$"#,
            "2026-03-04 05:06:07,123 [http-8080-1] WARN  org.example.Pool - no connection left"),
        Pair(
            #"^%{WORD:level}:%{NOTSPACE:logger}:%{GREEDYDATA:message}$"#, "WARNING:root:low memory"),
        Pair(
            #"^(?<severity>[IWEF])(?<monthday>\d{4}) %{TIME:time} +%{INT:thread} %{NOTSPACE:file}:%{INT:line}\] %{GREEDYDATA:message}$"#,
            "I0304 05:06:07.123456   12345 server.go:120] started"),
        Pair(
            #"^%{INT:pid}:(?<role>[XCSM]) %{MONTHDAY:day} %{MONTH:month} %{YEAR:year} %{TIME:time} \* %{GREEDYDATA:message}$"#,
            "4018:M 04 Mar 2026 05:06:07.114 * Ready to accept connections"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} UTC \[%{POSINT:pid}\] %{USERNAME:user}@%{WORD:database} %{WORD:level}:  %{GREEDYDATA:message}$"#,
            "2026-03-04 05:06:07.123 UTC [4711] app@shop ERROR:  relation does not exist"),
        Pair(
            #"^# Query_time: %{NUMBER:query_time:float}  Lock_time: %{NUMBER:lock_time:float} Rows_sent: %{INT:sent:integer}  Rows_examined: %{INT:examined:integer}$"#,
            "# Query_time: 2.153245  Lock_time: 0.000101 Rows_sent: 12  Rows_examined: 90812"),
        Pair(
            #"^user=%{USERNAME:user} id=%{INT:id:integer} took=%{NUMBER:took:float}ms$"#,
            "user=bob id=17 took=3.5ms"),
        Pair(
            #"^level=%{WORD:level} msg="%{DATA:message}" count=%{INT:count:integer} peer=%{IP:peer}$"#,
            #"level=info msg="cache warm" count=12 peer=192.0.2.8"#),
        Pair(
            #"^%{DATE_EU:day} %{TIME:time} %{WORD:unit} %{NUMBER:value:float} %{WORD:state}$"#,
            "24.11.2026 18:22:44 pump3 17.5 ok"),
        Pair(#"^%{DATE_US:day} %{WORD:state}$"#, "11/24/2026 closed"),
        Pair(
            #"^%{HTTPDATE:at} \| %{WORD:module} \| %{INT:code} \| %{GREEDYDATA:message}$"#,
            "24/Nov/2026:18:22:44 +0100 | billing | 17 | invoice sent"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at};%{WORD:host};%{INT:cpu:integer};%{INT:memory:integer};%{WORD:state}$"#,
            "2026-03-04T05:06:07Z;node7;45;2048;up"),
        Pair(
            #"^(?<kind>[A-Z]{3})-(?<number>\d{4}) %{UUID:id} %{MAC:mac} %{NOTSPACE:port}$"#,
            "ABC-1234 6f9619ff-8b86-d011-b42d-00cf4fc964ff 00:1a:2b:3c:4d:5e eth0/1"),
        Pair(
            #"^(?<event>start|stop|reload) of %{QUOTEDSTRING:unit} by %{USER:user} after %{INT:seconds:integer} s$"#,
            #"reload of "nginx.service" by root after 12 s"#),
        Pair(
            #"^job %{NOTSPACE:job} (?<result>done|failed) in %{INT:ms:integer} ms, %{INT:rows:integer} rows$"#,
            "job nightly-7 done in 815 ms, 4021 rows"),
        Pair(
            #"^%{WORD:method} %{URIPATHPARAM:path} -> %{INT:status} \(%{NUMBER:ms} ms\)$"#,
            "PUT /v2/items/9 -> 204 (15.2 ms)"),
        Pair(
            #"^temperature %{WORD:sensor}: %{NUMBER:celsius:float} C, humidity %{INT:humidity:integer} %$"#,
            "temperature s7: 21.5 C, humidity 45 %"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} %{WORD:device} %{IP:src}/%{INT:sport} to %{IP:dst}/%{INT:dport} %{WORD:verdict}$"#,
            "2026-03-04T05:06:07+01:00 fw2 192.0.2.10/51422 to 198.51.100.3/443 allowed"),
        Pair(
            #"^\{%{WORD:cluster}\} %{HOSTPORT:node} joined at %{TIME:at}, %{INT:members} members$"#,
            "{blue} db.internal:7000 joined at 05:06:07, 5 members"),
        Pair(
            #"^%{DAY:weekday} %{MONTH:month} %{MONTHDAY:day} %{TIME:time} %{YEAR:year} pid %{INT:pid}: %{GREEDYDATA:message}$"#,
            "Tue Nov 24 18:22:44 2026 pid 12: ready"),
        Pair(
            #"^backup of %{UNIXPATH:path} took %{INT:hours}h%{INT:minutes}m, %{NUMBER:size} GiB, exit %{INT:exit}$"#,
            "backup of /srv/data took 2h15m, 183.4 GiB, exit 0"),
        Pair(
            #"^%{USERNAME:user}@%{HOSTNAME:host}: %{WORD:action} %{UNIXPATH:file} \[%{WORD:outcome}\]$"#,
            "carol@build-3: upload /srv/in/a.tar [ok]"),
        Pair(
            #"^order %{INT:order:integer} for %{EMAILADDRESS:customer} total %{NUMBER:total:float} EUR$"#,
            "order 4711 for jane@example.org total 99.95 EUR"),
        Pair(
            #"^%{SYSLOG5424PRI}%{NONNEGINT:version} %{TIMESTAMP_ISO8601:at} %{IPORHOST:host} %{WORD:app}: %{WORD:state}=%{INT:value}$"#,
            "<134>1 2026-03-04T05:06:07Z core-sw link: up=1"),
        Pair(
            #"^CEF:%{INT:version}\|%{DATA:vendor}\|%{DATA:product}\|%{DATA:release}\|%{INT:signature}\|%{DATA:name}\|%{INT:severity}\|src=%{IP:src} dst=%{IP:dst}$"#,
            "CEF:0|Example|Guard|1.0|100|worm stopped|10|src=192.0.2.1 dst=198.51.100.2"),
        Pair(
            #"^%{INT:epoch} %{WORD:host} load %{NUMBER:one}, %{NUMBER:five}, %{NUMBER:fifteen}$"#,
            "1772600767 web01 load 0.15, 0.20, 0.18"),
        Pair(
            #"^T:%{IP:device} (?<code>[A-Z]\d{2}) %{WORD:text} at %{TIME:at}$"#,
            "T:192.0.2.77 E42 overheated at 05:06:07"),
    ]
}
