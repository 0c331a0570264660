// swift-format-ignore-file
// Written by Sources/Grok/embed-patterns from patterns/; do not edit.

/// The pattern files as they were when the program was built.
enum EmbeddedPatterns {
    /// The files of a series by name, in order.
    static func files(of series: PatternSeries) -> [(name: String, text: String)] {
        switch series {
        case .legacy:
            [
                ("legacy/aws", ####"""
# Amazon web services: S3 server access logs, classic load balancer, CloudFront.
# Source: the log format pages of the S3, Elastic Load Balancing and CloudFront manuals.

# request of an S3 line, quotes taken off; anything else is kept raw — GET /acme-media/cats/tom.png HTTP/1.1
S3_REQUEST_LINE (?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})
# S3 server access line — 9f8e7d6c5b4a acme-media [24/Nov/2026:18:22:44 +0000] 192.0.2.33 - 4E1B2D REST.PUT.OBJECT up/x "PUT /up/x HTTP/1.1" 403 AccessDenied 243 - 8 - "-" "S3Console/0.4" -
S3_ACCESS_LOG %{WORD:owner} %{NOTSPACE:bucket} \[%{HTTPDATE:timestamp}\] %{IP:clientip} %{NOTSPACE:requester} %{NOTSPACE:request_id} %{NOTSPACE:operation} %{NOTSPACE:key} (?:"%{S3_REQUEST_LINE}"|-) (?:%{INT:response:integer}|-) (?:-|%{NOTSPACE:error_code}) (?:%{INT:bytes:integer}|-) (?:%{INT:object_size:integer}|-) (?:%{INT:request_time_ms:integer}|-) (?:%{INT:turnaround_time_ms:integer}|-) (?:%{QS:referrer}|-) (?:"?%{QS:agent}"?|-) (?:-|%{NOTSPACE:version_id})
# path and query of a balanced request — /cart/view?item=3&x=y
ELB_URIPATHPARAM %{URIPATH:path}(?:%{URIPARAM:params})?
# URI of a balanced request — https://shop.example:8443/cart/view?item=3
ELB_URI %{URIPROTO:proto}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST:urihost})?(?:%{ELB_URIPATHPARAM})?
# request line of a balanced request; anything else is kept raw — GET https://shop.example:443/cart/view?item=3 HTTP/1.1
ELB_REQUEST_LINE (?:%{WORD:verb} %{ELB_URI:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})
# classic load balancer line — 2026-11-24T18:22:44.615172Z front-lb 192.0.2.44:40100 10.1.0.9:8080 0.000041 0.012 0.000033 200 200 0 5120 "GET https://shop.example:443/cart?item=3 HTTP/1.1"
ELB_ACCESS_LOG %{TIMESTAMP_ISO8601:timestamp} %{NOTSPACE:elb} %{IP:clientip}:%{INT:clientport:integer} (?:%{IP:backendip}::?%{INT:backendport:integer}|-) %{NUMBER:request_processing_time:float} %{NUMBER:backend_processing_time:float} %{NUMBER:response_processing_time:float} %{INT:response:integer} (?:-|%{INT:backend_response:integer}) %{INT:received_bytes:integer} %{INT:bytes:integer} "%{ELB_REQUEST_LINE}"
# CloudFront line, tabs between the fields — 2026-11-24	18:22:44	FRA56	2048	192.0.2.55	GET	d111abc.cloudfront.example	/img/logo.png	200	https://www.example.org/	Mozilla/5.0%20(X11)	v=2	-	Hit	Qx7Zp==	cdn.example.org	https	310	0.021	-	TLSv1.3	TLS_AES_128_GCM_SHA256	Hit
CLOUDFRONT_ACCESS_LOG (?<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY}\t%{TIME})\t%{WORD:x_edge_location}\t(?:%{NUMBER:sc_bytes:integer}|-)\t%{IPORHOST:clientip}\t%{WORD:cs_method}\t%{HOSTNAME:cs_host}\t%{NOTSPACE:cs_uri_stem}\t%{NUMBER:sc_status:integer}\t%{GREEDYDATA:referrer}\t%{GREEDYDATA:agent}\t%{GREEDYDATA:cs_uri_query}\t%{GREEDYDATA:cookies}\t%{WORD:x_edge_result_type}\t%{NOTSPACE:x_edge_request_id}\t%{HOSTNAME:x_host_header}\t%{URIPROTO:cs_protocol}\t%{INT:cs_bytes:integer}\t%{GREEDYDATA:time_taken:float}\t%{GREEDYDATA:x_forwarded_for}\t%{GREEDYDATA:ssl_protocol}\t%{GREEDYDATA:ssl_cipher}\t%{GREEDYDATA:x_edge_response_result_type}
"""####),
                ("legacy/bacula", ####"""
# Bacula backup, the messages of the director and the daemons.
# A full stop stands for any character, as in the sets these names come from.

# time of a line — 24-Nov 18:22
BACULA_TIMESTAMP %{MONTHDAY}-%{MONTH} %{HOUR}:%{MINUTE}
# daemon that wrote the line — backup-dir
BACULA_HOST [A-Za-z0-9-]+
# name of a volume — Full-0042
BACULA_VOLUME %{USER}
# name of a device — FileStore
BACULA_DEVICE %{USER}
# path of a device — /dev/nst0
BACULA_DEVICEPATH %{UNIXPATH}
# number with thousands separators; up to three signed numbers run together are one group — 1,234,567,890
BACULA_CAPACITY [+-]?\d+(?:[+-]\d+){0,2}(?:,[+-]?\d+(?:[+-]\d+){0,2})*
# version of the daemon or its date — 9.6.7
BACULA_VERSION %{USER}
# name of a job — nightly-web.2026-11-24_01.05.00_07
BACULA_JOB %{USER}
# volume reached its limit — User defined maximum volume capacity 10,000,000,000 exceeded on device "FileStore" (/mnt/backup).
BACULA_LOG_MAX_CAPACITY User defined maximum volume capacity %{BACULA_CAPACITY} exceeded on device "%{BACULA_DEVICE:device}" \(%{BACULA_DEVICEPATH}\)
# volume is full — End of medium on Volume "Full-0042" Bytes=10,737,400,001 Blocks=166,441 at 24-Nov-2026 18:22.
BACULA_LOG_END_VOLUME End of medium on Volume "%{BACULA_VOLUME:volume}" Bytes=%{BACULA_CAPACITY} Blocks=%{BACULA_CAPACITY} at %{MONTHDAY}-%{MONTH}-%{YEAR} %{HOUR}:%{MINUTE}.
# volume entered in the catalog — Created new Volume "Full-0043" in catalog.
BACULA_LOG_NEW_VOLUME Created new Volume "%{BACULA_VOLUME:volume}" in catalog.
# volume labelled — Labeled new Volume "Full-0043" on device "FileStore" (/mnt/backup).
BACULA_LOG_NEW_LABEL Labeled new Volume "%{BACULA_VOLUME:volume}" on device "%{BACULA_DEVICE:device}" \(%{BACULA_DEVICEPATH}\).
# label written to a volume — Wrote label to prelabeled Volume "Full-0043" on device "FileStore" (/mnt/backup)
BACULA_LOG_WROTE_LABEL Wrote label to prelabeled Volume "%{BACULA_VOLUME:volume}" on device "%{BACULA_DEVICE}" \(%{BACULA_DEVICEPATH}\)
# volume mounted — New volume "Full-0043" mounted on device "FileStore" (/mnt/backup) at 24-Nov-2026 18:22.
BACULA_LOG_NEW_MOUNT New volume "%{BACULA_VOLUME:volume}" mounted on device "%{BACULA_DEVICE:device}" \(%{BACULA_DEVICEPATH}\) at %{MONTHDAY}-%{MONTH}-%{YEAR} %{HOUR}:%{MINUTE}.
# file cannot be opened —      Cannot open /etc/shadow: ERR=Permission denied
BACULA_LOG_NOOPEN \s*Cannot open %{DATA}: ERR=%{GREEDYDATA:berror}
# directory cannot be opened —      Could not open directory "/root/secret": ERR=Permission denied
BACULA_LOG_NOOPENDIR \s*Could not open directory %{DATA}: ERR=%{GREEDYDATA:berror}
# file is gone —      Could not stat /srv/gone: ERR=No such file or directory
BACULA_LOG_NOSTAT \s*Could not stat %{DATA}: ERR=%{GREEDYDATA:berror}
# no job uses the volume any more — There are no more Jobs associated with Volume "Full-0001". Marking it purged.
BACULA_LOG_NOJOBS There are no more Jobs associated with Volume "%{BACULA_VOLUME:volume}". Marking it purged.
# volume purged — All records pruned from Volume "Full-0001"; marking it "Purged"
BACULA_LOG_ALL_RECORDS_PRUNED All records pruned from Volume "%{BACULA_VOLUME:volume}"; marking it "Purged"
# pruning of jobs starts — Begin pruning Jobs older than 12 month 30 days .
BACULA_LOG_BEGIN_PRUNE_JOBS Begin pruning Jobs older than %{INT} month %{INT} days .
# pruning of files starts — Begin pruning Files.
BACULA_LOG_BEGIN_PRUNE_FILES Begin pruning Files.
# jobs pruned — Pruned 3 Jobs for client web-1-fd from catalog.
BACULA_LOG_PRUNED_JOBS Pruned %{INT} Jobs* for client %{BACULA_HOST:client} from catalog.
# files pruned — Pruned Files from 12 Jobs for client web-1-fd from catalog.
BACULA_LOG_PRUNED_FILES Pruned Files from %{INT} Jobs* for client %{BACULA_HOST:client} from catalog.
# pruning ended — End auto prune.
BACULA_LOG_ENDPRUNE End auto prune.
# backup starts — Start Backup JobId 811, Job=nightly-web.2026-11-24_01.05.00_07
BACULA_LOG_STARTJOB Start Backup JobId %{INT}, Job=%{BACULA_JOB:job}
# restore starts — Start Restore Job RestoreFiles-7
BACULA_LOG_STARTRESTORE Start Restore Job %{BACULA_JOB:job}
# device chosen — Using Device "FileStore"
BACULA_LOG_USEDEVICE Using Device "%{BACULA_DEVICE:device}"
# other file system skipped —      /proc is a different filesystem. Will not descend from / into it.
BACULA_LOG_DIFF_FS \s*%{UNIXPATH} is a different filesystem. Will not descend from %{UNIXPATH} into it.
# time and rate of a job — Job write elapsed time = 00:12:44, Transfer rate = 23.51 M Bytes/second
BACULA_LOG_JOBEND Job write elapsed time = %{DATA:elapsed}, Transfer rate = %{NUMBER} [KMG]? Bytes/second
# no jobs to prune — No Jobs found to prune.
BACULA_LOG_NOPRUNE_JOBS No Jobs found to prune.
# no files to prune — No Files found to prune.
BACULA_LOG_NOPRUNE_FILES No Files found to prune.
# volume in use already — Volume "Full-0042" previously written, moving to end of data.
BACULA_LOG_VOLUME_PREVWRITTEN Volume "%{BACULA_VOLUME:volume}" previously written, moving to end of data.
# volume ready — Ready to append to end of Volume "Full-0042" size=10737400001
BACULA_LOG_READYAPPEND Ready to append to end of Volume "%{BACULA_VOLUME:volume}" size=%{INT}
# duplicate job — Cancelling duplicate JobId=812.
BACULA_LOG_CANCELLING Cancelling duplicate JobId=%{INT}.
# job marked — JobId 812, Job nightly-web.2026-11-24_01.05.00_07 marked to be canceled.
BACULA_LOG_MARKCANCEL JobId %{INT}, Job %{BACULA_JOB:job} marked to be canceled.
# command run before the job — shell command: run ClientRunBeforeJob "/usr/local/bin/pre.sh"
BACULA_LOG_CLIENT_RBJ shell command: run ClientRunBeforeJob "%{GREEDYDATA:runjob}"
# volume shadow copy — VSS Writer (PrepareForBackup): "Registry Writer"
BACULA_LOG_VSS (?:Generate )?VSS (?:Writer)?
# job waited too long — Fatal error: Job canceled because max start delay time exceeded.
BACULA_LOG_MAXSTART Fatal [eE]rror: Job canceled because max start delay time exceeded.
# job runs already — Fatal error: JobId 811 already running. Duplicate job not allowed.
BACULA_LOG_DUPLICATE Fatal error: JobId %{INT:duplicate} already running. Duplicate job not allowed.
# no status from the file daemon — Fatal error: No Job status returned from FD.
BACULA_LOG_NOJOBSTAT Fatal error: No Job status returned from FD.
# no connection, the job fails — Fatal error: bsock.c:133 Unable to connect to Client: web-1-fd on web-1.example.org:9102. ERR=Connection refused
BACULA_LOG_FATAL_CONN Fatal error: bsock.c:133 Unable to connect to (?:Client: %{BACULA_HOST:client}|Storage daemon) on %{HOSTNAME}:%{POSINT}. ERR=%{GREEDYDATA:berror}
# no connection yet — Warning: bsock.c:127 Could not connect to Client: db-fd on db.example.org:9102. ERR=No route to host
BACULA_LOG_NO_CONNECT Warning: bsock.c:127 Could not connect to (?:Client: %{BACULA_HOST:client}|Storage daemon) on %{HOSTNAME}:%{POSINT}. ERR=%{GREEDYDATA:berror}
# wrong password or certificate — Fatal error: Unable to authenticate with File daemon at "web-1.example.org:9102". Possible causes:
BACULA_LOG_NO_AUTH Fatal error: Unable to authenticate with File daemon at "?%{HOSTNAME}(?::%{POSINT})?"?. Possible causes:
# no earlier full backup — No prior or suitable Full backup found in catalog. Doing FULL backup.
BACULA_LOG_NOSUIT No prior or suitable Full backup found in catalog. Doing FULL backup.
# no record of an earlier backup — No prior Full backup Job record found.
BACULA_LOG_NOPRIOR No prior Full backup Job record found.
# daemon introduces itself — Bacula backup-dir 9.6.7 (10Dec20):
BACULA_LOG_JOB (?:Error: )?Bacula %{BACULA_HOST} %{BACULA_VERSION} \(%{BACULA_VERSION}\):
# line of a Bacula log — 24-Nov 18:22 backup-dir JobId 811: Start Backup JobId 811, Job=nightly-web.2026-11-24_01.05.00_07
BACULA_LOGLINE %{BACULA_TIMESTAMP:bts} %{BACULA_HOST:hostname} JobId %{INT:jobid}: (?:%{BACULA_LOG_MAX_CAPACITY}|%{BACULA_LOG_END_VOLUME}|%{BACULA_LOG_NEW_VOLUME}|%{BACULA_LOG_NEW_LABEL}|%{BACULA_LOG_WROTE_LABEL}|%{BACULA_LOG_NEW_MOUNT}|%{BACULA_LOG_NOOPEN}|%{BACULA_LOG_NOOPENDIR}|%{BACULA_LOG_NOSTAT}|%{BACULA_LOG_NOJOBS}|%{BACULA_LOG_ALL_RECORDS_PRUNED}|%{BACULA_LOG_BEGIN_PRUNE_JOBS}|%{BACULA_LOG_BEGIN_PRUNE_FILES}|%{BACULA_LOG_PRUNED_JOBS}|%{BACULA_LOG_PRUNED_FILES}|%{BACULA_LOG_ENDPRUNE}|%{BACULA_LOG_STARTJOB}|%{BACULA_LOG_STARTRESTORE}|%{BACULA_LOG_USEDEVICE}|%{BACULA_LOG_DIFF_FS}|%{BACULA_LOG_JOBEND}|%{BACULA_LOG_NOPRUNE_JOBS}|%{BACULA_LOG_NOPRUNE_FILES}|%{BACULA_LOG_VOLUME_PREVWRITTEN}|%{BACULA_LOG_READYAPPEND}|%{BACULA_LOG_CANCELLING}|%{BACULA_LOG_MARKCANCEL}|%{BACULA_LOG_CLIENT_RBJ}|%{BACULA_LOG_VSS}|%{BACULA_LOG_MAXSTART}|%{BACULA_LOG_DUPLICATE}|%{BACULA_LOG_NOJOBSTAT}|%{BACULA_LOG_FATAL_CONN}|%{BACULA_LOG_NO_CONNECT}|%{BACULA_LOG_NO_AUTH}|%{BACULA_LOG_NOSUIT}|%{BACULA_LOG_NOPRIOR}|%{BACULA_LOG_JOB})
"""####),
                ("legacy/bind", ####"""
# BIND 9 name server, query log.
# Source: the logging section of the BIND 9 administrator manual.

# time of a BIND line — 24-Nov-2026 18:22:44.615
BIND9_TIMESTAMP %{MONTHDAY}-%{MONTH}-%{YEAR} %{TIME}
# line of the query log — 24-Nov-2026 18:22:44.615 queries: info: client @0x7f00c80a1b20 192.0.2.88#40123 (www.example.org): query: www.example.org IN AAAA +E(0)K (192.0.2.53)
BIND9 %{BIND9_TIMESTAMP:timestamp} queries: %{LOGLEVEL:loglevel}: client(?::? @0x\h+)? %{IP:clientip}#%{POSINT:clientport} \(%{GREEDYDATA:query}\): query: %{GREEDYDATA:query} IN %{GREEDYDATA:querytype} \(%{IP:dns}\)
"""####),
                ("legacy/exim", ####"""
# Exim mail transfer agent, main log.
# Source: the log files chapter of the Exim specification.

# identifier of a message — 1tFbQz-0004Kp-3M
EXIM_MSGID [0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}
# what happened to the message — =>
EXIM_FLAGS (?:<=|[-=>*]>|\*\*|==)
# date and time of a line — 2026-11-24 18:22:44
EXIM_DATE %{YEAR:exim_year}-%{MONTHNUM:exim_month}-%{MONTHDAY:exim_day} %{TIME:exim_time}
# process that wrote the line — [4711]
EXIM_PID \[%{POSINT:pid}\]
# time spent in the queue; may be empty — 3d4h5m6s
EXIM_QT (?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?
# lines that say nothing of a delivery — Message is frozen
EXIM_EXCLUDE_TERMS (?:Message is frozen|(?:Start|End) queue run| Warning: | retry time not reached | no (?:IP address|host name) found for (?:IP address|host) | unexpected disconnection while reading SMTP command | no immediate delivery: |another process is handling this message)
# host on the other side — H=mx1 (helo.example) [192.0.2.25]:40022
EXIM_REMOTE_HOST H=(?:%{NOTSPACE:remote_hostname} )?(?:\(%{NOTSPACE:remote_heloname}\) )?\[%{IP:remote_host}\](?::%{POSINT:remote_port})?
# interface the message came in on — I=[192.0.2.10]:25
EXIM_INTERFACE I=\[%{IP:exim_interface}\]:%{NUMBER:exim_interface_port}
# protocol — P=esmtps
EXIM_PROTOCOL P=%{NOTSPACE:protocol}
# size of the message — S=2048
EXIM_MSG_SIZE S=%{NUMBER:exim_msg_size}
# Message-ID header — id=20261124.abc@mail.example.org
EXIM_HEADER_ID id=%{NOTSPACE:exim_header_id}
# subject — T="Weekly report"
EXIM_SUBJECT T=%{QS:exim_subject}
# any other field — CV=no
EXIM_UNKNOWN_FIELD [A-Za-z0-9]{1,4}=%{NOTSPACE}
# fields of a line, each with a space before it; may be none —  H=mx1 (helo.example) [192.0.2.25] P=esmtps S=2048 id=a@b T="hi there"
EXIM_NAMED_FIELDS (?: (?:%{EXIM_REMOTE_HOST}|%{EXIM_INTERFACE}|%{EXIM_PROTOCOL}|%{EXIM_MSG_SIZE}|%{EXIM_HEADER_ID}|%{EXIM_SUBJECT}|%{EXIM_UNKNOWN_FIELD}))*
# message that came in — 2026-11-24 18:22:44 [4711] 1tFbQz-0004Kp-3M <= jane@example.org H=mx1 [192.0.2.25]:40022 P=esmtps S=2048 for bob@example.net
EXIM_MESSAGE_ARRIVAL %{EXIM_DATE:timestamp} (?:%{EXIM_PID} )?%{EXIM_MSGID:exim_msgid} (?<exim_flags><=) (?<exim_status>[a-z:] )?%{EMAILADDRESS:exim_sender_email}%{EXIM_NAMED_FIELDS}(?: for %{EMAILADDRESS:exim_recipient_email})?
# line of the main log, only incoming messages so far — 2026-11-24 18:22:44 1tFbQz-0004Kp-3M <= root@localhost U=root P=local S=512
EXIM %{EXIM_MESSAGE_ARRIVAL}
"""####),
                ("legacy/firewalls", ####"""
# Firewalls: NetScreen, Cisco ASA/PIX/FWSM, and Linux packet filters as Shorewall and SuSEfirewall2 log them.
# Sources: the syslog message guides of the Cisco ASA series and of ScreenOS; the LOG target of iptables.

# session of a NetScreen firewall — Nov 24 18:22:44 fw-dc1 fw-mgmt: NetScreen device_id=ns204 [Root]system-notification-00257(traffic): start_time="2026-11-24 18:22:40" duration=4 policy_id=12 service=https proto=6 src zone=Trust dst zone=Untrust action=Permit sent=1420 rcvd=9001 src=192.0.2.5 dst=203.0.113.80 src_port=50001 dst_port=443 src-xlated ip=198.51.100.1 port=2044 dst-xlated ip=203.0.113.80 port=443 session_id=51001 reason=Close - TCP FIN
NETSCREENSESSIONLOG %{SYSLOGTIMESTAMP:date} %{IPORHOST:device} %{IPORHOST}: NetScreen device_id=%{WORD:device_id}%{DATA}: start_time=%{QUOTEDSTRING:start_time} duration=%{INT:duration} policy_id=%{INT:policy_id} service=%{DATA:service} proto=%{INT:proto} src zone=%{WORD:src_zone} dst zone=%{WORD:dst_zone} action=%{WORD:action} sent=%{INT:sent} rcvd=%{INT:rcvd} src=%{IPORHOST:src_ip} dst=%{IPORHOST:dst_ip} src_port=%{INT:src_port} dst_port=%{INT:dst_port} src-xlated ip=%{IPORHOST:src_xlated_ip} port=%{INT:src_xlated_port} dst-xlated ip=%{IPORHOST:dst_xlated_ip} port=%{INT:dst_xlated_port} session_id=%{INT:session_id} reason=%{GREEDYDATA:reason}
# start of a line with a Cisco tag — <166>Nov 24 2026 18:22:44 asa-edge : %ASA-6-302013: Built outbound TCP connection
CISCO_TAGGED_SYSLOG ^<%{POSINT:syslog_pri}>%{CISCOTIMESTAMP:timestamp}(?: %{SYSLOGHOST:sysloghost})? ?: %%{CISCOTAG:ciscotag}:
# time of a line, with or without the year — Nov 24 2026 18:22:44
CISCOTIMESTAMP %{MONTH} +%{MONTHDAY}(?: %{YEAR})? %{TIME}
# device, severity and number of a message — ASA-6-302013
CISCOTAG [A-Z0-9]+-%{INT}-[A-Z0-9_]+
# what the firewall did; the first in the list that fits — Built
CISCO_ACTION (?:Built|Teardown|Deny|Denied|denied|requested|permitted|denied by ACL|discarded|est-allowed|Dropping|created|deleted)
# why it did so: a known reason, or any words; may be empty — Duplicate TCP SYN
CISCO_REASON (?:Duplicate TCP SYN|Failed to locate egress interface|Invalid transport field|No matching connection|DNS Response|DNS Query|(?:%{WORD}\s*)*)
# direction of a connection — outbound
CISCO_DIRECTION (?:[Ii]nbound|[Oo]utbound)
# span of a hit count — 300-second interval
CISCO_INTERVAL (?:first hit|%{INT}-second interval)
# kind of address translation — dynamic
CISCO_XLATE_TYPE (?:static|dynamic)
# failover: this unit takes over — (Primary) Switching to ACTIVE - mate failed
CISCOFW104001 \((?:Primary|Secondary)\) Switching to ACTIVE - %{GREEDYDATA:switch_reason}
# failover: this unit steps back — (Secondary) Switching to STANDBY - Bulk sync in progress
CISCOFW104002 \((?:Primary|Secondary)\) Switching to STANDBY - %{GREEDYDATA:switch_reason}
# failover: this unit failed — (Primary) Switching to FAILED.
CISCOFW104003 \((?:Primary|Secondary)\) Switching to FAILED\.
# failover: this unit is well again — (Secondary) Switching to OK.
CISCOFW104004 \((?:Primary|Secondary)\) Switching to OK\.
# failover: interface under test — (Primary) Monitoring on Interface dmz waiting
CISCOFW105003 \((?:Primary|Secondary)\) Monitoring on [Ii]nterface %{GREEDYDATA:interface_name} waiting
# failover: interface is well — (Secondary) Monitoring on Interface dmz2 normal
CISCOFW105004 \((?:Primary|Secondary)\) Monitoring on [Ii]nterface %{GREEDYDATA:interface_name} normal
# failover: peer lost on an interface — (Secondary) Lost Failover communications with mate on interface outside
CISCOFW105005 \((?:Primary|Secondary)\) Lost Failover communications with mate on [Ii]nterface %{GREEDYDATA:interface_name}
# failover: test of an interface begins — (Primary) Testing Interface inside
CISCOFW105008 \((?:Primary|Secondary)\) Testing [Ii]nterface %{GREEDYDATA:interface_name}
# failover: result of the test of an interface — (Primary) Testing on interface inside Passed
CISCOFW105009 \((?:Primary|Secondary)\) Testing on [Ii]nterface %{GREEDYDATA:interface_name} (?:Passed|Failed)
# connection denied — Inbound TCP connection denied from 203.0.113.66/40001 to 192.0.2.8/8443 flags SYN on interface outside
CISCOFW106001 %{CISCO_DIRECTION:direction} %{WORD:protocol} connection %{CISCO_ACTION:action} from %{IP:src_ip}/%{INT:src_port} to %{IP:dst_ip}/%{INT:dst_port} flags %{GREEDYDATA:tcp_flags} on interface %{GREEDYDATA:interface}
# packet denied — Deny inbound UDP from 203.0.113.66/5353 to 192.0.2.8/53 on interface outside
CISCOFW106006_106007_106010 %{CISCO_ACTION:action} %{CISCO_DIRECTION:direction} %{WORD:protocol} (?:from|src) %{IP:src_ip}/%{INT:src_port}(?:\(%{DATA:src_fwuser}\))? (?:to|dst) %{IP:dst_ip}/%{INT:dst_port}(?:\(%{DATA:dst_fwuser}\))? (?:on interface %{DATA:interface}|due to %{CISCO_REASON:reason})
# ICMP packet denied — Deny inbound icmp src outside:203.0.113.66 dst inside:192.0.2.8 (type 8, code 0)
CISCOFW106014 %{CISCO_ACTION:action} %{CISCO_DIRECTION:direction} %{WORD:protocol} src %{DATA:src_interface}:%{IP:src_ip}(?:\(%{DATA:src_fwuser}\))? dst %{DATA:dst_interface}:%{IP:dst_ip}(?:\(%{DATA:dst_fwuser}\))? \(type %{INT:icmp_type}, code %{INT:icmp_code}\)
# packet without a connection denied — Deny TCP (no connection) from 192.0.2.8/443 to 203.0.113.66/40001 flags FIN ACK on interface inside
CISCOFW106015 %{CISCO_ACTION:action} %{WORD:protocol} \(%{DATA:policy_id}\) from %{IP:src_ip}/%{INT:src_port} to %{IP:dst_ip}/%{INT:dst_port} flags %{DATA:tcp_flags} +on interface %{GREEDYDATA:interface}
# reverse path check failed — Deny UDP reverse path check from 10.9.9.9 to 192.0.2.8 on interface outside
CISCOFW106021 %{CISCO_ACTION:action} %{WORD:protocol} reverse path check from %{IP:src_ip} to %{IP:dst_ip} on interface %{GREEDYDATA:interface}
# packet denied by an access group — Deny tcp src outside:203.0.113.66/40001 dst inside:192.0.2.8/3389 by access-group "outside_in" [0x8ed66b60, 0xf8852875]
CISCOFW106023 %{CISCO_ACTION:action}(?: protocol)? %{WORD:protocol} src %{DATA:src_interface}:%{DATA:src_ip}(?:/%{INT:src_port})?(?:\(%{DATA:src_fwuser}\))? dst %{DATA:dst_interface}:%{DATA:dst_ip}(?:/%{INT:dst_port})?(?:\(%{DATA:dst_fwuser}\))?(?: \(type %{INT:icmp_type}, code %{INT:icmp_code}\))? by access-group "?%{DATA:policy_id}"? \[%{DATA:hashcode1}, %{DATA:hashcode2}\]
# access list hit, for a user — access-list VPN_ACL denied tcp for user 'jane' inside/192.0.2.8(40001) -> outside/203.0.113.66(25) hit-cnt 3 300-second interval [0x1a2b3c4d, 0x0]
CISCOFW106100_2_3 access-list %{NOTSPACE:policy_id} %{CISCO_ACTION:action} %{WORD:protocol} for user '%{DATA:src_fwuser}' %{DATA:src_interface}/%{IP:src_ip}\(%{INT:src_port}\) -> %{DATA:dst_interface}/%{IP:dst_ip}\(%{INT:dst_port}\) hit-cnt %{INT:hit_count} %{CISCO_INTERVAL:interval} \[%{DATA:hashcode1}, %{DATA:hashcode2}\]
# access list hit; a user after the destination is taken for the source user — access-list outside_in permitted tcp outside/203.0.113.66(40001) -> inside/192.0.2.8(443) hit-cnt 1 first hit [0x1a2b3c4d, 0x0]
CISCOFW106100 access-list %{NOTSPACE:policy_id} %{CISCO_ACTION:action} %{WORD:protocol} %{DATA:src_interface}/%{IP:src_ip}\(%{INT:src_port}\)(?:\(%{DATA:src_fwuser}\))? -> %{DATA:dst_interface}/%{IP:dst_ip}\(%{INT:dst_port}\)(?:\(%{DATA:src_fwuser}\))? hit-cnt %{INT:hit_count} %{CISCO_INTERVAL:interval} \[%{DATA:hashcode1}, %{DATA:hashcode2}\]
# page fetched — 192.0.2.8(ACME\jane) Accessed URL 203.0.113.80:http://www.example.org/a?b
CISCOFW304001 %{IP:src_ip}(?:\(%{DATA:src_fwuser}\))? Accessed URL %{IP:dst_ip}:%{GREEDYDATA:dst_url}
# no way out — Failed to locate egress interface for UDP from outside:203.0.113.66/5060 to 192.0.2.8/5060
CISCOFW110002 %{CISCO_REASON:reason} for %{WORD:protocol} from %{DATA:src_interface}:%{IP:src_ip}/%{INT:src_port} to %{IP:dst_ip}/%{INT:dst_port}
# connections in use — 1042 in use, 5311 most used
CISCOFW302010 %{INT:connection_count} in use, %{INT:connection_count_max} most used
# connection begins or ends — Built outbound TCP connection 990017 for outside:203.0.113.80/443 (203.0.113.80/443) to inside:192.0.2.8/50100 (198.51.100.1/50100)
CISCOFW302013_302014_302015_302016 %{CISCO_ACTION:action}(?: %{CISCO_DIRECTION:direction})? %{WORD:protocol} connection %{INT:connection_id} for %{DATA:src_interface}:%{IP:src_ip}/%{INT:src_port}(?: \(%{IP:src_mapped_ip}/%{INT:src_mapped_port}\))?(?:\(%{DATA:src_fwuser}\))? to %{DATA:dst_interface}:%{IP:dst_ip}/%{INT:dst_port}(?: \(%{IP:dst_mapped_ip}/%{INT:dst_mapped_port}\))?(?:\(%{DATA:dst_fwuser}\))?(?: duration %{TIME:duration} bytes %{INT:bytes})?(?: %{CISCO_REASON:reason})?(?: \(%{DATA:user}\))?
# ICMP connection begins or ends — Built inbound ICMP connection for faddr 203.0.113.66/0 gaddr 198.51.100.1/0 laddr 192.0.2.8/0
CISCOFW302020_302021 %{CISCO_ACTION:action}(?: %{CISCO_DIRECTION:direction})? %{WORD:protocol} connection for faddr %{IP:dst_ip}/%{INT:icmp_seq_num}(?:\(%{DATA:fwuser}\))? gaddr %{IP:src_xlated_ip}/%{INT:icmp_code_xlated} laddr %{IP:src_ip}/%{INT:icmp_code}(?: \(%{DATA:user}\))?
# address translation made — Built dynamic TCP translation from inside:192.0.2.8/50100 to outside:198.51.100.1/31011
CISCOFW305011 %{CISCO_ACTION:action} %{CISCO_XLATE_TYPE:xlate_type} %{WORD:protocol} translation from %{DATA:src_interface}:%{IP:src_ip}(?:/%{INT:src_port})?(?:\(%{DATA:src_fwuser}\))? to %{DATA:src_xlated_interface}:%{IP:src_xlated_ip}/%{DATA:src_xlated_port}
# ICMP to the firewall denied — Denied ICMP type=3, code=1 from 203.0.113.66 on interface outside
CISCOFW313001_313004_313008 %{CISCO_ACTION:action} %{WORD:protocol} type=%{INT:icmp_type}, code=%{INT:icmp_code} from %{IP:src_ip} on interface %{DATA:interface}(?: to %{IP:dst_ip})?
# ICMP error without a connection — No matching connection for ICMP error message: icmp src outside:203.0.113.66 dst inside:192.0.2.8 (type 3, code 3) on outside interface.  Original IP payload: udp src 192.0.2.8/53 dst 203.0.113.66/40001.
CISCOFW313005 %{CISCO_REASON:reason} for %{WORD:protocol} error message: %{WORD:err_protocol} src %{DATA:err_src_interface}:%{IP:err_src_ip}(?:\(%{DATA:err_src_fwuser}\))? dst %{DATA:err_dst_interface}:%{IP:err_dst_ip}(?:\(%{DATA:err_dst_fwuser}\))? \(type %{INT:err_icmp_type}, code %{INT:err_icmp_code}\) on %{DATA:interface} interface\.  Original IP payload: %{WORD:protocol} src %{IP:orig_src_ip}/%{INT:orig_src_port}(?:\(%{DATA:orig_src_fwuser}\))? dst %{IP:orig_dst_ip}/%{INT:orig_dst_port}(?:\(%{DATA:orig_dst_fwuser}\))?
# resource limit reached — Resource 'conns' limit of 100000 reached for system
CISCOFW321001 Resource '%{WORD:resource_name}' limit of %{POSINT:resource_limit} reached for system
# packet without IPsec — IPSEC: Received a non-IPSec packet (protocol= ICMP) from 203.0.113.66 to 192.0.2.1.
CISCOFW402117 %{WORD:protocol}: Received a non-IPSec packet \(protocol= %{WORD:orig_protocol}\) from %{IP:src_ip} to %{IP:dst_ip}
# packet played again — IPSEC: Received an ESP packet (SPI= 0x1A2B3C4D, sequence number= 0x17) from 203.0.113.66 (user= jane) to 192.0.2.1 that failed anti-replay checking.
CISCOFW402119 %{WORD:protocol}: Received an %{WORD:orig_protocol} packet \(SPI= %{DATA:spi}, sequence number= %{DATA:seq_num}\) from %{IP:src_ip} \(user= %{DATA:user}\) to %{IP:dst_ip} that failed anti-replay checking
# packet dropped — Dropping TCP packet from outside:203.0.113.66/40001 to inside:192.0.2.8/25, reason: MSS exceeded
CISCOFW419001 %{CISCO_ACTION:action} %{WORD:protocol} packet from %{DATA:src_interface}:%{IP:src_ip}/%{INT:src_port} to %{DATA:dst_interface}:%{IP:dst_ip}/%{INT:dst_port}, reason: %{GREEDYDATA:reason}
# second SYN — Duplicate TCP SYN from inside:192.0.2.8/50100 to outside:203.0.113.80/443 with different initial sequence number
CISCOFW419002 %{CISCO_REASON:reason} from %{DATA:src_interface}:%{IP:src_ip}/%{INT:src_port} to %{DATA:dst_interface}:%{IP:dst_ip}/%{INT:dst_port} with different initial sequence number
# bad transport field — Invalid transport field for protocol=UDP, from 203.0.113.66/0 to 192.0.2.8/53
CISCOFW500004 %{CISCO_REASON:reason} for protocol=%{WORD:protocol}, from %{IP:src_ip}/%{INT:src_port} to %{IP:dst_ip}/%{INT:dst_port}
# IPsec association made or deleted — IPSEC: An outbound LAN-to-LAN SA (SPI= 0x1A2B3C4D) between 192.0.2.1 and 203.0.113.66 (user= jane) has been created
CISCOFW602303_602304 %{WORD:protocol}: An %{CISCO_DIRECTION:direction} %{GREEDYDATA:tunnel_type} SA \(SPI= %{DATA:spi}\) between %{IP:src_ip} and %{IP:dst_ip} \(user= %{DATA:user}\) has been %{CISCO_ACTION:action}
# access to the firewall — TCP access denied by ACL from 203.0.113.66/40001 to outside:192.0.2.1/22
CISCOFW710001_710002_710003_710005_710006 %{WORD:protocol} (?:request|access) %{CISCO_ACTION:action} from %{IP:src_ip}/%{INT:src_port} to %{DATA:dst_interface}:%{IP:dst_ip}/%{INT:dst_port}
# NAT between VPN peers — Group = staff, IP = 203.0.113.66, Automatic NAT Detection Status:     Remote end is NOT behind a NAT device     This   end is behind a NAT device
CISCOFW713172 Group = %{GREEDYDATA:group}, IP = %{IP:src_ip}, Automatic NAT Detection Status:\s+Remote end\s*%{DATA:is_remote_natted}\s*behind a NAT device\s+This\s+end\s*%{DATA:is_local_natted}\s*behind a NAT device
# threat detection rate — [ Scanning] drop rate-1 exceeded. Current burst rate is 12 per second, max configured rate is 10; Current average rate is 7 per second, max configured rate is 5; Cumulative total count is 4301
CISCOFW733100 \[\s*%{DATA:drop_type}\s*\] drop %{DATA:drop_rate_id} exceeded. Current burst rate is %{INT:drop_rate_current_burst} per second, max configured rate is %{INT:drop_rate_max_burst}; Current average rate is %{INT:drop_rate_current_avg} per second, max configured rate is %{INT:drop_rate_max_avg}; Cumulative total count is %{INT:drop_total_count}
# packet logged by Shorewall; the look-ahead ends lines without ports at once — Nov 24 18:22:44 gw Shorewall:net2fw:DROP:IN=eth0 OUT= MAC=02:42:ac:11:00:02:02:42:ac:11:00:01:08:00 SRC=203.0.113.66 DST=192.0.2.8 LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=4242 DF PROTO=TCP SPT=40001 DPT=22 WINDOW=29200 RES=0x00 SYN URGP=0
SHOREWALL %{SYSLOGTIMESTAMP:timestamp} %{WORD:nf_host} (?=.*SPT=.*DPT=).*Shorewall:(?:%{WORD:nf_action1})?:(?:%{WORD:nf_action2})?.*IN=(?:%{USERNAME:nf_in_interface})?.*(?:OUT= *MAC=%{COMMONMAC:nf_dst_mac}:(?:%{COMMONMAC:nf_src_mac})?|OUT=%{USERNAME:nf_out_interface}).*SRC=%{IPV4:nf_src_ip}.*DST=%{IPV4:nf_dst_ip}.*LEN=%{WORD:nf_len}.*TOS=%{WORD:nf_tos}.*PREC=%{WORD:nf_prec}.*TTL=%{INT:nf_ttl}.*ID=%{INT:nf_id}.*PROTO=%{WORD:nf_protocol}.*SPT=%{INT:nf_src_port}?.*DPT=%{INT:nf_dst_port}?.*
# packet logged by SuSEfirewall2 — Nov 24 18:22:44 suse1 kernel: [1234.5678] SFW2-INext-DROP-DEFLT IN=eth0 OUT= MAC=02:42:ac:11:00:02:02:42:ac:11:00:01:08:00 SRC=203.0.113.66 DST=192.0.2.8 LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=4242 DF PROTO=TCP SPT=40001 DPT=22 WINDOW=29200 RES=0x00 SYN URGP=0
SFW2 (?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp})\s*%{HOSTNAME}\s*kernel\S+\s*(?:%{NAGIOSTIME})?\s*SFW2-INext-%{NOTSPACE:nf_action}\s*IN=%{USERNAME:nf_in_interface}.*OUT=(?:\s*%{USERNAME:nf_out_interface}|\s*)MAC=(?:%{COMMONMAC:nf_dst_mac}:%{COMMONMAC:nf_src_mac}|\s*).*SRC=%{IP:nf_src_ip}\s*DST=%{IP:nf_dst_ip}.*PROTO=%{WORD:nf_protocol}(?:.*SPT=%{INT:nf_src_port}.*DPT=%{INT:nf_dst_port}.*|)
"""####),
                ("legacy/grok-patterns", ####"""
# Basic building blocks: numbers, words, quoted text, network addresses, paths, URIs, dates, log levels.
# Sources: RFC 3986 (URIs), RFC 4291 (IPv6), RFC 8141 (URNs), RFC 5322 and ISO 8601 (dates), RFC 3164 (syslog).
# A path or a URI path is one character class repeated once: a repeated group of repeated parts
# matches the same text, but takes exponential time on a line that does not fit.

# account name — jane.doe-42
USERNAME [A-Za-z0-9._-]+
# account name, the usual short word for it — svc_backup
USER %{USERNAME}
# part of a mail address before the at sign (the range + to = takes in , - . / digits : ; <) — sales.team+eu
EMAILLOCALPART [A-Za-z][\w+-=]+
# mail address — jane.doe@mail.example.org
EMAILADDRESS %{EMAILLOCALPART}@%{HOSTNAME}
# whole number with an optional sign — -17
INT [+-]?\d+
# decimal number, not in the middle of another number — -0.5
BASE10NUM (?<![\d.+-])(?>[+-]?(?:\d+(?:\.\d+)?|\.\d+))
# decimal number — 3.14159
NUMBER %{BASE10NUM}
# hexadecimal number — 0xDEADBEEF
BASE16NUM (?<!\h)[+-]?(?:0x)?\h+
# hexadecimal number with an optional fraction — 0x1f.a8
BASE16FLOAT \b(?<![\h.])[+-]?(?:0x)?(?:\h+(?:\.\h*)?|\.\h+)\b
# whole number above zero, no leading zero — 8080
POSINT \b[1-9]\d*\b
# run of digits — 007
NONNEGINT \b\d+\b
# word of ASCII letters, digits and underscores — snake_case_1
WORD \b\w+\b
# anything up to white space — /usr/bin/env
NOTSPACE \S+
# white space, or nothing — \t
SPACE \s*
# as little as possible of a line — anything
DATA .*?
# as much as possible of a line — anything at all
GREEDYDATA .*
# text in double, single or back quotes, with backslash escapes — "with \"escaped\" inside"
QUOTEDSTRING (?<!\\)(?>"[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+'|`[^`\\]*+(?:\\.[^`\\]*+)*+`)
# universally unique identifier — 123e4567-e89b-42d3-a456-426614174000
UUID \h{8}-(?:\h{4}-){3}\h{12}
# uniform resource name — urn:isbn:9780141036144
URN urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:[0-9A-Za-z()+,.:=@;$_!*'/?#-]|%\h{2})+

# hardware address in any of the three notations — 00:1b:44:11:3A:b7
MAC (?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})
# hardware address in three groups, as Cisco writes it — 0050.56AA.01FF
CISCOMAC (?:\h{4}\.){2}\h{4}
# hardware address with hyphens, as Windows writes it — A1-B2-C3-D4-E5-F6
WINDOWSMAC (?:\h{2}-){5}\h{2}
# hardware address with colons — 02:42:AC:11:00:02
COMMONMAC (?:\h{2}:){5}\h{2}
# IPv6 address; a zone after the percent sign takes the rest of the line — 2001:db8::42
IPV6 (?:(?:\h{1,4}:){7}(?:\h{1,4}|:)|(?:\h{1,4}:){6}(?::\h{1,4}|(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|(?:\h{1,4}:){5}(?:(?::\h{1,4}){1,2}|:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|(?:\h{1,4}:){4}(?:(?::\h{1,4}){1,3}|(?::\h{1,4}){0,1}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|(?:\h{1,4}:){3}(?:(?::\h{1,4}){1,4}|(?::\h{1,4}){0,2}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|(?:\h{1,4}:){2}(?:(?::\h{1,4}){1,5}|(?::\h{1,4}){0,3}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|\h{1,4}:(?:(?::\h{1,4}){1,6}|(?::\h{1,4}){0,4}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|:(?:(?::\h{1,4}){1,7}|(?::\h{1,4}){0,5}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:))(?:%.+)?
# IPv4 address, leading zeros allowed — 192.0.2.17
IPV4 (?<!\d)(?:(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})(?!\d)
# IP address of either version — 203.0.113.9
IP (?:%{IPV6}|%{IPV4})
# host name, with an optional final dot — web-01.eu.example.com
HOSTNAME \b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*\.?
# IP address or host name — db.internal
IPORHOST (?:%{IP}|%{HOSTNAME})
# host and port — db.internal:5432
HOSTPORT %{IPORHOST}:%{POSINT}

# path of either system — /var/log/app.log
PATH (?:%{UNIXPATH}|%{WINPATH})
# absolute path with slashes — /usr/local/bin/ruby
UNIXPATH /[[:alnum:]_%!$@:.,+~/-]*
# terminal device — /dev/pts/3
TTY /dev/(?:pts|tty)\w*/?\d+
# Windows path: a drive (or registry hive) or a share — C:\Windows\System32\drivers
WINPATH (?:[A-Za-z]+:|\\)\\[^?*]*
# scheme of a URI — https
URIPROTO [A-Za-z][A-Za-z0-9+.-]+
# host of a URI with its port — example.org:8443
URIHOST %{IPORHOST}(?::%{POSINT:port})?
# path of a URI — /index.html
URIPATH /[A-Za-z0-9/$.+!*'(){},~:;=@#%&_-]*
# query of a URI with its question mark — ?q=1&r=a%20b
URIPARAM \?[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?<>\[\]-]*
# path and query of a URI — /search?q=logs&page=2
URIPATHPARAM %{URIPATH}(?:%{URIPARAM})?
# absolute URI — https://jane:s3cret@example.org:8443/a/b?c=d
URI %{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?

# name of a month, English or German, full or short — December
MONTH \b(?:[Jj]an(?:uary?)?|[Ff]eb(?:ruary?)?|[Mm][aä]?r(?:ch|z)?|[Aa]pr(?:il)?|[Mm]a[yi]?|[Jj]un[ei]?|[Jj]ul[yi]?|[Aa]ug(?:ust)?|[Ss]ep(?:tember)?|[Oo][ck]?t(?:ober)?|[Nn]ov(?:ember)?|[Dd]e[cz](?:ember)?)\b
# number of a month — 07
MONTHNUM (?:0?[1-9]|1[0-2])
# number of a month in two digits — 12
MONTHNUM2 (?:0[1-9]|1[0-2])
# day of a month — 24
MONTHDAY (?:0[1-9]|[12]\d|3[01]|[1-9])
# English day of the week, full or short — Wednesday
DAY (?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)
# year in four or two digits — 2026
YEAR \d{2}(?:\d{2})?
# hour of the day — 23
HOUR (?:2[0-3]|[01]?\d)
# minute — 59
MINUTE [0-5]\d
# second with an optional fraction; 60 is a leap second — 12.345
SECOND (?:[0-5]?\d|60)(?:[:.,]\d+)?
# time of day with seconds — 18:22:44
TIME %{HOUR}:%{MINUTE}:%{SECOND}(?!\d)
# month, day, year — 12/31/2026
DATE_US %{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}
# day, month, year — 31.12.2026
DATE_EU %{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}
# offset from UTC as in ISO 8601 — +01:00
ISO8601_TIMEZONE (?:Z|[+-]%{HOUR}:?%{MINUTE})
# second of an ISO 8601 time — 59.999
ISO8601_SECOND %{SECOND}
# date and time as in ISO 8601, a space instead of the T allowed — 2026-11-24T18:22:44Z
TIMESTAMP_ISO8601 %{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?
# numeric date, American order first — 12/31/2026
DATE (?:%{DATE_US}|%{DATE_EU})
# numeric date and time — 11/24/2026 18:22:44
DATESTAMP %{DATE}[- ]%{TIME}
# American time zone, or UTC — PST
TZ (?:[ACEMP][DS]T|UTC)
# date in the order of RFC 822 mail dates without the comma — Tue Nov 24 2026 18:22:44 UTC
DATESTAMP_RFC822 %{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}
# date of RFC 2822 mail — Tue, 24 Nov 2026 18:22:44 +0100
DATESTAMP_RFC2822 %{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}
# date as the command date prints it — Tue Nov 24 18:22:44 UTC 2026
DATESTAMP_OTHER %{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}
# date and time as digits only — 20261124182244
DATESTAMP_EVENTLOG %{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}

# time of a BSD syslog line (RFC 3164) — Nov 24 18:22:44
SYSLOGTIMESTAMP %{MONTH} +%{MONTHDAY} %{TIME}
# program name: printable ASCII but for brackets — postfix/smtpd
PROG [!-Z\\^-~]+
# program and process — sshd[311]
SYSLOGPROG %{PROG:program}(?:\[%{POSINT:pid}\])?
# host that sent a syslog line — web-1
SYSLOGHOST %{IPORHOST}
# facility and priority — <3.6>
SYSLOGFACILITY <%{NONNEGINT:facility}.%{NONNEGINT:priority}>
# time of a web server access line — 24/Nov/2026:18:22:44 +0000
HTTPDATE %{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}
# quoted text, the short name — "hello world"
QS %{QUOTEDSTRING}
# start of a BSD syslog line — Nov 24 18:22:44 web-1 sshd[311]: Accepted publickey
SYSLOGBASE %{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} %{SYSLOGPROG}:
# log level; not a word of its own, so it is found inside longer words — Warning
LOGLEVEL (?:[Aa]lert|ALERT|[Tt]race|TRACE|[Dd]ebug|DEBUG|[Nn]otice|NOTICE|[Ii]nfo?(?:rmation)?|INFO?(?:RMATION)?|[Ww]arn?(?:ing)?|WARN?(?:ING)?|[Ee]rr?(?:or)?|ERR?(?:OR)?|[Cc]rit?(?:ical)?|CRIT?(?:ICAL)?|[Ff]atal|FATAL|[Ss]evere|SEVERE|[Ee]merg(?:ency)?|EMERG(?:ENCY)?)
"""####),
                ("legacy/httpd", ####"""
# Apache HTTP server, access and error logs.
# Source: mod_log_config and ErrorLogFormat of the Apache 2.0 and 2.4 manuals.

# user of a request, a name or a mail address — carol
HTTPDUSER (?:%{EMAILADDRESS}|%{USER})
# time of an error log line — Tue Nov 24 18:22:44 2026
HTTPDERROR_DATE %{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR}
# access line in the common format — 203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] "GET /shop/item?id=7 HTTP/1.1" 200 5120
HTTPD_COMMONLOG %{IPORHOST:clientip} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \[%{HTTPDATE:timestamp}\] "(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" (?:-|%{NUMBER:response}) (?:-|%{NUMBER:bytes})
# access line in the combined format — 198.51.100.23 - - [24/Nov/2026:18:22:44 +0000] "GET /docs HTTP/1.1" 200 1024 "https://search.example/?q=x" "Mozilla/5.0 (X11; Linux x86_64)"
HTTPD_COMBINEDLOG %{HTTPD_COMMONLOG} %{QS:referrer} %{QS:agent}
# error line of Apache 2.0 and 2.2 — [Tue Nov 24 18:22:44 2026] [error] [client 203.0.113.5] File does not exist: /srv/www/favicon.ico
HTTPD20_ERRORLOG \[%{HTTPDERROR_DATE:timestamp}\] \[%{LOGLEVEL:loglevel}\] (?:\[client %{IPORHOST:clientip}\] )?%{GREEDYDATA:message}
# error line of Apache 2.4 — [Tue Nov 24 18:22:44.654321 2026] [core:error] [pid 1201:tid 140211] (13)Permission denied: [client 203.0.113.5:51234] AH00035: access to /private denied
HTTPD24_ERRORLOG \[%{HTTPDERROR_DATE:timestamp}\] \[(?:%{WORD:module})?:%{LOGLEVEL:loglevel}\] \[pid %{POSINT:pid}(?::tid %{NUMBER:tid})?\](?: \(%{POSINT:proxy_errorcode}\)%{DATA:proxy_message}:)?(?: \[client %{IPORHOST:clientip}:%{POSINT:clientport}\])?(?: %{DATA:errorcode}:)? %{GREEDYDATA:message}
# error line of either version — [Tue Nov 24 18:22:44 2026] [error] [client 203.0.113.5] script timed out
HTTPD_ERRORLOG (?:%{HTTPD20_ERRORLOG}|%{HTTPD24_ERRORLOG})
# common format, the older name — 203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] "GET /shop/item?id=7 HTTP/1.1" 200 5120
COMMONAPACHELOG %{HTTPD_COMMONLOG}
# combined format, the older name — 198.51.100.23 - - [24/Nov/2026:18:22:44 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8.1"
COMBINEDAPACHELOG %{HTTPD_COMBINEDLOG}
"""####),
                ("legacy/linux-syslog", ####"""
# Syslog as Linux hosts write it: the BSD form (RFC 3164), ISO times, RFC 5424, PAM sessions, cron.

# printable ASCII, the text of the header fields of RFC 5424 — app-name
SYSLOG5424PRINTASCII [!-~]+
# start of a syslog line with either kind of time; the program may be missing — Nov 24 18:22:44 web-1 sshd[311]: Accepted publickey
SYSLOGBASE2 (?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp8601}) (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource}(?: %{SYSLOGPROG}:|)
# session opened or closed by PAM — Nov 24 18:22:44 web-1 CRON[818]: pam_unix(cron:session): session opened for user root by (uid=0)
SYSLOGPAMSESSION %{SYSLOGBASE} (?=%{GREEDYDATA:message})%{WORD:pam_module}\(%{DATA:pam_caller}\): session %{WORD:pam_session_state} for user %{USERNAME:username}(?: by %{GREEDYDATA:pam_by})?
# what cron did — CMD
CRON_ACTION [A-Z ]+
# line of cron — Nov 24 18:22:44 web-1 CRON[818]: (root) CMD (run-parts /etc/cron.hourly)
CRONLOG %{SYSLOGBASE} \(%{USER:user}\) %{CRON_ACTION:action} \(%{DATA:message}\)
# syslog line with either kind of time and its text — 2026-11-24T18:22:44.615172+01:00 db-2 postgres[77]: [3-1] LOG: checkpoint complete
SYSLOGLINE %{SYSLOGBASE2} %{GREEDYDATA:message}
# priority value of RFC 5424 — <165>
SYSLOG5424PRI <%{NONNEGINT:syslog5424_pri}>
# structured data of RFC 5424, as few elements as fit — [meta seq="1"]
SYSLOG5424SD \[%{DATA}\]+
# header and structured data of RFC 5424 — <165>1 2026-11-24T18:22:44.615Z web-1.example.org billing 8710 ID47 [req@32473 id="9"]
SYSLOG5424BASE %{SYSLOG5424PRI}%{NONNEGINT:syslog5424_ver} +(?:%{TIMESTAMP_ISO8601:syslog5424_ts}|-) +(?:%{IPORHOST:syslog5424_host}|-) +(?:-|%{SYSLOG5424PRINTASCII:syslog5424_app}) +(?:-|%{SYSLOG5424PRINTASCII:syslog5424_proc}) +(?:-|%{SYSLOG5424PRINTASCII:syslog5424_msgid}) +(?:%{SYSLOG5424SD:syslog5424_sd}|-|)
# line of RFC 5424 — <34>1 2026-11-24T18:22:44Z web-1 su 12 ID1 - 'su root' failed for jane
SYSLOG5424LINE %{SYSLOG5424BASE} +%{GREEDYDATA:syslog5424_msg}
"""####),
                ("legacy/ruby", ####"""
# Logger of the Ruby standard library.

# level of a Ruby logger line — WARN
RUBY_LOGLEVEL (?:DEBUG|INFO|WARN|ERROR|FATAL)
# line of a Ruby logger — I, [2026-11-24T18:22:44.615172 #4801]  INFO -- app: order 17 created
RUBY_LOGGER [DIWEF], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\] *%{RUBY_LOGLEVEL:loglevel} -- +%{DATA:progname}: %{GREEDYDATA:message}
"""####),
            ]
        case .ecsV1:
            [
                ("ecs-v1/aws", ####"""
# Amazon web services: S3 server access logs, classic load balancer, CloudFront.
# Source: the log format pages of the S3, Elastic Load Balancing and CloudFront manuals.

# request of an S3 line, quotes taken off — GET /acme-media/cats/tom.png HTTP/1.1
S3_REQUEST_LINE %{WORD:http.request.method} %{NOTSPACE:url.original}(?: HTTP/%{NUMBER:http.version})?
# S3 server access line, with or without the fields added later — 9f8e7d6c5b4a acme-media [24/Nov/2026:18:22:44 +0000] 192.0.2.33 - 4E1B2E REST.GET.VERSIONING - "GET /?versioning HTTP/1.1" 200 - 113 - 7 - "-" "Boto3/1.9" - hOsTiD= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader acme-media.s3.example.org TLSv1.2
S3_ACCESS_LOG %{WORD:aws.s3access.bucket_owner} %{NOTSPACE:aws.s3access.bucket} \[%{HTTPDATE:timestamp}\] (?:-|%{IP:client.ip}) (?:-|%{NOTSPACE:client.user.id}) %{NOTSPACE:aws.s3access.request_id} %{NOTSPACE:aws.s3access.operation} (?:-|%{NOTSPACE:aws.s3access.key}) (?:-|"%{S3_REQUEST_LINE:aws.s3access.request_uri}") (?:-|%{INT:http.response.status_code:integer}) (?:-|%{NOTSPACE:aws.s3access.error_code}) (?:-|%{INT:aws.s3access.bytes_sent:integer}) (?:-|%{INT:aws.s3access.object_size:integer}) (?:-|%{INT:aws.s3access.total_time:integer}) (?:-|%{INT:aws.s3access.turn_around_time:integer}) "(?:-|%{DATA:http.request.referrer})" "(?:-|%{DATA:user_agent.original})" (?:-|%{NOTSPACE:aws.s3access.version_id})(?: (?:-|%{NOTSPACE:aws.s3access.host_id}) (?:-|%{NOTSPACE:aws.s3access.signature_version}) (?:-|%{NOTSPACE:tls.cipher}) (?:-|%{NOTSPACE:aws.s3access.authentication_type}) (?:-|%{NOTSPACE:aws.s3access.host_header}) (?:-|%{NOTSPACE:aws.s3access.tls_version}))?
# host and port of a balanced request — shop.example:443
ELB_URIHOST %{IPORHOST:url.domain}(?::%{POSINT:url.port:integer})?
# path and query of a balanced request — /cart/view?item=3
ELB_URIPATHQUERY %{URIPATH:url.path}(?:\?%{URIQUERY:url.query})?
# path and query, the older name — /cart/view?item=3&x=y
ELB_URIPATHPARAM %{ELB_URIPATHQUERY}
# URI of a balanced request — https://jane:pw@shop.example:8443/cart/view?item=3
ELB_URI %{URIPROTO:url.scheme}://(?:%{USER:url.username}(?::[^@]*)?@)?(?:%{ELB_URIHOST})?(?:%{ELB_URIPATHQUERY})?
# request line of a balanced request — GET https://shop.example:443/cart/view?item=3 HTTP/1.1
ELB_REQUEST_LINE %{WORD:http.request.method} %{ELB_URI:url.original}(?: HTTP/%{NUMBER:http.version})?
# classic load balancer line, with or without agent and TLS — 2026-11-24T18:22:44.615172Z front-lb 192.0.2.44:40100 - -1 -1 -1 503 0 0 0 "GET http://shop.example:80/ HTTP/1.1" "curl/8.1" - -
ELB_V1_HTTP_LOG %{TIMESTAMP_ISO8601:timestamp} %{NOTSPACE:aws.elb.name} %{IP:source.ip}:%{INT:source.port:integer} (?:-|%{IP:aws.elb.backend.ip}:%{INT:aws.elb.backend.port:integer}) (?:-1|%{NUMBER:aws.elb.request_processing_time.sec:float}) (?:-1|%{NUMBER:aws.elb.backend_processing_time.sec:float}) (?:-1|%{NUMBER:aws.elb.response_processing_time.sec:float}) %{INT:http.response.status_code:integer} (?:-|%{INT:aws.elb.backend.http.response.status_code:integer}) %{INT:http.request.body.bytes:integer} %{INT:http.response.body.bytes:integer} "%{ELB_REQUEST_LINE}"(?: "(?:-|%{DATA:user_agent.original})" (?:-|%{NOTSPACE:tls.cipher}) (?:-|%{NOTSPACE:aws.elb.ssl_protocol}))?
# classic load balancer line, the general name — 2026-11-24T18:22:44.615172Z front-lb 192.0.2.44:40100 10.1.0.9:8080 0.000041 0.012 0.000033 200 200 0 5120 "GET https://shop.example:443/cart?item=3 HTTP/1.1"
ELB_ACCESS_LOG %{ELB_V1_HTTP_LOG}
# CloudFront line, tabs between the fields, with or without those added later — 2026-11-24	18:22:44	FRA56	-	2001:db8::55	POST	d111abc.cloudfront.example	/api	502	-	curl/8.1	-	sid=1	Error	Qx7Zq==	api.example.org	http	99	1.5	203.0.113.2	-	-	Error	HTTP/1.1	-	-	40100	1.499	OriginError	text/html	512	-	-
CLOUDFRONT_ACCESS_LOG (?<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY}\t%{TIME})\t%{WORD:aws.cloudfront.x_edge_location}\t(?:-|%{INT:destination.bytes:integer})\t%{IPORHOST:source.ip}\t%{WORD:http.request.method}\t%{HOSTNAME:url.domain}\t%{NOTSPACE:url.path}\t(?:000|%{INT:http.response.status_code:integer})\t(?:-|%{DATA:http.request.referrer})\t%{DATA:user_agent.original}\t(?:-|%{DATA:url.query})\t(?:-|%{DATA:aws.cloudfront.http.request.cookie})\t%{WORD:aws.cloudfront.x_edge_result_type}\t%{NOTSPACE:aws.cloudfront.x_edge_request_id}\t%{HOSTNAME:aws.cloudfront.http.request.host}\t%{URIPROTO:network.protocol}\t(?:-|%{INT:source.bytes:integer})\t%{NUMBER:aws.cloudfront.time_taken:float}\t(?:-|%{IP:network.forwarded_ip})\t(?:-|%{DATA:aws.cloudfront.ssl_protocol})\t(?:-|%{NOTSPACE:tls.cipher})\t%{WORD:aws.cloudfront.x_edge_response_result_type}(?:\t(?:-|HTTP/%{NUMBER:http.version})\t(?:-|%{DATA:aws.cloudfront.fle_status})\t(?:-|%{DATA:aws.cloudfront.fle_encrypted_fields})\t%{INT:source.port:integer}\t%{NUMBER:aws.cloudfront.time_to_first_byte:float}\t(?:-|%{DATA:aws.cloudfront.x_edge_detailed_result_type})\t(?:-|%{NOTSPACE:http.request.mime_type})\t(?:-|%{INT:aws.cloudfront.http.request.size:integer})\t(?:-|%{INT:aws.cloudfront.http.request.range.start:integer})\t(?:-|%{INT:aws.cloudfront.http.request.range.end:integer}))?
"""####),
                ("ecs-v1/bacula", ####"""
# Bacula backup, the messages of the director and the daemons.
# A full stop stands for any character, as in the sets these names come from.

# time of a line — 24-Nov 18:22
BACULA_TIMESTAMP %{MONTHDAY}-%{MONTH}(?:-%{YEAR})? %{HOUR}:%{MINUTE}
# daemon that wrote the line — backup-dir
BACULA_HOST %{HOSTNAME}
# name of a volume — Full-0042
BACULA_VOLUME %{USER}
# name of a device — FileStore
BACULA_DEVICE %{USER}
# path of a device — /dev/nst0
BACULA_DEVICEPATH %{UNIXPATH}
# number with thousands separators; up to three signed numbers run together are one group — 1,234,567,890
BACULA_CAPACITY [+-]?\d+(?:[+-]\d+){0,2}(?:,[+-]?\d+(?:[+-]\d+){0,2})*
# version of the daemon or its date — 9.6.7
BACULA_VERSION %{USER}
# name of a job — nightly-web.2026-11-24_01.05.00_07
BACULA_JOB %{USER}
# volume reached its limit — User defined maximum volume capacity 10,000,000,000 exceeded on device "FileStore" (/mnt/backup).
BACULA_LOG_MAX_CAPACITY User defined maximum volume capacity %{BACULA_CAPACITY:bacula.volume.max_capacity} exceeded on device "%{BACULA_DEVICE:bacula.volume.device}" \(%{BACULA_DEVICEPATH:bacula.volume.path}\).?
# volume is full — End of medium on Volume "Full-0042" Bytes=10,737,400,001 Blocks=166,441 at 24-Nov-2026 18:22.
BACULA_LOG_END_VOLUME End of medium on Volume "%{BACULA_VOLUME:bacula.volume.name}" Bytes=%{BACULA_CAPACITY:bacula.volume.bytes} Blocks=%{BACULA_CAPACITY:bacula.volume.blocks} at %{BACULA_TIMESTAMP:bacula.timestamp}.
# volume entered in the catalog — Created new Volume "Full-0043" in catalog.
BACULA_LOG_NEW_VOLUME Created new Volume "%{BACULA_VOLUME:bacula.volume.name}" in catalog.
# volume labelled — Labeled new Volume "Full-0043" on device "FileStore" (/mnt/backup).
BACULA_LOG_NEW_LABEL Labeled new Volume "%{BACULA_VOLUME:bacula.volume.name}" on (?:file )?device "%{BACULA_DEVICE:bacula.volume.device}" \(%{BACULA_DEVICEPATH:bacula.volume.path}\).?
# label written to a volume — Wrote label to prelabeled Volume "Full-0043" on device "FileStore" (/mnt/backup)
BACULA_LOG_WROTE_LABEL Wrote label to prelabeled Volume "%{BACULA_VOLUME:bacula.volume.name}" on device "%{BACULA_DEVICE:bacula.volume.device}" \(%{BACULA_DEVICEPATH:bacula.volume.path}\)
# volume mounted — New volume "Full-0043" mounted on device "FileStore" (/mnt/backup) at 24-Nov-2026 18:22.
BACULA_LOG_NEW_MOUNT New volume "%{BACULA_VOLUME:bacula.volume.name}" mounted on device "%{BACULA_DEVICE:bacula.volume.device}" \(%{BACULA_DEVICEPATH:bacula.volume.path}\) at %{BACULA_TIMESTAMP:bacula.timestamp}.
# file cannot be opened —      Cannot open /etc/shadow: ERR=Permission denied
BACULA_LOG_NOOPEN \s*Cannot open %{DATA}: ERR=%{GREEDYDATA:error.message}
# directory cannot be opened —      Could not open directory "/root/secret": ERR=Permission denied
BACULA_LOG_NOOPENDIR \s*Could not open directory "?%{DATA:file.path}"?: ERR=%{GREEDYDATA:error.message}
# file is gone —      Could not stat /srv/gone: ERR=No such file or directory
BACULA_LOG_NOSTAT \s*Could not stat %{DATA:file.path}: ERR=%{GREEDYDATA:error.message}
# no job uses the volume any more — There are no more Jobs associated with Volume "Full-0001". Marking it purged.
BACULA_LOG_NOJOBS There are no more Jobs associated with Volume "%{BACULA_VOLUME:bacula.volume.name}". Marking it purged.
# volume purged — All records pruned from Volume "Full-0001"; marking it "Purged"
BACULA_LOG_ALL_RECORDS_PRUNED All records pruned from Volume "%{BACULA_VOLUME:bacula.volume.name}"; marking it "Purged"
# pruning of jobs starts — Begin pruning Jobs older than 12 month 30 days .
BACULA_LOG_BEGIN_PRUNE_JOBS Begin pruning Jobs older than %{INT} month %{INT} days .
# pruning of files starts — Begin pruning Files.
BACULA_LOG_BEGIN_PRUNE_FILES Begin pruning Files.
# jobs pruned — Pruned 3 Jobs for client web-1-fd from catalog.
BACULA_LOG_PRUNED_JOBS Pruned %{INT} Jobs* for client %{BACULA_HOST:bacula.client.name} from catalog.
# files pruned — Pruned Files from 12 Jobs for client web-1-fd from catalog.
BACULA_LOG_PRUNED_FILES Pruned Files from %{INT} Jobs* for client %{BACULA_HOST:bacula.client.name} from catalog.
# pruning ended — End auto prune.
BACULA_LOG_ENDPRUNE End auto prune.
# backup starts — Start Backup JobId 811, Job=nightly-web.2026-11-24_01.05.00_07
BACULA_LOG_STARTJOB Start Backup JobId %{INT}, Job=%{BACULA_JOB:bacula.job.name}
# restore starts — Start Restore Job RestoreFiles-7
BACULA_LOG_STARTRESTORE Start Restore Job %{BACULA_JOB:bacula.job.name}
# device chosen — Using Device "FileStore"
BACULA_LOG_USEDEVICE Using Device "%{BACULA_DEVICE:bacula.volume.device}"
# other file system skipped —      /proc is a different filesystem. Will not descend from / into it.
BACULA_LOG_DIFF_FS \s*%{UNIXPATH} is a different filesystem. Will not descend from %{UNIXPATH} into it.
# time and rate of a job — Job write elapsed time = 00:12:44, Transfer rate = 23.51 M Bytes/second
BACULA_LOG_JOBEND Job write elapsed time = %{DATA:bacula.job.elapsed_time}, Transfer rate = %{NUMBER} [KMG]? Bytes/second
# no jobs to prune — No Jobs found to prune.
BACULA_LOG_NOPRUNE_JOBS No Jobs found to prune.
# no files to prune — No Files found to prune.
BACULA_LOG_NOPRUNE_FILES No Files found to prune.
# volume in use already — Volume "Full-0042" previously written, moving to end of data.
BACULA_LOG_VOLUME_PREVWRITTEN Volume "%{BACULA_VOLUME:bacula.volume.name}" previously written, moving to end of data.
# volume ready — Ready to append to end of Volume "Full-0042" size=10737400001
BACULA_LOG_READYAPPEND Ready to append to end of Volume "%{BACULA_VOLUME:bacula.volume.name}" size=%{INT:bacula.volume.size:integer}
# duplicate job — Cancelling duplicate JobId=812.
BACULA_LOG_CANCELLING Cancelling duplicate JobId=%{INT:bacula.job.other_id}.
# job marked — JobId 812, Job nightly-web.2026-11-24_01.05.00_07 marked to be canceled.
BACULA_LOG_MARKCANCEL JobId %{INT:bacula.job.id}, Job %{BACULA_JOB:bacula.job.name} marked to be canceled.
# command run before the job — shell command: run ClientRunBeforeJob "/usr/local/bin/pre.sh"
BACULA_LOG_CLIENT_RBJ shell command: run ClientRunBeforeJob "%{GREEDYDATA:bacula.job.client_run_before_command}"
# volume shadow copy — VSS Writer (PrepareForBackup): "Registry Writer"
BACULA_LOG_VSS (?:Generate )?VSS (?:Writer)?
# job waited too long — Fatal error: Job canceled because max start delay time exceeded.
BACULA_LOG_MAXSTART Fatal [eE]rror: Job canceled because max start delay time exceeded.
# job runs already — Fatal error: JobId 811 already running. Duplicate job not allowed.
BACULA_LOG_DUPLICATE Fatal error: JobId %{INT:bacula.job.other_id} already running. Duplicate job not allowed.
# no status from the file daemon — Fatal error: No Job status returned from FD.
BACULA_LOG_NOJOBSTAT Fatal error: No Job status returned from FD.
# no connection, the job fails — Fatal error: bsock.c:133 Unable to connect to Client: web-1-fd on web-1.example.org:9102. ERR=Connection refused
BACULA_LOG_FATAL_CONN Fatal error: bsock.c:133 Unable to connect to (?:Client: %{BACULA_HOST:bacula.client.name}|Storage daemon) on %{IPORHOST:client.address}:%{POSINT:client.port:integer}. ERR=%{GREEDYDATA:error.message}
# no connection yet — Warning: bsock.c:127 Could not connect to Client: db-fd on db.example.org:9102. ERR=No route to host
BACULA_LOG_NO_CONNECT Warning: bsock.c:127 Could not connect to (?:Client: %{BACULA_HOST:bacula.client.name}|Storage daemon) on %{IPORHOST:client.address}:%{POSINT:client.port:integer}. ERR=%{GREEDYDATA:error.message}
# wrong password or certificate — Fatal error: Unable to authenticate with File daemon at "web-1.example.org:9102". Possible causes:
BACULA_LOG_NO_AUTH Fatal error: Unable to authenticate with File daemon at "?%{IPORHOST:client.address}(?::%{POSINT:client.port:integer})?"?. Possible causes:
# no earlier full backup — No prior or suitable Full backup found in catalog. Doing FULL backup.
BACULA_LOG_NOSUIT No prior or suitable Full backup found in catalog. Doing FULL backup.
# no record of an earlier backup — No prior Full backup Job record found.
BACULA_LOG_NOPRIOR No prior Full backup Job record found.
# daemon introduces itself — Bacula backup-dir 9.6.7 (10Dec20):
BACULA_LOG_JOB (?:Error: )?Bacula %{BACULA_HOST} %{BACULA_VERSION} \(%{BACULA_VERSION}\):
# line of a Bacula log — 24-Nov 18:22 backup-dir JobId 811: Created new Volume "Full-0043" in catalog.
BACULA_LOG %{BACULA_TIMESTAMP:timestamp} %{BACULA_HOST:host.hostname}(?: JobId %{INT:bacula.job.id})?:? (?:%{BACULA_LOG_MAX_CAPACITY}|%{BACULA_LOG_END_VOLUME}|%{BACULA_LOG_NEW_VOLUME}|%{BACULA_LOG_NEW_LABEL}|%{BACULA_LOG_WROTE_LABEL}|%{BACULA_LOG_NEW_MOUNT}|%{BACULA_LOG_NOOPEN}|%{BACULA_LOG_NOOPENDIR}|%{BACULA_LOG_NOSTAT}|%{BACULA_LOG_NOJOBS}|%{BACULA_LOG_ALL_RECORDS_PRUNED}|%{BACULA_LOG_BEGIN_PRUNE_JOBS}|%{BACULA_LOG_BEGIN_PRUNE_FILES}|%{BACULA_LOG_PRUNED_JOBS}|%{BACULA_LOG_PRUNED_FILES}|%{BACULA_LOG_ENDPRUNE}|%{BACULA_LOG_STARTJOB}|%{BACULA_LOG_STARTRESTORE}|%{BACULA_LOG_USEDEVICE}|%{BACULA_LOG_DIFF_FS}|%{BACULA_LOG_JOBEND}|%{BACULA_LOG_NOPRUNE_JOBS}|%{BACULA_LOG_NOPRUNE_FILES}|%{BACULA_LOG_VOLUME_PREVWRITTEN}|%{BACULA_LOG_READYAPPEND}|%{BACULA_LOG_CANCELLING}|%{BACULA_LOG_MARKCANCEL}|%{BACULA_LOG_CLIENT_RBJ}|%{BACULA_LOG_VSS}|%{BACULA_LOG_MAXSTART}|%{BACULA_LOG_DUPLICATE}|%{BACULA_LOG_NOJOBSTAT}|%{BACULA_LOG_FATAL_CONN}|%{BACULA_LOG_NO_CONNECT}|%{BACULA_LOG_NO_AUTH}|%{BACULA_LOG_NOSUIT}|%{BACULA_LOG_NOPRIOR}|%{BACULA_LOG_JOB})
# line of a Bacula log, the older name — 24-Nov-2026 18:22 backup-dir: No prior or suitable Full backup found in catalog. Doing FULL backup.
BACULA_LOGLINE %{BACULA_LOG}
"""####),
                ("ecs-v1/bind", ####"""
# BIND 9 name server, query log.
# Sources: the logging section of the BIND 9 administrator manual; record types from the IANA registry.

# time of a BIND line — 24-Nov-2026 18:22:44.615
BIND9_TIMESTAMP %{MONTHDAY}-%{MONTH}-%{YEAR} %{TIME}
# type of a resource record; the first in the list that fits, so alone AAAA gives A — MX
BIND9_DNSTYPE (?:A|AAAA|CAA|CDNSKEY|CDS|CERT|CNAME|CSYNC|DLV|DNAME|DNSKEY|DS|HINFO|LOC|MX|NAPTR|NS|NSEC|NSEC3|OPENPGPKEY|PTR|RRSIG|RP|SIG|SMIMEA|SOA|SRV|TSIG|TXT|URI)
# category of the line, only queries so far — queries
BIND9_CATEGORY (?:queries)
# the query itself; the class keeps the brackets of its name — client @0x7f00c80a1b20 192.0.2.88#40123 (www.example.org): query: www.example.org IN AAAA +E(0)K (192.0.2.53)
BIND9_QUERYLOGBASE client(?::? @0x\h+)? %{IP:client.ip}#%{POSINT:client.port:integer} \(%{GREEDYDATA:bind.log.question.name}\): query: %{GREEDYDATA:dns.question.name} (?<[dns][question][class]>IN) %{BIND9_DNSTYPE:dns.question.type}(?::? %{DATA:bind.log.question.flags})? \(%{IP:server.ip}\)
# line of the query log; bing is the name in use — 24-Nov-2026 18:22:44.615 queries: info: client 192.0.2.88#40123 (example.org): query: example.org IN TXT + (192.0.2.53)
BIND9_QUERYLOG %{BIND9_TIMESTAMP:timestamp} %{BIND9_CATEGORY:bing.log.category}: %{LOGLEVEL:log.level}: %{BIND9_QUERYLOGBASE}
# line of the query log, the general name — 24-Nov-2026 18:22:44.615 queries: info: client 192.0.2.88#40123 (example.org): query: example.org IN TXT + (192.0.2.53)
BIND9 %{BIND9_QUERYLOG}
"""####),
                ("ecs-v1/exim", ####"""
# Exim mail transfer agent, main log.
# Source: the log files chapter of the Exim specification.

# identifier of a message — 1tFbQz-0004Kp-3M
EXIM_MSGID [0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}
# what happened to the message — =>
EXIM_FLAGS (?:<=|[-=>*]>|\*\*|==)
# date and time of a line — 2026-11-24 18:22:44
EXIM_DATE %{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{TIME}
# process that wrote the line — [4711]
EXIM_PID \[%{POSINT:process.pid:integer}\]
# time spent in the queue; may be empty — 3d4h5m6s
EXIM_QT (?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?
# lines that say nothing of a delivery — Message is frozen
EXIM_EXCLUDE_TERMS (?:Message is frozen|(?:Start|End) queue run| Warning: | retry time not reached | no (?:IP address|host name) found for (?:IP address|host) | unexpected disconnection while reading SMTP command | no immediate delivery: |another process is handling this message)
# host on the other side — H=mx1 (helo.example) [192.0.2.25]:40022
EXIM_REMOTE_HOST H=(?:%{NOTSPACE:source.address} )?(?:\(%{NOTSPACE:exim.log.remote_address}\) )?\[%{IP:source.ip}\](?::%{POSINT:source.port:integer})?
# interface the message came in on — I=[192.0.2.10]:25
EXIM_INTERFACE I=\[%{IP:destination.ip}\]:%{NUMBER:destination.port:integer}
# protocol — P=esmtps
EXIM_PROTOCOL P=%{NOTSPACE:network.protocol}
# size of the message — S=2048
EXIM_MSG_SIZE S=%{NUMBER:exim.log.message.size:integer}
# Message-ID header — id=20261124.abc@mail.example.org
EXIM_HEADER_ID id=%{NOTSPACE:exim.log.header_id}
# text between double quotes, with backslash escapes; may be empty — Weekly \"report\" ready
EXIM_QUOTED_CONTENT (?:\\.|[^\\"])*
# subject — T="Weekly \"report\" ready"
EXIM_SUBJECT T="%{EXIM_QUOTED_CONTENT:exim.log.message.subject}"
# any other field — CV=no
EXIM_UNKNOWN_FIELD [A-Za-z0-9]{1,4}=%{NOTSPACE}
# fields of a line, each with a space before it; may be none —  H=mx1 (helo.example) [192.0.2.25] P=esmtps S=2048 id=a@b T="hi there"
EXIM_NAMED_FIELDS (?: (?:%{EXIM_REMOTE_HOST}|%{EXIM_INTERFACE}|%{EXIM_PROTOCOL}|%{EXIM_MSG_SIZE}|%{EXIM_HEADER_ID}|%{EXIM_SUBJECT}|%{EXIM_UNKNOWN_FIELD}))*
# message that came in; flags and status keep the brackets of their names — 2026-11-24 18:22:44 [4711] 1tFbQz-0004Kp-3M <= jane@example.org H=mx1 [192.0.2.25]:40022 P=esmtps S=2048 for bob@example.net
EXIM_MESSAGE_ARRIVAL %{EXIM_DATE:timestamp} (?:%{EXIM_PID} )?%{EXIM_MSGID:exim.log.message.id} (?<[exim][log][flags]><=) (?<[exim][log][status]>[a-z:] )?%{EMAILADDRESS:exim.log.sender.email}%{EXIM_NAMED_FIELDS}(?:(?: from <?%{DATA:exim.log.sender.original}>?)? for %{EMAILADDRESS:exim.log.recipient.email})?
# line of the main log, only incoming messages so far — 2026-11-24 18:22:44 1tFbQz-0004Kp-3M <= root@localhost U=root P=local S=512
EXIM %{EXIM_MESSAGE_ARRIVAL}
"""####),
                ("ecs-v1/firewalls", ####"""
# Firewalls: NetScreen, Cisco ASA/PIX/FWSM, and Linux packet filters as Shorewall and SuSEfirewall2 log them.
# Sources: the syslog message guides of the Cisco ASA series and of ScreenOS; the LOG target of iptables.

# session of a NetScreen firewall — Nov 24 18:22:44 fw-dc1 fw-mgmt: NetScreen device_id=ns204 [Root]system-notification-00257(traffic): start_time="2026-11-24 18:22:40" duration=4 policy_id=12 service=https proto=6 src zone=Trust dst zone=Untrust action=Permit sent=1420 rcvd=9001 src=192.0.2.5 dst=203.0.113.80 src_port=50001 dst_port=443 src-xlated ip=198.51.100.1 port=2044 dst-xlated ip=203.0.113.80 port=443 session_id=51001 reason=Close - TCP FIN
NETSCREENSESSIONLOG %{SYSLOGTIMESTAMP:timestamp} %{IPORHOST:observer.hostname} %{NOTSPACE:observer.name}: (?<[observer][product]>NetScreen) device_id=%{WORD:netscreen.device_id} .*?(?:system-\w+-%{NONNEGINT:event.code}\(%{WORD:netscreen.session.type}\))?: start_time="%{DATA:netscreen.session.start_time}" duration=%{INT:netscreen.session.duration:integer} policy_id=%{INT:netscreen.policy_id} service=%{DATA:netscreen.service} proto=%{INT:netscreen.protocol_number:integer} src zone=%{WORD:observer.ingress.zone} dst zone=%{WORD:observer.egress.zone} action=%{WORD:event.action} sent=%{INT:source.bytes:integer} rcvd=%{INT:destination.bytes:integer} src=%{IPORHOST:source.address} dst=%{IPORHOST:destination.address}(?: src_port=%{INT:source.port:integer} dst_port=%{INT:destination.port:integer})?(?: src-xlated ip=%{IP:source.nat.ip} port=%{INT:source.nat.port:integer} dst-xlated ip=%{IP:destination.nat.ip} port=%{INT:destination.nat.port:integer})?(?: session_id=%{INT:netscreen.session.id} reason=%{GREEDYDATA:netscreen.session.reason})?
# start of a line with a Cisco tag — <166>Nov 24 2026 18:22:44 asa-edge : %ASA-6-302013: Built outbound TCP connection
CISCO_TAGGED_SYSLOG ^<%{POSINT:log.syslog.priority:integer}>%{CISCOTIMESTAMP:timestamp}(?: %{SYSLOGHOST:host.hostname})? ?: %%{CISCOTAG:cisco.asa.tag}:
# time of a line, with or without the year — Nov 24 2026 18:22:44
CISCOTIMESTAMP %{MONTH} +%{MONTHDAY}(?: %{YEAR})? %{TIME}
# device, severity and number of a message — ASA-6-302013
CISCOTAG [A-Z0-9]+-%{INT}-[A-Z0-9_]+
# what the firewall did; the first in the list that fits — Built
CISCO_ACTION (?:Built|Teardown|Deny|Denied|denied|requested|permitted|denied by ACL|discarded|est-allowed|Dropping|created|deleted)
# why it did so: a known reason, or any words; may be empty — Duplicate TCP SYN
CISCO_REASON (?:Duplicate TCP SYN|Failed to locate egress interface|Invalid transport field|No matching connection|DNS Response|DNS Query|(?:%{WORD}\s*)*)
# direction of a connection — outbound
CISCO_DIRECTION (?:[Ii]nbound|[Oo]utbound)
# span of a hit count — 300-second interval
CISCO_INTERVAL (?:first hit|%{INT}-second interval)
# kind of address translation — dynamic
CISCO_XLATE_TYPE (?:static|dynamic)
# hit count and its span — hit-cnt 7 300-second interval
CISCO_HITCOUNT_INTERVAL hit-cnt %{INT:cisco.asa.hit_count:integer} (?:first hit|%{INT:cisco.asa.interval:integer}-second interval)
# source with interface and user — outside:203.0.113.66(ACME\jane)
CISCO_SRC_IP_USER %{NOTSPACE:observer.ingress.interface.name}:%{IP:source.ip}(?:\(%{DATA:source.user.name}\))?
# destination with interface and user — outside:203.0.113.66(ACME\jane)
CISCO_DST_IP_USER %{NOTSPACE:observer.egress.interface.name}:%{IP:destination.ip}(?:\(%{DATA:destination.user.name}\))?
# source host with interface, port and user — outside:203.0.113.66/40001(ACME\jane)
CISCO_SRC_HOST_PORT_USER %{NOTSPACE:observer.ingress.interface.name}:(?:%{IP:source.ip}|%{HOSTNAME:source.address})(?:/%{INT:source.port:integer})?(?:\(%{DATA:source.user.name}\))?
# destination host with interface, port and user — inside:printer-3
CISCO_DST_HOST_PORT_USER %{NOTSPACE:observer.egress.interface.name}:(?:%{IP:destination.ip}|%{HOSTNAME:destination.address})(?:/%{INT:destination.port:integer})?(?:\(%{DATA:destination.user.name}\))?
# failover: this unit takes over — (Primary) Switching to ACTIVE - mate failed
CISCOFW104001 \((?:Primary|Secondary)\) Switching to ACTIVE - %{GREEDYDATA:event.reason}
# failover: this unit steps back — (Secondary) Switching to STANDBY - Bulk sync in progress
CISCOFW104002 \((?:Primary|Secondary)\) Switching to STANDBY - %{GREEDYDATA:event.reason}
# failover: this unit failed — (Primary) Switching to FAILED.
CISCOFW104003 \((?:Primary|Secondary)\) Switching to FAILED\.
# failover: this unit is well again — (Secondary) Switching to OK.
CISCOFW104004 \((?:Primary|Secondary)\) Switching to OK\.
# failover: interface under test — (Primary) Monitoring on Interface dmz waiting
CISCOFW105003 \((?:Primary|Secondary)\) Monitoring on [Ii]nterface %{GREEDYDATA:network.interface.name} waiting
# failover: interface is well — (Secondary) Monitoring on Interface dmz2 normal
CISCOFW105004 \((?:Primary|Secondary)\) Monitoring on [Ii]nterface %{GREEDYDATA:network.interface.name} normal
# failover: peer lost on an interface — (Secondary) Lost Failover communications with mate on interface outside
CISCOFW105005 \((?:Primary|Secondary)\) Lost Failover communications with mate on [Ii]nterface %{GREEDYDATA:network.interface.name}
# failover: test of an interface begins — (Primary) Testing Interface inside
CISCOFW105008 \((?:Primary|Secondary)\) Testing [Ii]nterface %{GREEDYDATA:network.interface.name}
# failover: result of the test of an interface — (Primary) Testing on interface inside Passed
CISCOFW105009 \((?:Primary|Secondary)\) Testing on [Ii]nterface %{GREEDYDATA:network.interface.name} (?:Passed|Failed)
# connection denied — Inbound TCP connection denied from 203.0.113.66/40001 to 192.0.2.8/8443 flags SYN on interface outside
CISCOFW106001 %{CISCO_DIRECTION:cisco.asa.network.direction} %{WORD:cisco.asa.network.transport} connection %{CISCO_ACTION:cisco.asa.outcome} from %{IP:source.ip}/%{INT:source.port:integer} to %{IP:destination.ip}/%{INT:destination.port:integer} flags %{DATA:cisco.asa.tcp_flags} on interface %{NOTSPACE:observer.egress.interface.name}
# packet denied — Deny inbound UDP from 203.0.113.66/5353 to 192.0.2.8/53 on interface outside
CISCOFW106006_106007_106010 %{CISCO_ACTION:cisco.asa.outcome} %{CISCO_DIRECTION:cisco.asa.network.direction} %{WORD:cisco.asa.network.transport} (?:from|src) %{IP:source.ip}/%{INT:source.port:integer}(?:\(%{DATA:source.user.name}\))? (?:to|dst) %{IP:destination.ip}/%{INT:destination.port:integer}(?:\(%{DATA:destination.user.name}\))? (?:on interface %{NOTSPACE:observer.egress.interface.name}|due to %{CISCO_REASON:event.reason})
# ICMP packet denied — Deny inbound icmp src outside:203.0.113.66 dst inside:192.0.2.8 (type 8, code 0)
CISCOFW106014 %{CISCO_ACTION:cisco.asa.outcome} %{CISCO_DIRECTION:cisco.asa.network.direction} %{WORD:cisco.asa.network.transport} src %{CISCO_SRC_IP_USER} dst %{CISCO_DST_IP_USER}\s?\(type %{INT:cisco.asa.icmp_type:integer}, code %{INT:cisco.asa.icmp_code:integer}\)
# packet without a connection denied — Deny TCP (no connection) from 192.0.2.8/443 to 203.0.113.66/40001 flags FIN ACK on interface inside
CISCOFW106015 %{CISCO_ACTION:cisco.asa.outcome} %{WORD:cisco.asa.network.transport} \(%{DATA:cisco.asa.rule_name}\) from %{IP:source.ip}/%{INT:source.port:integer} to %{IP:destination.ip}/%{INT:destination.port:integer} flags %{DATA:cisco.asa.tcp_flags} +on interface %{NOTSPACE:observer.egress.interface.name}
# reverse path check failed — Deny UDP reverse path check from 10.9.9.9 to 192.0.2.8 on interface outside
CISCOFW106021 %{CISCO_ACTION:cisco.asa.outcome} %{WORD:cisco.asa.network.transport} reverse path check from %{IP:source.ip} to %{IP:destination.ip} on interface %{NOTSPACE:observer.egress.interface.name}
# packet denied by an access group — Deny tcp src outside:203.0.113.66/40001 dst inside:192.0.2.8/3389 by access-group "outside_in" [0x8ed66b60, 0xf8852875]
CISCOFW106023 %{CISCO_ACTION:cisco.asa.outcome}(?: protocol)? %{WORD:cisco.asa.network.transport} src %{CISCO_SRC_HOST_PORT_USER} dst %{CISCO_DST_HOST_PORT_USER}(?: \(type %{INT:cisco.asa.icmp_type:integer}, code %{INT:cisco.asa.icmp_code:integer}\))? by access-group "?%{DATA:cisco.asa.rule_name}"? \[%{DATA:@metadata.cisco.asa.hashcode1}, %{DATA:@metadata.cisco.asa.hashcode2}\]
# access list hit, for a user — access-list VPN_ACL denied tcp for user 'jane' inside/192.0.2.8(40001) -> outside/203.0.113.66(25) hit-cnt 3 300-second interval [0x1a2b3c4d, 0x0]
CISCOFW106100_2_3 access-list %{NOTSPACE:cisco.asa.rule_name} %{CISCO_ACTION:cisco.asa.outcome} %{WORD:cisco.asa.network.transport} for user '%{DATA:user.name}' %{NOTSPACE:observer.ingress.interface.name}/%{IP:source.ip}\(%{INT:source.port:integer}\) -> %{NOTSPACE:observer.egress.interface.name}/%{IP:destination.ip}\(%{INT:destination.port:integer}\) %{CISCO_HITCOUNT_INTERVAL} \[%{DATA:@metadata.cisco.asa.hashcode1}, %{DATA:@metadata.cisco.asa.hashcode2}\]
# access list hit; a user after the destination is taken for the source user — access-list outside_in permitted tcp outside/203.0.113.66(40001) -> inside/192.0.2.8(443) hit-cnt 1 first hit [0x1a2b3c4d, 0x0]
CISCOFW106100 access-list %{NOTSPACE:cisco.asa.rule_name} %{CISCO_ACTION:cisco.asa.outcome} %{WORD:cisco.asa.network.transport} %{NOTSPACE:observer.ingress.interface.name}/%{IP:source.ip}\(%{INT:source.port:integer}\)(?:\(%{DATA:source.user.name}\))? -> %{NOTSPACE:observer.egress.interface.name}/%{IP:destination.ip}\(%{INT:destination.port:integer}\)(?:\(%{DATA:source.user.name}\))? hit-cnt %{INT:cisco.asa.hit_count:integer} %{CISCO_INTERVAL} \[%{DATA:@metadata.cisco.asa.hashcode1}, %{DATA:@metadata.cisco.asa.hashcode2}\]
# page fetched — 192.0.2.8(ACME\jane) Accessed URL 203.0.113.80:http://www.example.org/a?b
CISCOFW304001 %{IP:source.ip}(?:\(%{DATA:source.user.name}\))? Accessed URL %{IP:destination.ip}:%{GREEDYDATA:url.original}
# no way out — Failed to locate egress interface for UDP from outside:203.0.113.66/5060 to 192.0.2.8/5060
CISCOFW110002 %{CISCO_REASON:event.reason} for %{WORD:cisco.asa.network.transport} from %{NOTSPACE:observer.ingress.interface.name}:%{IP:source.ip}/%{INT:source.port:integer} to %{IP:destination.ip}/%{INT:destination.port:integer}
# connections in use — 1042 in use, 5311 most used
CISCOFW302010 %{INT:cisco.asa.connections.in_use:integer} in use, %{INT:cisco.asa.connections.most_used:integer} most used
# connection begins or ends (no user of the source) — Built outbound TCP connection 990017 for outside:203.0.113.80/443 (203.0.113.80/443) to inside:192.0.2.8/50100 (198.51.100.1/50100)
CISCOFW302013_302014_302015_302016 %{CISCO_ACTION:cisco.asa.outcome}(?: %{CISCO_DIRECTION:cisco.asa.network.direction})? %{WORD:cisco.asa.network.transport} connection %{INT:cisco.asa.connection_id} for %{NOTSPACE:observer.ingress.interface.name}:%{IP:source.ip}/%{INT:source.port:integer}(?: \(%{IP:source.nat.ip}/%{INT:source.nat.port:integer}\))? to %{NOTSPACE:observer.egress.interface.name}:%{IP:destination.ip}/%{INT:destination.port:integer}(?: \(%{IP:destination.nat.ip}/%{INT:destination.nat.port:integer}\))?(?:\(%{DATA:destination.user.name}\))?(?: duration %{TIME:cisco.asa.duration} bytes %{INT:network.bytes:integer})?(?: %{CISCO_REASON:event.reason})?(?: \(%{DATA:user.name}\))?
# ICMP connection begins or ends — Built inbound ICMP connection for faddr 203.0.113.66/0 gaddr 198.51.100.1/0 laddr 192.0.2.8/0
CISCOFW302020_302021 %{CISCO_ACTION:cisco.asa.outcome}(?: %{CISCO_DIRECTION:cisco.asa.network.direction})? %{WORD:cisco.asa.network.transport} connection for faddr %{IP:destination.ip}/%{INT:cisco.asa.icmp_seq:integer}(?:\(%{DATA:destination.user.name}\))? gaddr %{IP:source.nat.ip}/%{INT:cisco.asa.icmp_type:integer} laddr %{IP:source.ip}/%{INT}(?: \(%{DATA:source.user.name}\))?
# address translation made — Built dynamic TCP translation from inside:192.0.2.8/50100 to outside:198.51.100.1/31011
CISCOFW305011 %{CISCO_ACTION:cisco.asa.outcome} %{CISCO_XLATE_TYPE} %{WORD:cisco.asa.network.transport} translation from %{NOTSPACE:observer.ingress.interface.name}:%{IP:source.ip}(?:/%{INT:source.port:integer})?(?:\(%{DATA:source.user.name}\))? to %{NOTSPACE:observer.egress.interface.name}:%{IP:destination.ip}/%{INT:destination.port:integer}
# ICMP to the firewall denied — Denied ICMP type=3, code=1 from 203.0.113.66 on interface outside
CISCOFW313001_313004_313008 %{CISCO_ACTION:cisco.asa.outcome} %{WORD:cisco.asa.network.transport} type=%{INT:cisco.asa.icmp_type:integer}, code=%{INT:cisco.asa.icmp_code:integer} from %{IP:source.ip} on interface %{NOTSPACE:observer.egress.interface.name}(?: to %{IP:destination.ip})?
# ICMP error without a connection — No matching connection for ICMP error message: icmp src outside:203.0.113.66 dst inside:192.0.2.8 (type 3, code 3) on outside interface.  Original IP payload: udp src 192.0.2.8/53 dst 203.0.113.66/40001.
CISCOFW313005 %{CISCO_REASON:event.reason} for %{WORD:cisco.asa.network.transport} error message: %{WORD} src %{CISCO_SRC_IP_USER} dst %{CISCO_DST_IP_USER}\s?\(type %{INT:cisco.asa.icmp_type:integer}, code %{INT:cisco.asa.icmp_code:integer}\) on %{NOTSPACE} interface\.\s+Original IP payload: %{WORD:cisco.asa.original_ip_payload.network.transport} src %{IP:cisco.asa.original_ip_payload.source.ip}/%{INT:cisco.asa.original_ip_payload.source.port:integer}(?:\(%{DATA:cisco.asa.original_ip_payload.source.user.name}\))? dst %{IP:cisco.asa.original_ip_payload.destination.ip}/%{INT:cisco.asa.original_ip_payload.destination.port:integer}(?:\(%{DATA:cisco.asa.original_ip_payload.destination.user.name}\))?
# resource limit reached — Resource 'conns' limit of 100000 reached for system
CISCOFW321001 Resource '%{DATA:cisco.asa.resource.name}' limit of %{POSINT:cisco.asa.resource.limit:integer} reached for system
# packet without IPsec — IPSEC: Received a non-IPSec packet (protocol= ICMP) from 203.0.113.66 to 192.0.2.1.
CISCOFW402117 %{WORD:cisco.asa.network.type}: Received a non-IPSec packet \(protocol=\s?%{WORD:cisco.asa.network.transport}\) from %{IP:source.ip} to %{IP:destination.ip}\.?
# packet played again — IPSEC: Received an ESP packet (SPI= 0x1A2B3C4D, sequence number= 0x17) from 203.0.113.66 (user= jane) to 192.0.2.1 that failed anti-replay checking.
CISCOFW402119 %{WORD:cisco.asa.network.type}: Received an %{WORD:cisco.asa.ipsec.protocol} packet \(SPI=\s?%{DATA:cisco.asa.ipsec.spi}, sequence number=\s?%{DATA:cisco.asa.ipsec.seq_num}\) from %{IP:source.ip} \(user=\s?%{DATA:source.user.name}\) to %{IP:destination.ip} that failed anti-replay checking\.?
# packet dropped — Dropping TCP packet from outside:203.0.113.66/40001 to inside:192.0.2.8/25, reason: MSS exceeded
CISCOFW419001 %{CISCO_ACTION:cisco.asa.outcome} %{WORD:cisco.asa.network.transport} packet from %{NOTSPACE:observer.ingress.interface.name}:%{IP:source.ip}/%{INT:source.port:integer} to %{NOTSPACE:observer.egress.interface.name}:%{IP:destination.ip}/%{INT:destination.port:integer}, reason: %{GREEDYDATA:event.reason}
# second SYN — Duplicate TCP SYN from inside:192.0.2.8/50100 to outside:203.0.113.80/443 with different initial sequence number
CISCOFW419002 %{CISCO_REASON:event.reason} from %{NOTSPACE:observer.ingress.interface.name}:%{IP:source.ip}/%{INT:source.port:integer} to %{NOTSPACE:observer.egress.interface.name}:%{IP:destination.ip}/%{INT:destination.port:integer} with different initial sequence number
# bad transport field — Invalid transport field for protocol=UDP, from 203.0.113.66/0 to 192.0.2.8/53
CISCOFW500004 %{CISCO_REASON:event.reason} for protocol=%{WORD:cisco.asa.network.transport}, from %{IP:source.ip}/%{INT:source.port:integer} to %{IP:destination.ip}/%{INT:destination.port:integer}
# IPsec association made or deleted — IPSEC: An outbound LAN-to-LAN SA (SPI= 0x1A2B3C4D) between 192.0.2.1 and 203.0.113.66 (user= jane) has been created
CISCOFW602303_602304 %{WORD:cisco.asa.network.type}: An %{CISCO_DIRECTION:cisco.asa.network.direction} %{DATA:cisco.asa.ipsec.tunnel_type} SA \(SPI=\s?%{DATA:cisco.asa.ipsec.spi}\) between %{IP:source.ip} and %{IP:destination.ip} \(user=\s?%{DATA:source.user.name}\) has been %{CISCO_ACTION:cisco.asa.outcome}
# access to the firewall — TCP access denied by ACL from 203.0.113.66/40001 to outside:192.0.2.1/22
CISCOFW710001_710002_710003_710005_710006 %{WORD:cisco.asa.network.transport} (?:request|access) %{CISCO_ACTION:cisco.asa.outcome} from %{IP:source.ip}/%{INT:source.port:integer} to %{NOTSPACE:observer.egress.interface.name}:%{IP:destination.ip}/%{INT:destination.port:integer}
# NAT between VPN peers — Group = staff, IP = 203.0.113.66, Automatic NAT Detection Status:     Remote end is NOT behind a NAT device     This   end is behind a NAT device
CISCOFW713172 Group = %{DATA:cisco.asa.source.group}, IP = %{IP:source.ip}, Automatic NAT Detection Status:\s+Remote end\s*%{DATA:@metadata.cisco.asa.remote_nat}\s*behind a NAT device\s+This\s+end\s*%{DATA:@metadata.cisco.asa.local_nat}\s*behind a NAT device
# threat detection rate — [ Scanning] drop rate-1 exceeded. Current burst rate is 12 per second, max configured rate is 10; Current average rate is 7 per second, max configured rate is 5; Cumulative total count is 4301
CISCOFW733100 \[\s*%{DATA:cisco.asa.burst.object}\s*\] drop %{DATA:cisco.asa.burst.id} exceeded. Current burst rate is %{INT:cisco.asa.burst.current_rate:integer} per second, max configured rate is %{INT:cisco.asa.burst.configured_rate:integer}; Current average rate is %{INT:cisco.asa.burst.avg_rate:integer} per second, max configured rate is %{INT:cisco.asa.burst.configured_avg_rate:integer}; Cumulative total count is %{INT:cisco.asa.burst.cumulative_count:integer}
# flags of a TCP packet, a space after each; may be empty — ACK PSH FIN 
IPTABLES_TCP_FLAGS (?:(?:CWR|ECE|URG|ACK|PSH|RST|SYN|FIN) )*
# TCP fields of a packet — SEQ=11 ACK=22 WINDOW=29200 RES=0x00 SYN URGP=0
IPTABLES_TCP_PART (?:SEQ=%{INT:iptables.tcp.seq:integer}\s+)?(?:ACK=%{INT:iptables.tcp.ack:integer}\s+)?WINDOW=%{INT:iptables.tcp.window:integer}\s+RES=0x%{BASE16NUM:iptables.tcp_reserved_bits}\s+%{IPTABLES_TCP_FLAGS:iptables.tcp.flags}
# fragment flag, a space before it; may be empty — ID=4242 DF
IPTABLES4_FRAG (?:(?<= )(?:CE|DF|MF))?
# IPv4 fields of a packet — SRC=203.0.113.66 DST=192.0.2.8 LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=4242 DF PROTO=TCP
IPTABLES4_PART SRC=%{IPV4:source.ip}\s+DST=%{IPV4:destination.ip}\s+LEN=(?:%{INT:iptables.length:integer})?\s+TOS=(?:0|0x%{BASE16NUM:iptables.tos})?\s+PREC=(?:0x%{BASE16NUM:iptables.precedence_bits})?\s+TTL=(?:%{INT:iptables.ttl:integer})?\s+ID=(?:%{INT:iptables.id})?\s+(?:%{IPTABLES4_FRAG:iptables.fragment_flags})?(?:\s+FRAG: %{INT:iptables.fragment_offset:integer})?
# IPv6 fields of a packet — SRC=2001:0db8:0000:0000:0000:0000:0000:0066 DST=2001:0db8:0000:0000:0000:0000:0000:0008 LEN=80 TC=0 HOPLIMIT=61 FLOWLBL=0 PROTO=TCP
IPTABLES6_PART SRC=%{IPV6:source.ip}\s+DST=%{IPV6:destination.ip}\s+LEN=(?:%{INT:iptables.length:integer})?\s+TC=(?:0|0x%{BASE16NUM:iptables.tos})?\s+HOPLIMIT=(?:%{INT:iptables.ttl:integer})?\s+FLOWLBL=(?:%{INT:iptables.flow_label})?
# packet as the LOG target of iptables writes it — IN=wan0 OUT=lan0 SRC=203.0.113.4 DST=192.0.2.200 LEN=1500 TOS=0x10 PREC=0x20 TTL=240 ID=0 PROTO=TCP SPT=443 DPT=50000 SEQ=7 ACK=8 WINDOW=501 RES=0x00 ACK FIN URGP=0
IPTABLES IN=(?:%{NOTSPACE:observer.ingress.interface.name})?\s+OUT=(?:%{NOTSPACE:observer.egress.interface.name})?\s+(?:MAC=(?:%{COMMONMAC:destination.mac})?(?::%{COMMONMAC:source.mac})?(?::\h{2}:\h{2})?\s+)?(?::?%{IPTABLES4_PART}|%{IPTABLES6_PART}).*?PROTO=(?:%{WORD:network.transport})?\s+SPT=(?:%{INT:source.port:integer})?\s+DPT=(?:%{INT:destination.port:integer})?\s+(?:%{IPTABLES_TCP_PART})?
# packet logged by Shorewall — Nov 24 18:22:44 gw Shorewall:net2fw:DROP:IN=eth0 OUT= MAC=02:42:ac:11:00:02:02:42:ac:11:00:01:08:00 SRC=203.0.113.66 DST=192.0.2.8 LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=4242 DF PROTO=TCP SPT=40001 DPT=22 WINDOW=29200 RES=0x00 SYN URGP=0
SHOREWALL %{SYSLOGTIMESTAMP:timestamp} %{WORD:observer.hostname} .*Shorewall:(?:%{WORD:shorewall.firewall.type})?:(?:%{WORD:shorewall.firewall.action})?.*%{IPTABLES}
# prefix of SuSEfirewall2 with its action — SFW2-INext-DROP-DEFLT IN=eth0
SFW2_LOG_PREFIX SFW2-INext-%{NOTSPACE:suse.firewall.action}
# packet logged by SuSEfirewall2 — Nov 24 18:22:44 suse1 kernel: [1234.5678] SFW2-INext-DROP-DEFLT IN=eth0 OUT= MAC=02:42:ac:11:00:02:02:42:ac:11:00:01:08:00 SRC=203.0.113.66 DST=192.0.2.8 LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=4242 DF PROTO=TCP SPT=40001 DPT=22 WINDOW=29200 RES=0x00 SYN URGP=0
SFW2 (?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp})\s*%{HOSTNAME:observer.hostname}.*?%{SFW2_LOG_PREFIX:suse.firewall.log_prefix}\s*%{IPTABLES}
"""####),
                ("ecs-v1/grok-patterns", ####"""
# Basic building blocks: numbers, words, quoted text, network addresses, paths, URIs, dates, log levels.
# Sources: RFC 3986 (URIs), RFC 4291 (IPv6), RFC 8141 (URNs), RFC 5322 and ISO 8601 (dates), RFC 3164 (syslog).
# A path or a URI path is one character class repeated once: a repeated group of repeated parts
# matches the same text, but takes exponential time on a line that does not fit.

# account name — jane.doe-42
USERNAME [A-Za-z0-9._-]+
# account name, the usual short word for it — svc_backup
USER %{USERNAME}
# part of a mail address before the at sign — sales.team+eu
EMAILLOCALPART [A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+
# mail address — jane.doe@mail.example.org
EMAILADDRESS %{EMAILLOCALPART}@%{HOSTNAME}
# whole number with an optional sign — -17
INT [+-]?\d+
# decimal number, not in the middle of another number — -0.5
BASE10NUM (?<![\d.+-])(?>[+-]?(?:\d+(?:\.\d+)?|\.\d+))
# decimal number — 3.14159
NUMBER %{BASE10NUM}
# hexadecimal number — 0xDEADBEEF
BASE16NUM (?<!\h)[+-]?(?:0x)?\h+
# hexadecimal number with an optional fraction — 0x1f.a8
BASE16FLOAT \b(?<![\h.])[+-]?(?:0x)?(?:\h+(?:\.\h*)?|\.\h+)\b
# whole number above zero, no leading zero — 8080
POSINT \b[1-9]\d*\b
# run of digits — 007
NONNEGINT \b\d+\b
# word of ASCII letters, digits and underscores — snake_case_1
WORD \b\w+\b
# anything up to white space — /usr/bin/env
NOTSPACE \S+
# white space, or nothing — \t
SPACE \s*
# as little as possible of a line — anything
DATA .*?
# as much as possible of a line — anything at all
GREEDYDATA .*
# text in double, single or back quotes, with backslash escapes — "with \"escaped\" inside"
QUOTEDSTRING (?<!\\)(?>"[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+'|`[^`\\]*+(?:\\.[^`\\]*+)*+`)
# universally unique identifier — 123e4567-e89b-42d3-a456-426614174000
UUID \h{8}-(?:\h{4}-){3}\h{12}
# uniform resource name — urn:isbn:9780141036144
URN urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:[0-9A-Za-z()+,.:=@;$_!*'/?#-]|%\h{2})+

# hardware address in any of the three notations — 00:1b:44:11:3A:b7
MAC (?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})
# hardware address in three groups, as Cisco writes it — 0050.56AA.01FF
CISCOMAC (?:\h{4}\.){2}\h{4}
# hardware address with hyphens, as Windows writes it — A1-B2-C3-D4-E5-F6
WINDOWSMAC (?:\h{2}-){5}\h{2}
# hardware address with colons — 02:42:AC:11:00:02
COMMONMAC (?:\h{2}:){5}\h{2}
# IPv6 address; a zone after the percent sign takes the rest of the line — 2001:db8::42
IPV6 (?:(?:\h{1,4}:){7}(?:\h{1,4}|:)|(?:\h{1,4}:){6}(?::\h{1,4}|(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|(?:\h{1,4}:){5}(?:(?::\h{1,4}){1,2}|:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|(?:\h{1,4}:){4}(?:(?::\h{1,4}){1,3}|(?::\h{1,4}){0,1}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|(?:\h{1,4}:){3}(?:(?::\h{1,4}){1,4}|(?::\h{1,4}){0,2}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|(?:\h{1,4}:){2}(?:(?::\h{1,4}){1,5}|(?::\h{1,4}){0,3}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|\h{1,4}:(?:(?::\h{1,4}){1,6}|(?::\h{1,4}){0,4}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:)|:(?:(?::\h{1,4}){1,7}|(?::\h{1,4}){0,5}:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|:))(?:%.+)?
# IPv4 address, leading zeros allowed — 192.0.2.17
IPV4 (?<!\d)(?:(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})(?!\d)
# IP address of either version — 203.0.113.9
IP (?:%{IPV6}|%{IPV4})
# host name, with an optional final dot — web-01.eu.example.com
HOSTNAME \b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*\.?
# IP address or host name — db.internal
IPORHOST (?:%{IP}|%{HOSTNAME})
# host and port — db.internal:5432
HOSTPORT %{IPORHOST}:%{POSINT}

# path of either system — /var/log/app.log
PATH (?:%{UNIXPATH}|%{WINPATH})
# absolute path with slashes — /usr/local/bin/ruby
UNIXPATH /[[:alnum:]_%!$@:.,+~/-]*
# terminal device — /dev/pts/3
TTY /dev/(?:pts|tty)\w*/?\d+
# Windows path: a drive (or registry hive) or a share — C:\Windows\System32\drivers
WINPATH (?:[A-Za-z]+:|\\)\\[^?*]*
# scheme of a URI — https
URIPROTO [A-Za-z][A-Za-z0-9+.-]+
# host of a URI with its port — example.org:8443
URIHOST %{IPORHOST}(?::%{POSINT})?
# path of a URI — /index.html
URIPATH /[A-Za-z0-9/$.+!*'(){},~:;=@#%&_-]*
# query of a URI without the question mark; may be empty — q=1&r=a%20b
URIQUERY [A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?<>\[\]-]*
# query of a URI with its question mark — ?q=1&r=a%20b
URIPARAM \?%{URIQUERY}
# path and query of a URI — /search?q=logs&page=2
URIPATHPARAM %{URIPATH}(?:\?%{URIQUERY})?
# absolute URI — https://jane:s3cret@example.org:8443/a/b?c=d
URI %{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?

# name of a month, English or German, full or short — December
MONTH \b(?:[Jj]an(?:uary?)?|[Ff]eb(?:ruary?)?|[Mm][aä]?r(?:ch|z)?|[Aa]pr(?:il)?|[Mm]a[yi]?|[Jj]un[ei]?|[Jj]ul[yi]?|[Aa]ug(?:ust)?|[Ss]ep(?:tember)?|[Oo][ck]?t(?:ober)?|[Nn]ov(?:ember)?|[Dd]e[cz](?:ember)?)\b
# number of a month — 07
MONTHNUM (?:0?[1-9]|1[0-2])
# number of a month in two digits — 12
MONTHNUM2 (?:0[1-9]|1[0-2])
# day of a month — 24
MONTHDAY (?:0[1-9]|[12]\d|3[01]|[1-9])
# English day of the week, full or short — Wednesday
DAY (?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)
# year in four or two digits — 2026
YEAR \d{2}(?:\d{2})?
# hour of the day — 23
HOUR (?:2[0-3]|[01]?\d)
# minute — 59
MINUTE [0-5]\d
# second with an optional fraction; 60 is a leap second — 12.345
SECOND (?:[0-5]?\d|60)(?:[:.,]\d+)?
# time of day with seconds — 18:22:44
TIME %{HOUR}:%{MINUTE}:%{SECOND}(?!\d)
# month, day, year — 12/31/2026
DATE_US %{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}
# day, month, year — 31.12.2026
DATE_EU %{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}
# offset from UTC as in ISO 8601 — +01:00
ISO8601_TIMEZONE (?:Z|[+-]%{HOUR}:?%{MINUTE})
# second of an ISO 8601 time — 59.999
ISO8601_SECOND %{SECOND}
# date and time as in ISO 8601, a space instead of the T allowed — 2026-11-24T18:22:44Z
TIMESTAMP_ISO8601 %{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?
# numeric date, American order first — 12/31/2026
DATE (?:%{DATE_US}|%{DATE_EU})
# numeric date and time — 11/24/2026 18:22:44
DATESTAMP %{DATE}[- ]%{TIME}
# American time zone, or UTC — PST
TZ (?:[ACEMP][DS]T|UTC)
# date in the order of RFC 822 mail dates without the comma — Tue Nov 24 2026 18:22:44 UTC
DATESTAMP_RFC822 %{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}
# date of RFC 2822 mail — Tue, 24 Nov 2026 18:22:44 +0100
DATESTAMP_RFC2822 %{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}
# date as the command date prints it — Tue Nov 24 18:22:44 UTC 2026
DATESTAMP_OTHER %{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}
# date and time as digits only — 20261124182244
DATESTAMP_EVENTLOG %{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}

# time of a BSD syslog line (RFC 3164) — Nov 24 18:22:44
SYSLOGTIMESTAMP %{MONTH} +%{MONTHDAY} %{TIME}
# program name: printable ASCII but for brackets — postfix/smtpd
PROG [!-Z\\^-~]+
# program and process — sshd[311]
SYSLOGPROG %{PROG:process.name}(?:\[%{POSINT:process.pid:integer}\])?
# host that sent a syslog line — web-1
SYSLOGHOST %{IPORHOST}
# facility and priority — <3.6>
SYSLOGFACILITY <%{NONNEGINT:log.syslog.facility.code:integer}.%{NONNEGINT:log.syslog.priority:integer}>
# time of a web server access line — 24/Nov/2026:18:22:44 +0000
HTTPDATE %{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}
# quoted text, the short name — "hello world"
QS %{QUOTEDSTRING}
# start of a BSD syslog line — Nov 24 18:22:44 web-1 sshd[311]: Accepted publickey
SYSLOGBASE %{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:host.hostname} %{SYSLOGPROG}:
# log level; not a word of its own, so it is found inside longer words — Warning
LOGLEVEL (?:[Aa]lert|ALERT|[Tt]race|TRACE|[Dd]ebug|DEBUG|[Nn]otice|NOTICE|[Ii]nfo?(?:rmation)?|INFO?(?:RMATION)?|[Ww]arn?(?:ing)?|WARN?(?:ING)?|[Ee]rr?(?:or)?|ERR?(?:OR)?|[Cc]rit?(?:ical)?|CRIT?(?:ICAL)?|[Ff]atal|FATAL|[Ss]evere|SEVERE|[Ee]merg(?:ency)?|EMERG(?:ENCY)?)
"""####),
                ("ecs-v1/httpd", ####"""
# Apache HTTP server, access and error logs.
# Source: mod_log_config and ErrorLogFormat of the Apache 2.0 and 2.4 manuals.

# user of a request, a name or a mail address — carol
HTTPDUSER (?:%{EMAILADDRESS}|%{USER})
# time of an error log line — Tue Nov 24 18:22:44 2026
HTTPDERROR_DATE %{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR}
# access line in the common format — 203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] "GET /shop/item?id=7 HTTP/1.1" 200 5120
HTTPD_COMMONLOG %{IPORHOST:source.address} (?:-|%{HTTPDUSER:apache.access.user.identity}) (?:-|%{HTTPDUSER:user.name}) \[%{HTTPDATE:timestamp}\] "(?:%{WORD:http.request.method} %{NOTSPACE:url.original}(?: HTTP/%{NUMBER:http.version})?|%{DATA})" (?:-|%{INT:http.response.status_code:integer}) (?:-|%{INT:http.response.body.bytes:integer})
# access line in the combined format — 198.51.100.23 - - [24/Nov/2026:18:22:44 +0000] "GET /docs HTTP/1.1" 200 1024 "https://search.example/?q=x" "Mozilla/5.0 (X11; Linux x86_64)"
HTTPD_COMBINEDLOG %{HTTPD_COMMONLOG} "(?:-|%{DATA:http.request.referrer})" "(?:-|%{DATA:user_agent.original})"
# error line of Apache 2.0 and 2.2 — [Tue Nov 24 18:22:44 2026] [error] [client 203.0.113.5] File does not exist: /srv/www/favicon.ico
HTTPD20_ERRORLOG \[%{HTTPDERROR_DATE:timestamp}\] \[%{LOGLEVEL:log.level}\] (?:\[client %{IPORHOST:source.address}\] )?%{GREEDYDATA:message}
# error line of Apache 2.4; the part with a proxy error never matches, its text ends up in the error code — [Tue Nov 24 18:22:44.654321 2026] [core:error] [pid 1201:tid 140211] (13)Permission denied: [client 203.0.113.5:51234] AH00035: access to /private denied
HTTPD24_ERRORLOG \[%{HTTPDERROR_DATE:timestamp}\] \[(?:%{WORD:apache.error.module})?:%{LOGLEVEL:log.level}\] \[pid %{POSINT:process.pid:integer}(?::tid %{INT:process.thread.id:integer})?\](?: \((?!)\)%{DATA:apache.error.proxy.error.message}:)?(?: \[client %{IPORHOST:source.address}(?::%{POSINT:source.port:integer})?\])?(?: %{DATA:error.code}:)? %{GREEDYDATA:message}
# error line of either version — [Tue Nov 24 18:22:44 2026] [error] [client 203.0.113.5] script timed out
HTTPD_ERRORLOG (?:%{HTTPD20_ERRORLOG}|%{HTTPD24_ERRORLOG})
# common format, the older name — 203.0.113.44 - carol [24/Nov/2026:18:22:44 +0000] "GET /shop/item?id=7 HTTP/1.1" 200 5120
COMMONAPACHELOG %{HTTPD_COMMONLOG}
# combined format, the older name — 198.51.100.23 - - [24/Nov/2026:18:22:44 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8.1"
COMBINEDAPACHELOG %{HTTPD_COMBINEDLOG}
"""####),
                ("ecs-v1/linux-syslog", ####"""
# Syslog as Linux hosts write it: the BSD form (RFC 3164), ISO times, RFC 5424, PAM sessions, cron.

# printable ASCII, the text of the header fields of RFC 5424 — app-name
SYSLOG5424PRINTASCII [!-~]+
# start of a syslog line with either kind of time; the program may be missing — Nov 24 18:22:44 web-1 sshd[311]: Accepted publickey
SYSLOGBASE2 (?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp}) (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:host.hostname}(?: %{SYSLOGPROG}:|)
# session opened or closed by PAM — Nov 24 18:22:44 web-1 CRON[818]: pam_unix(cron:session): session opened for user root by (uid=0)
SYSLOGPAMSESSION %{SYSLOGBASE} (?=%{GREEDYDATA:message})%{WORD:system.auth.pam.module}\(%{DATA:system.auth.pam.origin}\): session %{WORD:system.auth.pam.session_state} for user %{USERNAME:user.name}(?: by %{GREEDYDATA})?
# what cron did — CMD
CRON_ACTION [A-Z ]+
# line of cron — Nov 24 18:22:44 web-1 CRON[818]: (root) CMD (run-parts /etc/cron.hourly)
CRONLOG %{SYSLOGBASE} \(%{USER:user.name}\) %{CRON_ACTION:system.cron.action} \(%{DATA:message}\)
# syslog line with either kind of time and its text — 2026-11-24T18:22:44.615172+01:00 db-2 postgres[77]: [3-1] LOG: checkpoint complete
SYSLOGLINE %{SYSLOGBASE2} %{GREEDYDATA:message}
# priority value of RFC 5424 — <165>
SYSLOG5424PRI <%{NONNEGINT:log.syslog.priority:integer}>
# structured data of RFC 5424, as few elements as fit — [meta seq="1"]
SYSLOG5424SD \[%{DATA}\]+
# header and structured data of RFC 5424 — <165>1 2026-11-24T18:22:44.615Z web-1.example.org billing 8710 ID47 [req@32473 id="9"]
SYSLOG5424BASE %{SYSLOG5424PRI}%{NONNEGINT:system.syslog.version} +(?:%{TIMESTAMP_ISO8601:timestamp}|-) +(?:%{IPORHOST:host.hostname}|-) +(?:-|%{SYSLOG5424PRINTASCII:process.name}) +(?:-|%{POSINT:process.pid:integer}) +(?:-|%{SYSLOG5424PRINTASCII:event.code}) +(?:%{SYSLOG5424SD:system.syslog.structured_data}|-|)
# line of RFC 5424 — <34>1 2026-11-24T18:22:44Z web-1 su 12 ID1 - 'su root' failed for jane
SYSLOG5424LINE %{SYSLOG5424BASE} +%{GREEDYDATA:message}
"""####),
                ("ecs-v1/ruby", ####"""
# Logger of the Ruby standard library.

# level of a Ruby logger line — WARN
RUBY_LOGLEVEL (?:DEBUG|INFO|WARN|ERROR|FATAL)
# line of a Ruby logger — I, [2026-11-24T18:22:44.615172 #4801]  INFO -- app: order 17 created
RUBY_LOGGER [DIWEF], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:integer}\] *%{RUBY_LOGLEVEL:log.level} -- +%{DATA:process.name}: %{GREEDYDATA:message}
"""####),
            ]
        }
    }
}
