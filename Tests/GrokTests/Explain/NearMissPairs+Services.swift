extension NearMissPairs {
    /// Lines in the shapes that servers of all kinds write.
    static let services: [Pair] = [
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} %{NOTSPACE:logger} +\[%{POSINT:pid}\]: %{LOGLEVEL:level} +\[%{WORD:jail}\] %{WORD:action} %{IP:address}$"#,
            "2026-03-04 05:06:07,123 fail2ban.actions        [311]: NOTICE  [sshd] Ban 192.0.2.74"),
        Pair(
            #"^%{SYSLOGTIMESTAMP:at} %{SYSLOGHOST:host} dovecot: %{NOTSPACE:service}: Login: user=<%{EMAILADDRESS:user}>, method=%{WORD:method}, rip=%{IP:remote}, lip=%{IP:local}, mpid=%{POSINT:mpid}, TLS$"#,
            "Mar 14 05:06:07 mail dovecot: imap-login: Login: user=<jane@example.org>, method=PLAIN, rip=192.0.2.9, lip=198.51.100.2, mpid=27548, TLS"
        ),
        Pair(
            #"^\[pid: %{POSINT:pid}\|app: %{INT:app}\|req: %{INT:own}/%{INT:all}\] %{IP:client} \(%{DATA:user}\) \{%{INT:vars} vars in %{INT:size} bytes\} \[%{DATA:at}\] %{WORD:method} %{URIPATHPARAM:uri} => generated %{INT:bytes} bytes in %{INT:ms:integer} msecs \(%{NOTSPACE:protocol} %{INT:status}\)"#,
            "[pid: 343|app: 0|req: 678/3082] 192.0.2.171 (admin) {38 vars in 637 bytes} [Wed Mar  4 05:06:07 2026] GET /api/level => generated 52243 bytes in 14 msecs (HTTP/1.1 200) 10 headers in 411 bytes"
        ),
        Pair(
            #"^%{LOGLEVEL:level} +\[%{NOTSPACE:thread}\] %{TIMESTAMP_ISO8601:at} %{NOTSPACE:file}:%{INT:line:integer} - %{GREEDYDATA:message}$"#,
            "INFO  [CompactionExecutor:2] 2026-03-04 05:06:07,714 CompactionTask.java:253 - Compacted 7 sstables"),
        Pair(
            #"^\[%{TIMESTAMP_ISO8601:at}\] %{WORD:level}\[%{INT:pid}\] %{NOTSPACE:file}: %{GREEDYDATA:message}$"#,
            "[2026-03-04 05:06:07,283] VERBOSE[13892] netsock2.c: Using SIP TOS bits 96"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} \[%{WORD:level}\] <%{DATA:process}> accepting AMQP connection <%{DATA:connection}> \(%{IP:peer}:%{POSINT:port} -> %{IP:server}:%{POSINT:server_port}\)$"#,
            "2026-03-04 05:06:07.054 [info] <0.1113.0> accepting AMQP connection <0.1113.0> (192.0.2.104:37148 -> 192.0.2.102:5672)"
        ),
        Pair(
            #"^\[%{NUMBER:uptime:float}s\]\[%{WORD:level}\]\[%{DATA:tags} *\] GC\(%{INT:gc}\) %{WORD:kind} %{WORD:phase} %{INT:before}M->%{INT:after}M\(%{INT:size}M\) %{NUMBER:ms:float}ms$"#,
            "[488134.852s][info][gc             ] GC(202539) Pause Remark 11802M->11244M(12288M) 14.560ms"),
        Pair(
            #"^type=%{WORD:type} msg=audit\(%{NUMBER:at}:%{INT:serial}\): item=%{INT:item} name="%{DATA:name}" inode=%{INT:inode} dev=%{NOTSPACE:dev} mode=%{INT:mode} ouid=%{INT:ouid} ogid=%{INT:ogid}$"#,
            #"type=PATH msg=audit(1772600767.599:5207): item=0 name="/var/log/audit.log" inode=1219041 dev=08:06 mode=0100644 ouid=0 ogid=0"#
        ),
        Pair(
            #"^%{YEAR:y}\.%{MONTHNUM:m}\.%{MONTHDAY:d} %{TIME:time} \[ %{INT:thread} \] \{%{DATA:query}\} <%{WORD:level}> %{NOTSPACE:logger}: %{GREEDYDATA:message}$"#,
            "2026.03.04 05:06:07.226876 [ 187 ] {ff7f861f-e542-48fc-8270-3d0c40af2d2f} <Debug> executeQuery: Read 43 rows"
        ),
        Pair(
            #"^%{SYSLOGTIMESTAMP:at} %{HOSTNAME:host} dhcpd\[%{POSINT:pid}\]: DHCPACK on %{IP:address} to %{MAC:mac} \(%{NOTSPACE:name}\) via %{WORD:interface}$"#,
            "Mar 14 05:06:07 gw dhcpd[811]: DHCPACK on 192.0.2.10 to 00:11:22:33:44:55 (box-7) via eth0"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} (?<level>[IWEDC]) \| %{WORD:package}: %{DATA:message} took too long \(%{NUMBER:took}(?<unit>[a-z]+)\) to execute$"#,
            "2026-03-04 05:06:07.724999 W | etcdserver: read-only range request took too long (1.602181876s) to execute"
        ),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} %{INT:pid} %{WORD:level} %{NOTSPACE:database} %{NOTSPACE:logger}: %{GREEDYDATA:message}$"#,
            "2026-03-04 05:06:07,941 17 INFO shop odoo.modules.registry: Caches invalidated"),
        Pair(
            #"^\[%{TIMESTAMP_ISO8601:at}\] sched: %{WORD:call} JobId=%{INT:job:integer} NodeList=%{NOTSPACE:nodes} usec=%{INT:usec:integer}$"#,
            "[2026-03-04T05:06:07.994] sched: _slurm_rpc_allocate_resources JobId=5 NodeList=r7a-1 usec=505"),
        Pair(
            #"^%{DATE_US:day} %{TIME:time};%{INT:code};%{WORD:server};%{WORD:kind};%{NOTSPACE:object};%{GREEDYDATA:message}$"#,
            "03/04/2026 05:06:07.799100;0400;pbs_sched;Node;vn0;Evaluating subchunk"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} %{NOTSPACE:name} \(%{DATA:rank}\) %{INT:sequence} : %{WORD:channel} \[%{WORD:level}\] %{GREEDYDATA:message}$"#,
            "2026-03-04T05:06:07.293172+0000 mon.node-10 (mon.0) 9766581 : cluster [WRN] Health check update"),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} %{WORD:zone} \[%{INT:pid}\] %{WORD:level} %{NOTSPACE:socket}: %{WORD:database}/%{WORD:user}@%{IP:client}:%{POSINT:port} closing because: %{DATA:reason} \(age=%{INT:age}s\)$"#,
            "2026-03-04 05:06:07.124 UTC [1] LOG C-0x7fa96ffa8750: shop/jane@192.0.2.8:55946 closing because: client close request (age=5s)"
        ),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} %{WORD:source} +Error: %{INT:error}, Severity: %{INT:severity}, State: %{INT:state}\.$"#,
            "2026-03-04 05:06:07.22 Logon       Error: 18456, Severity: 14, State: 2."),
        Pair(
            #"^%{TIMESTAMP_ISO8601:at} \[myid:%{INT:id}\] - %{LOGLEVEL:level} +\[%{DATA:thread}:%{WORD:class}@%{INT:line}\] - %{GREEDYDATA:message}$"#,
            "2026-03-04 05:06:07,858 [myid:1] - INFO  [WorkerReceiver:FastLeaderElection@542] - Notification"),
        Pair(
            #"^%{DATE_US:day}-%{TIME:time} +\[\*\*\] \[%{INT:gid}:%{INT:sid}:%{INT:rev}\] %{DATA:signature} \[\*\*\] \[Classification: %{DATA:class}\] \[Priority: %{INT:priority}\] \{%{WORD:protocol}\} %{IP:src}:%{INT:sport} -> %{IP:dst}:%{INT:dport}$"#,
            "03/04/2026-05:06:07.307554  [**] [1:2200074:1] invalid checksum [**] [Classification: Bad Traffic] [Priority: 3] {TCP} 192.0.2.11:42336 -> 198.51.100.12:80"
        ),
        Pair(
            #"^%{IP:client} %{NOTSPACE:user} \[%{HTTPDATE:at}\] "%{WORD:method} %{URIPATH:printer} HTTP/%{NUMBER:version}" %{INT:status} %{INT:bytes} %{NOTSPACE:operation} %{NOTSPACE:result}$"#,
            #"192.0.2.3 jane [04/Mar/2026:05:06:07 +0000] "POST /printers/laser HTTP/1.1" 200 344 Create-Job successful-ok"#
        ),
    ]
}
