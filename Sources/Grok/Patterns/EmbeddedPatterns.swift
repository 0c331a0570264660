// swift-format-ignore-file
// Written by Sources/Grok/Patterns/embed-patterns from patterns/; do not edit.

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
S3_ACCESS_LOG %{WORD:owner} %{NOTSPACE:bucket} \[%{HTTPDATE:timestamp}\] (?:%{IP:clientip}|-) %{NOTSPACE:requester} %{NOTSPACE:request_id} %{NOTSPACE:operation} %{NOTSPACE:key} (?:"%{S3_REQUEST_LINE}"|-) (?:%{INT:response:integer}|-) (?:-|%{NOTSPACE:error_code}) (?:%{INT:bytes:integer}|-) (?:%{INT:object_size:integer}|-) (?:%{INT:request_time_ms:integer}|-) (?:%{INT:turnaround_time_ms:integer}|-) (?:%{QS:referrer}|-) (?:"?%{QS:agent}"?|-) (?:-|%{NOTSPACE:version_id})
# path and query of a balanced request — /cart/view?item=3&x=y
ELB_URIPATHPARAM %{URIPATH:path}(?:%{URIPARAM:params})?
# URI of a balanced request — https://shop.example:8443/cart/view?item=3
ELB_URI %{URIPROTO:proto}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST:urihost})?(?:%{ELB_URIPATHPARAM})?
# request line of a balanced request; anything else is kept raw — GET https://shop.example:443/cart/view?item=3 HTTP/1.1
ELB_REQUEST_LINE (?:%{WORD:verb} %{ELB_URI:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})
# classic load balancer line — 2026-11-24T18:22:44.615172Z front-lb 192.0.2.44:40100 10.1.0.9:8080 0.000041 0.012 0.000033 200 200 0 5120 "GET https://shop.example:443/cart?item=3 HTTP/1.1"
ELB_ACCESS_LOG %{TIMESTAMP_ISO8601:timestamp} %{NOTSPACE:elb} %{IP:clientip}:%{INT:clientport:integer} (?:%{IP:backendip}::?%{INT:backendport:integer}|-) %{NUMBER:request_processing_time:float} %{NUMBER:backend_processing_time:float} %{NUMBER:response_processing_time:float} %{INT:response:integer} (?:-|%{INT:backend_response:integer}) %{INT:received_bytes:integer} %{INT:bytes:integer} "%{ELB_REQUEST_LINE}"
# CloudFront line, tabs between the fields; the first of a run of free fields takes what is too many — 2026-11-24	18:22:44	FRA56	2048	192.0.2.55	GET	d111abc.cloudfront.example	/img/logo.png	200	https://www.example.org/	Mozilla/5.0%20(X11)	v=2	-	Hit	Qx7Zp==	cdn.example.org	https	310	0.021	-	TLSv1.3	TLS_AES_128_GCM_SHA256	Hit
CLOUDFRONT_ACCESS_LOG (?<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY}\t%{TIME})\t%{WORD:x_edge_location}\t(?:%{NUMBER:sc_bytes:integer}|-)\t%{IPORHOST:clientip}\t%{WORD:cs_method}\t%{HOSTNAME:cs_host}\t%{NOTSPACE:cs_uri_stem}\t%{NUMBER:sc_status:integer}\t%{GREEDYDATA:referrer}\t(?<agent>[^\t\n]*)\t(?<cs_uri_query>[^\t\n]*)\t(?<cookies>[^\t\n]*)\t%{WORD:x_edge_result_type}\t%{NOTSPACE:x_edge_request_id}\t%{HOSTNAME:x_host_header}\t%{URIPROTO:cs_protocol}\t%{INT:cs_bytes:integer}\t%{GREEDYDATA:time_taken:float}\t(?<x_forwarded_for>[^\t\n]*)\t(?<ssl_protocol>[^\t\n]*)\t(?<ssl_cipher>[^\t\n]*)\t(?<x_edge_response_result_type>[^\t\n]*)
"""####),
                ("legacy/bacula", ####"""
# Bacula backup, the messages of the director and the daemons.
# A full stop stands for any character, as in the sets these names come from.

# time of a line — 24-Nov 18:22
BACULA_TIMESTAMP %{MONTHDAY}-%{MONTH}(?:-%{YEAR})? %{HOUR}:%{MINUTE}
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
BACULA_LOG_MAX_CAPACITY User defined maximum volume capacity %{BACULA_CAPACITY} exceeded on device "%{BACULA_DEVICE:device}" \(%{BACULA_DEVICEPATH}\).?
# volume is full — End of medium on Volume "Full-0042" Bytes=10,737,400,001 Blocks=166,441 at 24-Nov-2026 18:22.
BACULA_LOG_END_VOLUME End of medium on Volume "%{BACULA_VOLUME:volume}" Bytes=%{BACULA_CAPACITY} Blocks=%{BACULA_CAPACITY} at %{BACULA_TIMESTAMP}.
# volume entered in the catalog — Created new Volume "Full-0043" in catalog.
BACULA_LOG_NEW_VOLUME Created new Volume "%{BACULA_VOLUME:volume}" in catalog.
# volume labelled — Labeled new Volume "Full-0043" on device "FileStore" (/mnt/backup).
BACULA_LOG_NEW_LABEL Labeled new Volume "%{BACULA_VOLUME:volume}" on (?:file )?device "%{BACULA_DEVICE:device}" \(%{BACULA_DEVICEPATH}\).?
# label written to a volume — Wrote label to prelabeled Volume "Full-0043" on device "FileStore" (/mnt/backup)
BACULA_LOG_WROTE_LABEL Wrote label to prelabeled Volume "%{BACULA_VOLUME:volume}" on device "%{BACULA_DEVICE}" \(%{BACULA_DEVICEPATH}\)
# volume mounted — New volume "Full-0043" mounted on device "FileStore" (/mnt/backup) at 24-Nov-2026 18:22.
BACULA_LOG_NEW_MOUNT New volume "%{BACULA_VOLUME:volume}" mounted on device "%{BACULA_DEVICE:device}" \(%{BACULA_DEVICEPATH}\) at %{BACULA_TIMESTAMP}.
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
BACULA_LOG_FATAL_CONN Fatal error: bsock.c:133 Unable to connect to (?:Client: %{BACULA_HOST:client}|Storage daemon) on %{IPORHOST}:%{POSINT}. ERR=%{GREEDYDATA:berror}
# no connection yet — Warning: bsock.c:127 Could not connect to Client: db-fd on db.example.org:9102. ERR=No route to host
BACULA_LOG_NO_CONNECT Warning: bsock.c:127 Could not connect to (?:Client: %{BACULA_HOST:client}|Storage daemon) on %{IPORHOST}:%{POSINT}. ERR=%{GREEDYDATA:berror}
# wrong password or certificate — Fatal error: Unable to authenticate with File daemon at "web-1.example.org:9102". Possible causes:
BACULA_LOG_NO_AUTH Fatal error: Unable to authenticate with File daemon at %{DATA}. Possible causes:
# no earlier full backup — No prior or suitable Full backup found in catalog. Doing FULL backup.
BACULA_LOG_NOSUIT No prior or suitable Full backup found in catalog. Doing FULL backup.
# no record of an earlier backup — No prior Full backup Job record found.
BACULA_LOG_NOPRIOR No prior Full backup Job record found.
# daemon introduces itself — Bacula backup-dir 9.6.7 (10Dec20):
BACULA_LOG_JOB (?:Error: )?Bacula %{BACULA_HOST} %{BACULA_VERSION} \(%{BACULA_VERSION}\):
# line of a Bacula log — 24-Nov 18:22 backup-dir JobId 811: Start Backup JobId 811, Job=nightly-web.2026-11-24_01.05.00_07
BACULA_LOGLINE %{BACULA_TIMESTAMP:bts} %{BACULA_HOST:hostname}(?: JobId %{INT:jobid})?: (?:%{BACULA_LOG_MAX_CAPACITY}|%{BACULA_LOG_END_VOLUME}|%{BACULA_LOG_NEW_VOLUME}|%{BACULA_LOG_NEW_LABEL}|%{BACULA_LOG_WROTE_LABEL}|%{BACULA_LOG_NEW_MOUNT}|%{BACULA_LOG_NOOPEN}|%{BACULA_LOG_NOOPENDIR}|%{BACULA_LOG_NOSTAT}|%{BACULA_LOG_NOJOBS}|%{BACULA_LOG_ALL_RECORDS_PRUNED}|%{BACULA_LOG_BEGIN_PRUNE_JOBS}|%{BACULA_LOG_BEGIN_PRUNE_FILES}|%{BACULA_LOG_PRUNED_JOBS}|%{BACULA_LOG_PRUNED_FILES}|%{BACULA_LOG_ENDPRUNE}|%{BACULA_LOG_STARTJOB}|%{BACULA_LOG_STARTRESTORE}|%{BACULA_LOG_USEDEVICE}|%{BACULA_LOG_DIFF_FS}|%{BACULA_LOG_JOBEND}|%{BACULA_LOG_NOPRUNE_JOBS}|%{BACULA_LOG_NOPRUNE_FILES}|%{BACULA_LOG_VOLUME_PREVWRITTEN}|%{BACULA_LOG_READYAPPEND}|%{BACULA_LOG_CANCELLING}|%{BACULA_LOG_MARKCANCEL}|%{BACULA_LOG_CLIENT_RBJ}|%{BACULA_LOG_VSS}|%{BACULA_LOG_MAXSTART}|%{BACULA_LOG_DUPLICATE}|%{BACULA_LOG_NOJOBSTAT}|%{BACULA_LOG_FATAL_CONN}|%{BACULA_LOG_NO_CONNECT}|%{BACULA_LOG_NO_AUTH}|%{BACULA_LOG_NOSUIT}|%{BACULA_LOG_NOPRIOR}|%{BACULA_LOG_JOB})
"""####),
                ("legacy/bind", ####"""
# BIND 9 name server, query log.
# Source: the logging section of the BIND 9 administrator manual.

# time of a BIND line — 24-Nov-2026 18:22:44.615
BIND9_TIMESTAMP %{MONTHDAY}-%{MONTH}-%{YEAR} %{TIME}
# line of the query log — 24-Nov-2026 18:22:44.615 queries: info: client @0x7f00c80a1b20 192.0.2.88#40123 (www.example.org): query: www.example.org IN AAAA +E(0)K (192.0.2.53)
BIND9 %{BIND9_TIMESTAMP:timestamp} queries: %{LOGLEVEL:loglevel}: client(?::? @0x\h+)? %{IP:clientip}#%{POSINT:clientport} \(%{GREEDYDATA:query}\): query: %{GREEDYDATA:query} IN %{GREEDYDATA:querytype} \(%{IP:dns}\)
"""####),
                ("legacy/bro", ####"""
# Bro, as Zeek was called until 2018: logs with tabs between the columns.
# Source: the log pages of the Bro 2 manual (http.log, dns.log, conn.log, files.log).

# http.log; the first column of a free run takes what is too many — 1764008564.615172	Cabc12	192.0.2.70	50100	203.0.113.10	80	1	GET	www.example.org	/a?b=c	http://ref.example/	curl/8.1	0	1256	200	OK	-	-	-	(empty)	-	-	-	-	-	Fx1	text/html
BRO_HTTP %{NUMBER:ts}\t%{NOTSPACE:uid}\t%{IP:orig_h}\t%{INT:orig_p}\t%{IP:resp_h}\t%{INT:resp_p}\t%{INT:trans_depth}\t%{GREEDYDATA:method}\t(?<domain>[^\t\n]*)\t(?<uri>[^\t\n]*)\t(?<referrer>[^\t\n]*)\t(?<user_agent>[^\t\n]*)\t%{NUMBER:request_body_len}\t%{NUMBER:response_body_len}\t%{GREEDYDATA:status_code}\t(?<status_msg>[^\t\n]*)\t(?<info_code>[^\t\n]*)\t(?<info_msg>[^\t\n]*)\t(?<filename>[^\t\n]*)\t(?<bro_tags>[^\t\n]*)\t(?<username>[^\t\n]*)\t(?<password>[^\t\n]*)\t(?<proxied>[^\t\n]*)\t(?<orig_fuids>[^\t\n]*)\t(?<orig_mime_types>[^\t\n]*)\t(?<resp_fuids>[^\t\n]*)\t(?<resp_mime_types>[^\t\n]*)
# dns.log; the first column of a free run takes what is too many — 1764008564.615172	Cdef34	192.0.2.70	40001	192.0.2.53	53	udp	4711	www.example.org	1	C_INTERNET	28	AAAA	0	NOERROR	F	F	T	T	0	2001:db8::80	300.000000	F
BRO_DNS %{NUMBER:ts}\t%{NOTSPACE:uid}\t%{IP:orig_h}\t%{INT:orig_p}\t%{IP:resp_h}\t%{INT:resp_p}\t%{WORD:proto}\t%{INT:trans_id}\t%{GREEDYDATA:query}\t(?<qclass>[^\t\n]*)\t(?<qclass_name>[^\t\n]*)\t(?<qtype>[^\t\n]*)\t(?<qtype_name>[^\t\n]*)\t(?<rcode>[^\t\n]*)\t(?<rcode_name>[^\t\n]*)\t(?<AA>[^\t\n]*)\t(?<TC>[^\t\n]*)\t(?<RD>[^\t\n]*)\t(?<RA>[^\t\n]*)\t(?<Z>[^\t\n]*)\t(?<answers>[^\t\n]*)\t(?<TTLs>[^\t\n]*)\t(?<rejected>[^\t\n]*)
# conn.log; the first column of a free run takes what is too many — 1764008564.615172	Cghi56	192.0.2.70	50222	203.0.113.10	443	tcp	ssl	3.205110	1480	9210	SF	T	0	ShADadFf	14	2216	16	10050	(empty)
BRO_CONN %{NUMBER:ts}\t%{NOTSPACE:uid}\t%{IP:orig_h}\t%{INT:orig_p}\t%{IP:resp_h}\t%{INT:resp_p}\t%{WORD:proto}\t%{GREEDYDATA:service}\t%{NUMBER:duration}\t%{NUMBER:orig_bytes}\t%{NUMBER:resp_bytes}\t%{GREEDYDATA:conn_state}\t(?<local_orig>[^\t\n]*)\t(?<missed_bytes>[^\t\n]*)\t(?<history>[^\t\n]*)\t(?<orig_pkts>[^\t\n]*)\t(?<orig_ip_bytes>[^\t\n]*)\t(?<resp_pkts>[^\t\n]*)\t(?<resp_ip_bytes>[^\t\n]*)\t(?<tunnel_parents>[^\t\n]*)
# files.log; the first column of a free run takes what is too many — 1764008564.615172	Fjkl78	203.0.113.10	192.0.2.70	Cghi56	HTTP	0	SHA1,MD5	text/html	index.html	0.000112	-	F	1256	1256	0	0	F	-	900150983cd24fb0d6963f7d28e17f72	a9993e364706816aba3e25717850c26c9cd0d89d	-	-
BRO_FILES %{NUMBER:ts}\t%{NOTSPACE:fuid}\t%{IP:tx_hosts}\t%{IP:rx_hosts}\t%{NOTSPACE:conn_uids}\t%{GREEDYDATA:source}\t(?<depth>[^\t\n]*)\t(?<analyzers>[^\t\n]*)\t(?<mime_type>[^\t\n]*)\t(?<filename>[^\t\n]*)\t(?<duration>[^\t\n]*)\t(?<local_orig>[^\t\n]*)\t(?<is_orig>[^\t\n]*)\t(?<seen_bytes>[^\t\n]*)\t(?<total_bytes>[^\t\n]*)\t(?<missing_bytes>[^\t\n]*)\t(?<overflow_bytes>[^\t\n]*)\t(?<timedout>[^\t\n]*)\t(?<parent_fuid>[^\t\n]*)\t(?<md5>[^\t\n]*)\t(?<sha1>[^\t\n]*)\t(?<sha256>[^\t\n]*)\t(?<extracted>[^\t\n]*)
"""####),
                ("legacy/exim", ####"""
# Exim mail transfer agent, main log.
# Source: the log files chapter of the Exim specification.

# identifier of a message — 1tFbQz-0004Kp-3M
EXIM_MSGID [0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})
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
EXIM_MESSAGE_ARRIVAL %{EXIM_DATE:timestamp} (?:%{EXIM_PID} )?%{EXIM_MSGID:exim_msgid} (?<exim_flags><=) (?:%{EXIM_FLAGS:exim_flags} )?(?<exim_status>[a-z:] )?%{EMAILADDRESS:exim_sender_email}%{EXIM_NAMED_FIELDS}(?: for %{EMAILADDRESS:exim_recipient_email})?
# line of the main log, only incoming messages so far — 2026-11-24 18:22:44 1tFbQz-0004Kp-3M <= root@localhost U=root P=local S=512
EXIM %{EXIM_MESSAGE_ARRIVAL}
"""####),
                ("legacy/firewalls", ####"""
# Firewalls: NetScreen, Cisco ASA/PIX/FWSM, and Linux packet filters as Shorewall and SuSEfirewall2 log them.
# Sources: the syslog message guides of the Cisco ASA series and of ScreenOS; the LOG target of iptables.

# session of a NetScreen firewall — Nov 24 18:22:44 fw-dc1 fw-mgmt: NetScreen device_id=ns204 [Root]system-notification-00257(traffic): start_time="2026-11-24 18:22:40" duration=4 policy_id=12 service=https proto=6 src zone=Trust dst zone=Untrust action=Permit sent=1420 rcvd=9001 src=192.0.2.5 dst=203.0.113.80 src_port=50001 dst_port=443 src-xlated ip=198.51.100.1 port=2044 dst-xlated ip=203.0.113.80 port=443 session_id=51001 reason=Close - TCP FIN
NETSCREENSESSIONLOG %{SYSLOGTIMESTAMP:date} %{IPORHOST:device} %{IPORHOST}: NetScreen device_id=%{WORD:device_id}%{DATA}: start_time=%{QUOTEDSTRING:start_time} duration=%{INT:duration} policy_id=%{INT:policy_id} service=%{DATA:service} proto=%{INT:proto} src zone=%{WORD:src_zone} dst zone=%{WORD:dst_zone} action=%{WORD:action} sent=%{INT:sent} rcvd=%{INT:rcvd} src=%{IPORHOST:src_ip} dst=%{IPORHOST:dst_ip}(?: src_port=%{INT:src_port} dst_port=%{INT:dst_port})?(?: src-xlated ip=%{IPORHOST:src_xlated_ip} port=%{INT:src_xlated_port} dst-xlated ip=%{IPORHOST:dst_xlated_ip} port=%{INT:dst_xlated_port})?(?: session_id=%{INT:session_id} reason=%{GREEDYDATA:reason})?
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
CISCOFW106014 %{CISCO_ACTION:action} %{CISCO_DIRECTION:direction} %{WORD:protocol} src %{DATA:src_interface}:%{IP:src_ip}(?:\(%{DATA:src_fwuser}\))? dst %{DATA:dst_interface}:%{IP:dst_ip}(?:\(%{DATA:dst_fwuser}\))?\s?\(type %{INT:icmp_type}, code %{INT:icmp_code}\)
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
CISCOFW313005 %{CISCO_REASON:reason} for %{WORD:protocol} error message: %{WORD:err_protocol} src %{DATA:err_src_interface}:%{IP:err_src_ip}(?:\(%{DATA:err_src_fwuser}\))? dst %{DATA:err_dst_interface}:%{IP:err_dst_ip}(?:\(%{DATA:err_dst_fwuser}\))?\s?\(type %{INT:err_icmp_type}, code %{INT:err_icmp_code}\) on %{DATA:interface} interface\.\s+Original IP payload: %{WORD:protocol} src %{IP:orig_src_ip}/%{INT:orig_src_port}(?:\(%{DATA:orig_src_fwuser}\))? dst %{IP:orig_dst_ip}/%{INT:orig_dst_port}(?:\(%{DATA:orig_dst_fwuser}\))?
# resource limit reached — Resource 'conns' limit of 100000 reached for system
CISCOFW321001 Resource '%{DATA:resource_name}' limit of %{POSINT:resource_limit} reached for system
# packet without IPsec — IPSEC: Received a non-IPSec packet (protocol= ICMP) from 203.0.113.66 to 192.0.2.1.
CISCOFW402117 %{WORD:protocol}: Received a non-IPSec packet \(protocol=\s?%{WORD:orig_protocol}\) from %{IP:src_ip} to %{IP:dst_ip}
# packet played again — IPSEC: Received an ESP packet (SPI= 0x1A2B3C4D, sequence number= 0x17) from 203.0.113.66 (user= jane) to 192.0.2.1 that failed anti-replay checking.
CISCOFW402119 %{WORD:protocol}: Received an %{WORD:orig_protocol} packet \(SPI=\s?%{DATA:spi}, sequence number=\s?%{DATA:seq_num}\) from %{IP:src_ip} \(user=\s?%{DATA:user}\) to %{IP:dst_ip} that failed anti-replay checking
# packet dropped — Dropping TCP packet from outside:203.0.113.66/40001 to inside:192.0.2.8/25, reason: MSS exceeded
CISCOFW419001 %{CISCO_ACTION:action} %{WORD:protocol} packet from %{DATA:src_interface}:%{IP:src_ip}/%{INT:src_port} to %{DATA:dst_interface}:%{IP:dst_ip}/%{INT:dst_port}, reason: %{GREEDYDATA:reason}
# second SYN — Duplicate TCP SYN from inside:192.0.2.8/50100 to outside:203.0.113.80/443 with different initial sequence number
CISCOFW419002 %{CISCO_REASON:reason} from %{DATA:src_interface}:%{IP:src_ip}/%{INT:src_port} to %{DATA:dst_interface}:%{IP:dst_ip}/%{INT:dst_port} with different initial sequence number
# bad transport field — Invalid transport field for protocol=UDP, from 203.0.113.66/0 to 192.0.2.8/53
CISCOFW500004 %{CISCO_REASON:reason} for protocol=%{WORD:protocol}, from %{IP:src_ip}/%{INT:src_port} to %{IP:dst_ip}/%{INT:dst_port}
# IPsec association made or deleted — IPSEC: An outbound LAN-to-LAN SA (SPI= 0x1A2B3C4D) between 192.0.2.1 and 203.0.113.66 (user= jane) has been created
CISCOFW602303_602304 %{WORD:protocol}: An %{CISCO_DIRECTION:direction} %{GREEDYDATA:tunnel_type} SA \(SPI=\s?%{DATA:spi}\) between %{IP:src_ip} and %{IP:dst_ip} \(user=\s?%{DATA:user}\) has been %{CISCO_ACTION:action}
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
MONTH \b(?:[Jj]an(?:uary?)?|[Ff]eb(?:ruary?)?|[Mm](?:a|ä)?r(?:ch|z)?|[Aa]pr(?:il)?|[Mm]a[yi]?|[Jj]un[ei]?|[Jj]ul[yi]?|[Aa]ug(?:ust)?|[Ss]ep(?:tember)?|[Oo][ck]?t(?:ober)?|[Nn]ov(?:ember)?|[Dd]e[cz](?:ember)?)\b
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
                ("legacy/haproxy", ####"""
# HAProxy, the HTTP and TCP log formats.
# Source: the log format chapter of the HAProxy configuration manual.

# time of day of a request — 18:22:44
HAPROXYTIME %{HOUR:haproxy_hour}:%{MINUTE:haproxy_minute}:%{SECOND:haproxy_second}(?!\d)
# date and time of a request; a dot stands for any character before the milliseconds — 24/Nov/2026:18:22:44.123
HAPROXYDATE %{MONTHDAY:haproxy_monthday}/%{MONTH:haproxy_month}/%{YEAR:haproxy_year}:%{HAPROXYTIME:haproxy_time}.%{INT:haproxy_milliseconds}
# request headers between braces; define it anew to name them — shop.example||Mozilla
HAPROXYCAPTUREDREQUESTHEADERS %{DATA:captured_request_headers}
# response headers between braces; define it anew to name them — nginx|text/html
HAPROXYCAPTUREDRESPONSEHEADERS %{DATA:captured_response_headers}
# HTTP line without what syslog puts before it; the last quote may be cut off — 192.0.2.61:53112 [24/Nov/2026:18:22:44.615] web-in app/app01 2/0/1/35/38 200 4310 - - ---- 12/11/4/2/0 0/0 {shop.example||Mozilla} {} "GET /cart/view?item=3 HTTP/1.1"
HAPROXYHTTPBASE %{IP:client_ip}:%{INT:client_port} \[%{HAPROXYDATE:accept_date}\] %{NOTSPACE:frontend_name} %{NOTSPACE:backend_name}/%{NOTSPACE:server_name} %{INT:time_request}/%{INT:time_queue}/%{INT:time_backend_connect}/%{INT:time_backend_response}/%{NOTSPACE:time_duration} %{INT:http_status_code} %{NOTSPACE:bytes_read} %{DATA:captured_request_cookie} %{DATA:captured_response_cookie} %{NOTSPACE:termination_state} %{INT:actconn}/%{INT:feconn}/%{INT:beconn}/%{INT:srvconn}/%{NOTSPACE:retries} %{INT:srv_queue}/%{INT:backend_queue} (?:\{%{HAPROXYCAPTUREDREQUESTHEADERS}\})? ?(?:\{%{HAPROXYCAPTUREDRESPONSEHEADERS}\})? ?"(?:<BADREQ>|%{WORD:http_verb} (?:%{URIPROTO:http_proto}://)?(?:%{USER:http_user}(?::[^@]*)?@)?(?:%{URIHOST:http_host})?(?:%{URIPATHPARAM:http_request})?(?: HTTP/%{NUMBER:http_version})?)?"?
# HTTP line — Nov 24 18:22:45 lb-1 haproxy[2077]: 192.0.2.61:53112 [24/Nov/2026:18:22:44.615] web-in app/app01 2/0/1/35/38 200 4310 - - ---- 12/11/4/2/0 0/0 {shop.example||Mozilla} {} "GET /cart/view?item=3 HTTP/1.1"
HAPROXYHTTP (?:%{SYSLOGTIMESTAMP:syslog_timestamp}|%{TIMESTAMP_ISO8601:timestamp8601}) %{IPORHOST:syslog_server} %{SYSLOGPROG}: %{HAPROXYHTTPBASE}
# TCP line — Nov 24 18:22:45 lb-1 haproxy[2077]: 192.0.2.61:53112 [24/Nov/2026:18:22:44.615] pg-in pg/pg02 1/0/5024 8711 -- 7/6/6/3/0 0/0
HAPROXYTCP (?:%{SYSLOGTIMESTAMP:syslog_timestamp}|%{TIMESTAMP_ISO8601:timestamp8601}) %{IPORHOST:syslog_server} %{SYSLOGPROG}: %{IP:client_ip}:%{INT:client_port} \[%{HAPROXYDATE:accept_date}\] %{NOTSPACE:frontend_name} %{NOTSPACE:backend_name}/%{NOTSPACE:server_name} %{INT:time_queue}/%{INT:time_backend_connect}/%{NOTSPACE:time_duration} %{NOTSPACE:bytes_read} %{NOTSPACE:termination_state} %{INT:actconn}/%{INT:feconn}/%{INT:beconn}/%{INT:srvconn}/%{NOTSPACE:retries} %{INT:srv_queue}/%{INT:backend_queue}
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
                ("legacy/java", ####"""
# Java: stack traces, and the logs of Tomcat (Catalina) in its several formats.
# Sources: the Java language specification (names); the logging pages of the Tomcat 7 and 8 manuals.

# class with its package — org.acme.billing.InvoiceService
JAVACLASS (?:[A-Za-z$_][A-Za-z$_0-9]*\.)*[A-Za-z$_][A-Za-z$_0-9]*
# source file of a frame, or what stands for it — InvoiceService.java
JAVAFILE [A-Za-z$_0-9. -]+
# method, constructor or class initialiser — computeTotal
JAVAMETHOD (?:<(?:cl)?init>|[A-Za-z$_][A-Za-z$_0-9]*)
# frame of a stack trace —     at org.acme.billing.InvoiceService.computeTotal(InvoiceService.java:211)
JAVASTACKTRACEPART %{SPACE}at %{JAVACLASS:class}\.%{JAVAMETHOD:method}\(%{JAVAFILE:file}(?::%{INT:line})?\)
# processor thread of an old Tomcat — TP-Processor12
JAVATHREAD [A-Z]{2}-Processor\d+
# text of a line — user 17 logged in
JAVALOGMESSAGE .*
# time of a Catalina line — Nov 24, 2026 6:22:44 PM
CATALINA_DATESTAMP %{MONTH} %{MONTHDAY}, 20%{YEAR} %{HOUR}:?%{MINUTE}:?%{SECOND} (?:AM|PM)
# Catalina line — Nov 24, 2026 6:22:44 PM org.apache.catalina.startup.HostConfig deployDirectory INFO: Deploying /opt/app
CATALINALOG %{CATALINA_DATESTAMP:timestamp} %{JAVACLASS:class} %{JAVALOGMESSAGE:logmessage}
# time of a line with bars — 2026-11-24 18:22:44,615 +0100
TOMCAT_DATESTAMP 20%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:?%{MINUTE}:?%{SECOND} %{ISO8601_TIMEZONE}
# line with bars — 2026-11-24 18:22:44,615 +0100 | ERROR | org.acme.web.LoginController - bad password for jane
TOMCATLOG %{TOMCAT_DATESTAMP:timestamp} \| %{LOGLEVEL:level} \| %{JAVACLASS:class} - %{JAVALOGMESSAGE:logmessage}
"""####),
                ("legacy/junos", ####"""
# Juniper SRX firewalls (Junos), session logs.
# Source: the system log messages of the Junos manuals (RT_FLOW_SESSION_*).

# name of the message — RT_FLOW_SESSION_CLOSE
RT_FLOW_EVENT (?:RT_FLOW_SESSION_CREATE|RT_FLOW_SESSION_CLOSE|RT_FLOW_SESSION_DENY)
# session closed — RT_FLOW_SESSION_CLOSE: session closed TCP FIN: 192.0.2.101/51000->203.0.113.99/443 junos-https 198.51.100.2/30101->203.0.113.99/443 src-rule-1 None 6 allow-web trust untrust 70012 14(1820) 19(20330) 31 UNKNOWN UNKNOWN N/A(N/A) ge-0/0/1.0
RT_FLOW1 %{RT_FLOW_EVENT:event}: %{GREEDYDATA:close-reason}: %{IP:src-ip}/%{INT:src-port}->%{IP:dst-ip}/%{INT:dst-port} %{DATA:service} %{IP:nat-src-ip}/%{INT:nat-src-port}->%{IP:nat-dst-ip}/%{INT:nat-dst-port} %{DATA:src-nat-rule-name} %{DATA:dst-nat-rule-name} %{INT:protocol-id} %{DATA:policy-name} %{DATA:from-zone} %{DATA:to-zone} %{INT:session-id} \d+\(%{DATA:sent}\) \d+\(%{DATA:received}\) %{INT:elapsed-time} .*
# session created — RT_FLOW_SESSION_CREATE: session created 192.0.2.101/51000->203.0.113.99/443 junos-https 198.51.100.2/30101->203.0.113.99/443 src-rule-1 None 6 allow-web trust untrust 70012 N/A(N/A) ge-0/0/1.0
RT_FLOW2 %{RT_FLOW_EVENT:event}: session created %{IP:src-ip}/%{INT:src-port}->%{IP:dst-ip}/%{INT:dst-port} %{DATA:service} %{IP:nat-src-ip}/%{INT:nat-src-port}->%{IP:nat-dst-ip}/%{INT:nat-dst-port} %{DATA:src-nat-rule-name} %{DATA:dst-nat-rule-name} %{INT:protocol-id} %{DATA:policy-name} %{DATA:from-zone} %{DATA:to-zone} %{INT:session-id} .*
# session denied — RT_FLOW_SESSION_DENY: session denied 192.0.2.101/51000->203.0.113.99/23 junos-telnet 6(0) deny-all untrust trust UNKNOWN UNKNOWN N/A(N/A) ge-0/0/0.0
RT_FLOW3 %{RT_FLOW_EVENT:event}: session denied %{IP:src-ip}/%{INT:src-port}->%{IP:dst-ip}/%{INT:dst-port} %{DATA:service} %{INT:protocol-id}\(\d\) %{DATA:policy-name} %{DATA:from-zone} %{DATA:to-zone} .*
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
                ("legacy/maven", ####"""
# Maven, versions of artifacts.

# version of an artifact — 2.14.1-SNAPSHOT
MAVEN_VERSION (?:\d+\.){0,2}(?:\*|\d+)(?:[.-](?:RELEASE|SNAPSHOT))?
"""####),
                ("legacy/mcollective", ####"""
# MCollective, the daemon and its audit log (both in one file).

# line of the daemon — I, [2026-11-24T18:22:44.615 #712]  INFO -- : mcollectived.rb:31 started
MCOLLECTIVE ., \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\]%{SPACE}%{LOGLEVEL:event_level}
# time of an audit line — 2026-11-24T18:22:44.615+0000: reqid=7 reqtime=1
MCOLLECTIVEAUDIT %{TIMESTAMP_ISO8601:timestamp}:
"""####),
                ("legacy/mongodb", ####"""
# MongoDB: the log of version 2, slow queries, and the log of version 3.
# Source: the log messages page of the MongoDB manual.

# line of version 2 — Nov 24 18:22:44 [initandlisten] waiting for connections on port 27017
MONGO_LOG %{SYSLOGTIMESTAMP:timestamp} \[%{WORD:component}\] %{GREEDYDATA:message}
# query document, up to the last brace before ntoreturn — { a: 1 } ntoreturn:1
MONGO_QUERY \{ .*(?= \} ntoreturn:) \}
# slow query — query shop.orders query: { _id: ObjectId('5f1') } ntoreturn:1 ntoskip:0 nscanned:1042 keyUpdates:0 numYields: 2 locks(micros) r:11 nreturned:1 reslen:84 310ms
MONGO_SLOWQUERY %{WORD} %{MONGO_WORDDASH:database}\.%{MONGO_WORDDASH:collection} %{WORD}: %{MONGO_QUERY:query} %{WORD}:%{NONNEGINT:ntoreturn} %{WORD}:%{NONNEGINT:ntoskip} %{WORD}:%{NONNEGINT:nscanned}.*nreturned:%{NONNEGINT:nreturned}..+ (?<duration>\d+)ms
# word with hyphens — order-items
MONGO_WORDDASH \b[\w-]+\b
# severity letter of version 3 — W
MONGO3_SEVERITY \w
# component of version 3 — NETWORK
MONGO3_COMPONENT (?:%{WORD}|-)
# line of version 3 — 2026-11-24T18:22:44.615+0000 I NETWORK  [conn12] end connection 192.0.2.92:40000 (3 connections now open)
MONGO3_LOG %{TIMESTAMP_ISO8601:timestamp} %{MONGO3_SEVERITY:severity} (?:%{MONGO3_COMPONENT:component}%{SPACE})?(?:\[%{DATA:context}\])? %{GREEDYDATA:message}
"""####),
                ("legacy/nagios", ####"""
# Nagios, the main log.
# A field before another free field is a run without semicolons: a lazy dot there finds the same, but slower.
# Source: the log and external command pages of the Nagios Core manual.

# time of a line, seconds since 1970 — [1764008564]
NAGIOSTIME \[%{NUMBER:nagios_epoch}\]
# kind of line: state of a service at start-up or rotation — CURRENT SERVICE STATE
NAGIOS_TYPE_CURRENT_SERVICE_STATE CURRENT SERVICE STATE
# kind of line: state of a host at start-up or rotation — CURRENT HOST STATE
NAGIOS_TYPE_CURRENT_HOST_STATE CURRENT HOST STATE
# kind of line: notification about a service — SERVICE NOTIFICATION
NAGIOS_TYPE_SERVICE_NOTIFICATION SERVICE NOTIFICATION
# kind of line: notification about a host — HOST NOTIFICATION
NAGIOS_TYPE_HOST_NOTIFICATION HOST NOTIFICATION
# kind of line: state change of a service — SERVICE ALERT
NAGIOS_TYPE_SERVICE_ALERT SERVICE ALERT
# kind of line: state change of a host — HOST ALERT
NAGIOS_TYPE_HOST_ALERT HOST ALERT
# kind of line: service begins or ends flapping — SERVICE FLAPPING ALERT
NAGIOS_TYPE_SERVICE_FLAPPING_ALERT SERVICE FLAPPING ALERT
# kind of line: host begins or ends flapping — HOST FLAPPING ALERT
NAGIOS_TYPE_HOST_FLAPPING_ALERT HOST FLAPPING ALERT
# kind of line: downtime of a service — SERVICE DOWNTIME ALERT
NAGIOS_TYPE_SERVICE_DOWNTIME_ALERT SERVICE DOWNTIME ALERT
# kind of line: downtime of a host — HOST DOWNTIME ALERT
NAGIOS_TYPE_HOST_DOWNTIME_ALERT HOST DOWNTIME ALERT
# kind of line: result handed in for a service — PASSIVE SERVICE CHECK
NAGIOS_TYPE_PASSIVE_SERVICE_CHECK PASSIVE SERVICE CHECK
# kind of line: result handed in for a host — PASSIVE HOST CHECK
NAGIOS_TYPE_PASSIVE_HOST_CHECK PASSIVE HOST CHECK
# kind of line: event handler of a service run — SERVICE EVENT HANDLER
NAGIOS_TYPE_SERVICE_EVENT_HANDLER SERVICE EVENT HANDLER
# kind of line: event handler of a host run — HOST EVENT HANDLER
NAGIOS_TYPE_HOST_EVENT_HANDLER HOST EVENT HANDLER
# kind of line: command from outside — EXTERNAL COMMAND
NAGIOS_TYPE_EXTERNAL_COMMAND EXTERNAL COMMAND
# kind of line: time period begins or ends — TIMEPERIOD TRANSITION
NAGIOS_TYPE_TIMEPERIOD_TRANSITION TIMEPERIOD TRANSITION
# external command — DISABLE_SVC_CHECK
NAGIOS_EC_DISABLE_SVC_CHECK DISABLE_SVC_CHECK
# external command — ENABLE_SVC_CHECK
NAGIOS_EC_ENABLE_SVC_CHECK ENABLE_SVC_CHECK
# external command — DISABLE_HOST_CHECK
NAGIOS_EC_DISABLE_HOST_CHECK DISABLE_HOST_CHECK
# external command — ENABLE_HOST_CHECK
NAGIOS_EC_ENABLE_HOST_CHECK ENABLE_HOST_CHECK
# external command — PROCESS_SERVICE_CHECK_RESULT
NAGIOS_EC_PROCESS_SERVICE_CHECK_RESULT PROCESS_SERVICE_CHECK_RESULT
# external command — PROCESS_HOST_CHECK_RESULT
NAGIOS_EC_PROCESS_HOST_CHECK_RESULT PROCESS_HOST_CHECK_RESULT
# external command — SCHEDULE_SERVICE_DOWNTIME
NAGIOS_EC_SCHEDULE_SERVICE_DOWNTIME SCHEDULE_SERVICE_DOWNTIME
# external command — SCHEDULE_HOST_DOWNTIME
NAGIOS_EC_SCHEDULE_HOST_DOWNTIME SCHEDULE_HOST_DOWNTIME
# external command — DISABLE_HOST_SVC_NOTIFICATIONS
NAGIOS_EC_DISABLE_HOST_SVC_NOTIFICATIONS DISABLE_HOST_SVC_NOTIFICATIONS
# external command — ENABLE_HOST_SVC_NOTIFICATIONS
NAGIOS_EC_ENABLE_HOST_SVC_NOTIFICATIONS ENABLE_HOST_SVC_NOTIFICATIONS
# external command — DISABLE_HOST_NOTIFICATIONS
NAGIOS_EC_DISABLE_HOST_NOTIFICATIONS DISABLE_HOST_NOTIFICATIONS
# external command — ENABLE_HOST_NOTIFICATIONS
NAGIOS_EC_ENABLE_HOST_NOTIFICATIONS ENABLE_HOST_NOTIFICATIONS
# external command — DISABLE_SVC_NOTIFICATIONS
NAGIOS_EC_DISABLE_SVC_NOTIFICATIONS DISABLE_SVC_NOTIFICATIONS
# external command — ENABLE_SVC_NOTIFICATIONS
NAGIOS_EC_ENABLE_SVC_NOTIFICATIONS ENABLE_SVC_NOTIFICATIONS
# warning of the daemon — Warning: Check result queue contained results for host 'db-9'
NAGIOS_WARNING Warning:%{SPACE}%{GREEDYDATA:nagios_message}
# state of a service at start-up or rotation — CURRENT SERVICE STATE: db-1;Disk /var;OK;HARD;1;DISK OK - free space: 81%
NAGIOS_CURRENT_SERVICE_STATE %{NAGIOS_TYPE_CURRENT_SERVICE_STATE:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_service>[^;\n]*);(?<nagios_state>[^;\n]*);(?<nagios_statetype>[^;\n]*);(?<nagios_statecode>[^;\n]*);%{GREEDYDATA:nagios_message}
# state of a host at start-up or rotation — CURRENT HOST STATE: db-1;UP;HARD;1;PING OK - Packet loss = 0%
NAGIOS_CURRENT_HOST_STATE %{NAGIOS_TYPE_CURRENT_HOST_STATE:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_state>[^;\n]*);(?<nagios_statetype>[^;\n]*);(?<nagios_statecode>[^;\n]*);%{GREEDYDATA:nagios_message}
# notification about a service — SERVICE NOTIFICATION: oncall;db-1;Disk /var;CRITICAL;notify-by-email;DISK CRITICAL - 2% free
NAGIOS_SERVICE_NOTIFICATION %{NAGIOS_TYPE_SERVICE_NOTIFICATION:nagios_type}: (?<nagios_notifyname>[^;\n]*);(?<nagios_hostname>[^;\n]*);(?<nagios_service>[^;\n]*);(?<nagios_state>[^;\n]*);(?<nagios_contact>[^;\n]*);%{GREEDYDATA:nagios_message}
# notification about a host — HOST NOTIFICATION: oncall;db-1;DOWN;notify-host-by-sms;No route to host
NAGIOS_HOST_NOTIFICATION %{NAGIOS_TYPE_HOST_NOTIFICATION:nagios_type}: (?<nagios_notifyname>[^;\n]*);(?<nagios_hostname>[^;\n]*);(?<nagios_state>[^;\n]*);(?<nagios_contact>[^;\n]*);%{GREEDYDATA:nagios_message}
# state change of a service — SERVICE ALERT: db-1;Disk /var;CRITICAL;HARD;3;DISK CRITICAL - 2% free
NAGIOS_SERVICE_ALERT %{NAGIOS_TYPE_SERVICE_ALERT:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_service>[^;\n]*);(?<nagios_state>[^;\n]*);(?<nagios_statelevel>[^;\n]*);(?<nagios_attempt>[^;\n]*);%{GREEDYDATA:nagios_message}
# state change of a host — HOST ALERT: db-1;DOWN;SOFT;1;CRITICAL - 192.0.2.66: rta nan, lost 100%
NAGIOS_HOST_ALERT %{NAGIOS_TYPE_HOST_ALERT:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_state>[^;\n]*);(?<nagios_statelevel>[^;\n]*);(?<nagios_attempt>[^;\n]*);%{GREEDYDATA:nagios_message}
# service begins or ends flapping — SERVICE FLAPPING ALERT: db-1;Load;STARTED; Service appears to have started flapping (21.0% change)
NAGIOS_SERVICE_FLAPPING_ALERT %{NAGIOS_TYPE_SERVICE_FLAPPING_ALERT:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_service>[^;\n]*);(?<nagios_state>[^;\n]*);%{GREEDYDATA:nagios_message}
# host begins or ends flapping — HOST FLAPPING ALERT: db-1;STOPPED; Host appears to have stopped flapping
NAGIOS_HOST_FLAPPING_ALERT %{NAGIOS_TYPE_HOST_FLAPPING_ALERT:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_state>[^;\n]*);%{GREEDYDATA:nagios_message}
# downtime of a service — SERVICE DOWNTIME ALERT: db-1;Load;STARTED; Service has entered a period of scheduled downtime
NAGIOS_SERVICE_DOWNTIME_ALERT %{NAGIOS_TYPE_SERVICE_DOWNTIME_ALERT:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_service>[^;\n]*);(?<nagios_state>[^;\n]*);%{GREEDYDATA:nagios_comment}
# downtime of a host — HOST DOWNTIME ALERT: db-1;STARTED; Host has entered a period of scheduled downtime
NAGIOS_HOST_DOWNTIME_ALERT %{NAGIOS_TYPE_HOST_DOWNTIME_ALERT:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_state>[^;\n]*);%{GREEDYDATA:nagios_comment}
# result handed in for a service — PASSIVE SERVICE CHECK: db-1;Backup;0;backup finished in 12m
NAGIOS_PASSIVE_SERVICE_CHECK %{NAGIOS_TYPE_PASSIVE_SERVICE_CHECK:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_service>[^;\n]*);(?<nagios_state>[^;\n]*);%{GREEDYDATA:nagios_comment}
# result handed in for a host — PASSIVE HOST CHECK: db-1;1;host unreachable
NAGIOS_PASSIVE_HOST_CHECK %{NAGIOS_TYPE_PASSIVE_HOST_CHECK:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_state>[^;\n]*);%{GREEDYDATA:nagios_comment}
# event handler of a service run; the last field is lazy and stays empty — SERVICE EVENT HANDLER: db-1;Load;CRITICAL;SOFT;restart-service
NAGIOS_SERVICE_EVENT_HANDLER %{NAGIOS_TYPE_SERVICE_EVENT_HANDLER:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_service>[^;\n]*);(?<nagios_state>[^;\n]*);(?<nagios_statelevel>[^;\n]*);%{DATA:nagios_event_handler_name}
# event handler of a host run; the last field is lazy and stays empty — HOST EVENT HANDLER: db-1;DOWN;HARD;reboot-host
NAGIOS_HOST_EVENT_HANDLER %{NAGIOS_TYPE_HOST_EVENT_HANDLER:nagios_type}: (?<nagios_hostname>[^;\n]*);(?<nagios_state>[^;\n]*);(?<nagios_statelevel>[^;\n]*);%{DATA:nagios_event_handler_name}
# time period begins or ends — TIMEPERIOD TRANSITION: workhours;-1;1
NAGIOS_TIMEPERIOD_TRANSITION %{NAGIOS_TYPE_TIMEPERIOD_TRANSITION:nagios_type}: (?<nagios_service>[^;\n]*);(?<nagios_unknown1>[^;\n]*);%{GREEDYDATA:nagios_unknown2}
# external command with its arguments; the last field is lazy and stays empty — EXTERNAL COMMAND: DISABLE_SVC_CHECK;db-1;Load
NAGIOS_EC_LINE_DISABLE_SVC_CHECK %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_DISABLE_SVC_CHECK:nagios_command};(?<nagios_hostname>[^;\n]*);%{DATA:nagios_service}
# external command with its arguments; the last field is lazy and stays empty — EXTERNAL COMMAND: DISABLE_HOST_CHECK;db-1
NAGIOS_EC_LINE_DISABLE_HOST_CHECK %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_DISABLE_HOST_CHECK:nagios_command};%{DATA:nagios_hostname}
# external command with its arguments; the last field is lazy and stays empty — EXTERNAL COMMAND: ENABLE_SVC_CHECK;db-1;Load
NAGIOS_EC_LINE_ENABLE_SVC_CHECK %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_ENABLE_SVC_CHECK:nagios_command};(?<nagios_hostname>[^;\n]*);%{DATA:nagios_service}
# external command with its arguments; the last field is lazy and stays empty — EXTERNAL COMMAND: ENABLE_HOST_CHECK;db-1
NAGIOS_EC_LINE_ENABLE_HOST_CHECK %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_ENABLE_HOST_CHECK:nagios_command};%{DATA:nagios_hostname}
# external command with its arguments — EXTERNAL COMMAND: PROCESS_SERVICE_CHECK_RESULT;db-1;Load;0;OK - done
NAGIOS_EC_LINE_PROCESS_SERVICE_CHECK_RESULT %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_PROCESS_SERVICE_CHECK_RESULT:nagios_command};(?<nagios_hostname>[^;\n]*);(?<nagios_service>[^;\n]*);(?<nagios_state>[^;\n]*);%{GREEDYDATA:nagios_check_result}
# external command with its arguments — EXTERNAL COMMAND: PROCESS_HOST_CHECK_RESULT;db-1;0;OK - done
NAGIOS_EC_LINE_PROCESS_HOST_CHECK_RESULT %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_PROCESS_HOST_CHECK_RESULT:nagios_command};(?<nagios_hostname>[^;\n]*);(?<nagios_state>[^;\n]*);%{GREEDYDATA:nagios_check_result}
# external command with its arguments — EXTERNAL COMMAND: DISABLE_HOST_SVC_NOTIFICATIONS;db-1
NAGIOS_EC_LINE_DISABLE_HOST_SVC_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_DISABLE_HOST_SVC_NOTIFICATIONS:nagios_command};%{GREEDYDATA:nagios_hostname}
# external command with its arguments — EXTERNAL COMMAND: DISABLE_HOST_NOTIFICATIONS;db-1
NAGIOS_EC_LINE_DISABLE_HOST_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_DISABLE_HOST_NOTIFICATIONS:nagios_command};%{GREEDYDATA:nagios_hostname}
# external command with its arguments — EXTERNAL COMMAND: DISABLE_SVC_NOTIFICATIONS;db-1;Load
NAGIOS_EC_LINE_DISABLE_SVC_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_DISABLE_SVC_NOTIFICATIONS:nagios_command};(?<nagios_hostname>[^;\n]*);%{GREEDYDATA:nagios_service}
# external command with its arguments — EXTERNAL COMMAND: ENABLE_HOST_SVC_NOTIFICATIONS;db-1
NAGIOS_EC_LINE_ENABLE_HOST_SVC_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_ENABLE_HOST_SVC_NOTIFICATIONS:nagios_command};%{GREEDYDATA:nagios_hostname}
# external command with its arguments — EXTERNAL COMMAND: ENABLE_HOST_NOTIFICATIONS;db-1
NAGIOS_EC_LINE_ENABLE_HOST_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_ENABLE_HOST_NOTIFICATIONS:nagios_command};%{GREEDYDATA:nagios_hostname}
# external command with its arguments — EXTERNAL COMMAND: ENABLE_SVC_NOTIFICATIONS;db-1;Load
NAGIOS_EC_LINE_ENABLE_SVC_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_ENABLE_SVC_NOTIFICATIONS:nagios_command};(?<nagios_hostname>[^;\n]*);%{GREEDYDATA:nagios_service}
# downtime of a host planned; the last field is lazy and stays empty — EXTERNAL COMMAND: SCHEDULE_HOST_DOWNTIME;db-1;1764008564;1764012164;1;0;3600;jane;kernel upgrade
NAGIOS_EC_LINE_SCHEDULE_HOST_DOWNTIME %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios_type}: %{NAGIOS_EC_SCHEDULE_HOST_DOWNTIME:nagios_command};(?<nagios_hostname>[^;\n]*);(?<nagios_start_time>[^;\n]*);(?<nagios_end_time>[^;\n]*);(?<nagios_fixed>[^;\n]*);(?<nagios_trigger_id>[^;\n]*);(?<nagios_duration>[^;\n]*);(?<author>[^;\n]*);%{DATA:comment}
# line of the Nagios log — [1764008564] SERVICE ALERT: db-1;Disk /var;CRITICAL;HARD;3;DISK CRITICAL - 2% free
NAGIOSLOGLINE %{NAGIOSTIME} (?:%{NAGIOS_WARNING}|%{NAGIOS_CURRENT_SERVICE_STATE}|%{NAGIOS_CURRENT_HOST_STATE}|%{NAGIOS_SERVICE_NOTIFICATION}|%{NAGIOS_HOST_NOTIFICATION}|%{NAGIOS_SERVICE_ALERT}|%{NAGIOS_HOST_ALERT}|%{NAGIOS_SERVICE_FLAPPING_ALERT}|%{NAGIOS_HOST_FLAPPING_ALERT}|%{NAGIOS_SERVICE_DOWNTIME_ALERT}|%{NAGIOS_HOST_DOWNTIME_ALERT}|%{NAGIOS_PASSIVE_SERVICE_CHECK}|%{NAGIOS_PASSIVE_HOST_CHECK}|%{NAGIOS_SERVICE_EVENT_HANDLER}|%{NAGIOS_HOST_EVENT_HANDLER}|%{NAGIOS_TIMEPERIOD_TRANSITION}|%{NAGIOS_EC_LINE_DISABLE_SVC_CHECK}|%{NAGIOS_EC_LINE_DISABLE_HOST_CHECK}|%{NAGIOS_EC_LINE_ENABLE_SVC_CHECK}|%{NAGIOS_EC_LINE_ENABLE_HOST_CHECK}|%{NAGIOS_EC_LINE_PROCESS_SERVICE_CHECK_RESULT}|%{NAGIOS_EC_LINE_PROCESS_HOST_CHECK_RESULT}|%{NAGIOS_EC_LINE_DISABLE_HOST_SVC_NOTIFICATIONS}|%{NAGIOS_EC_LINE_DISABLE_HOST_NOTIFICATIONS}|%{NAGIOS_EC_LINE_DISABLE_SVC_NOTIFICATIONS}|%{NAGIOS_EC_LINE_ENABLE_HOST_SVC_NOTIFICATIONS}|%{NAGIOS_EC_LINE_ENABLE_HOST_NOTIFICATIONS}|%{NAGIOS_EC_LINE_ENABLE_SVC_NOTIFICATIONS}|%{NAGIOS_EC_LINE_SCHEDULE_HOST_DOWNTIME})
"""####),
                ("legacy/postgresql", ####"""
# PostgreSQL, a log_line_prefix with time, user, session and process.

# start of a line — 11/24/2026 18:22:44 UTC app_user 5f3a.1c 2211
POSTGRESQL %{DATESTAMP:timestamp} %{TZ} %{DATA:user_id} %{GREEDYDATA:connection_id} %{POSINT:pid}
"""####),
                ("legacy/rails", ####"""
# Ruby on Rails 3, requests; an event of several lines.
# In RAILS3 a line is a run of anything but line ends: with a lazy dot, the pattern takes
# exponential time where the dot matches a line end.

# request identifier without hyphens — d41d8cd98f00b204e9800998ecf8427e
RUUID \h{32}
# controller and action — InvoicesController#show
RCONTROLLER (?<controller>[^#]+)#(?<action>\w+)
# first line of a request — Started GET "/invoices/7?full=1" for 192.0.2.71 at 2026-11-24 18:22:44 +0100
RAILS3HEAD (?m)Started %{WORD:verb} "%{URIPATHPARAM:request}" for %{IPORHOST:clientip} at (?<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND} %{ISO8601_TIMEZONE})
# second line, with or without parameters — Processing by InvoicesController#show as HTML
RPROCESSING \W*Processing by %{RCONTROLLER} as (?<format>\S+)(?:\W*Parameters: \{%{DATA:params}\}\W*)?
# last line — Completed 200 OK in 48ms (Views: 21.7ms | ActiveRecord: 9.3ms)
RAILS3FOOT Completed %{NUMBER:response}%{DATA} in %{NUMBER:totalms}ms %{RAILS3PROFILE}%{GREEDYDATA}
# where the time went; may be empty — (Views: 21.7ms | ActiveRecord: 9.3ms)
RAILS3PROFILE (?:\(Views: %{NUMBER:viewms}ms \| ActiveRecord: %{NUMBER:activerecordms}ms|\(ActiveRecord: %{NUMBER:activerecordms}ms)?
# the whole request — Started GET "/invoices/7" for 192.0.2.71 at 2026-11-24 18:22:44 +0100
RAILS3 %{RAILS3HEAD}(?:%{RPROCESSING})?(?<context>(?:[^\n]*\n)*)(?:%{RAILS3FOOT})?
"""####),
                ("legacy/redis", ####"""
# Redis before version 3: log and MONITOR output.

# time of a line — 24 Nov 18:22:44.615
REDISTIMESTAMP %{MONTHDAY} %{MONTH} %{TIME}
# notice — [3011] 24 Nov 18:22:44 * Background saving started by pid 3012
REDISLOG \[%{POSINT:pid}\] %{REDISTIMESTAMP:timestamp} \*[ ]
# line of MONITOR — 1764008564.615000 [0 192.0.2.90:50444] "set" "session:9" "v"
REDISMONLOG %{NUMBER:timestamp} \[%{INT:database} %{IP:client}:%{NUMBER:port}\] "%{WORD:command}"\s?%{GREEDYDATA:params}
"""####),
                ("legacy/ruby", ####"""
# Logger of the Ruby standard library.

# level of a Ruby logger line — WARN
RUBY_LOGLEVEL (?:DEBUG|INFO|WARN|ERROR|FATAL)
# line of a Ruby logger — I, [2026-11-24T18:22:44.615172 #4801]  INFO -- app: order 17 created
RUBY_LOGGER [DIWEF], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\] *%{RUBY_LOGLEVEL:loglevel} -- +%{DATA:progname}: %{GREEDYDATA:message}
"""####),
                ("legacy/squid", ####"""
# Squid 3 proxy, the native access log.
# Source: the logformat directive of the Squid manual.

# access line — 1764008564.615    132 192.0.2.91 TCP_MISS/200 4512 GET http://mirror.example.net/pkg.deb - HIER_DIRECT/203.0.113.80 application/octet-stream
SQUID3 %{NUMBER:timestamp}\s+%{NUMBER:duration}\s%{IP:client_address}\s%{WORD:cache_result}/%{NONNEGINT:status_code}\s%{NUMBER:bytes}\s%{WORD:request_method}\s%{NOTSPACE:url}\s(?:%{NOTSPACE:user}|-)\s%{WORD:hierarchy_code}/(?:%{IPORHOST:server}|-)\s%{NOTSPACE:content_type}
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
CLOUDFRONT_ACCESS_LOG (?<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY}\t%{TIME})\t%{WORD:aws.cloudfront.x_edge_location}\t(?:-|%{INT:destination.bytes:integer})\t%{IPORHOST:source.ip}\t%{WORD:http.request.method}\t%{HOSTNAME:url.domain}\t%{NOTSPACE:url.path}\t(?:000|%{INT:http.response.status_code:integer})\t(?:-|(?<http.request.referrer>[^\t\n]*))\t(?<user_agent.original>[^\t\n]*)\t(?:-|(?<url.query>[^\t\n]*))\t(?:-|%{DATA:aws.cloudfront.http.request.cookie})\t%{WORD:aws.cloudfront.x_edge_result_type}\t%{NOTSPACE:aws.cloudfront.x_edge_request_id}\t%{HOSTNAME:aws.cloudfront.http.request.host}\t%{URIPROTO:network.protocol}\t(?:-|%{INT:source.bytes:integer})\t%{NUMBER:aws.cloudfront.time_taken:float}\t(?:-|%{IP:network.forwarded_ip})\t(?:-|%{DATA:aws.cloudfront.ssl_protocol})\t(?:-|%{NOTSPACE:tls.cipher})\t%{WORD:aws.cloudfront.x_edge_response_result_type}(?:\t(?:-|HTTP/%{NUMBER:http.version})\t(?:-|(?<aws.cloudfront.fle_status>[^\t\n]*))\t(?:-|%{DATA:aws.cloudfront.fle_encrypted_fields})\t%{INT:source.port:integer}\t%{NUMBER:aws.cloudfront.time_to_first_byte:float}\t(?:-|%{DATA:aws.cloudfront.x_edge_detailed_result_type})\t(?:-|%{NOTSPACE:http.request.mime_type})\t(?:-|%{INT:aws.cloudfront.http.request.size:integer})\t(?:-|%{INT:aws.cloudfront.http.request.range.start:integer})\t(?:-|%{INT:aws.cloudfront.http.request.range.end:integer}))?
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
                ("ecs-v1/bro", ####"""
# Bro, as Zeek was called until 2018: logs with tabs between the columns.
# Source: the log pages of the Bro 2 manual (http.log, dns.log, conn.log, files.log).

# true or false — T
BRO_BOOL [TF]
# column that is not empty — value
BRO_DATA [^\t]+
# http.log — 1764008564.615172	Cabc12	192.0.2.70	50100	203.0.113.10	80	1	GET	www.example.org	/a?b=c	http://ref.example/	curl/8.1	0	1256	200	OK	-	-	-	(empty)	-	-	-	-	-	Fx1	text/html
BRO_HTTP %{NUMBER:timestamp}\t%{NOTSPACE:zeek.session_id}\t%{IP:source.ip}\t%{INT:source.port:integer}\t%{IP:destination.ip}\t%{INT:destination.port:integer}\t%{INT:zeek.http.trans_depth:integer}\t(?:-|%{WORD:http.request.method})\t(?:-|%{BRO_DATA:url.domain})\t(?:-|%{BRO_DATA:url.original})\t(?:-|%{BRO_DATA:http.request.referrer})\t(?:-|%{BRO_DATA:user_agent.original})\t(?:-|%{NUMBER:http.request.body.bytes:integer})\t(?:-|%{NUMBER:http.response.body.bytes:integer})\t(?:-|%{POSINT:http.response.status_code:integer})\t(?:-|%{DATA:zeek.http.status_msg})\t(?:-|%{POSINT:zeek.http.info_code:integer})\t(?:-|%{DATA:zeek.http.info_msg})\t(?:-|%{BRO_DATA:zeek.http.filename})\t(?:\(empty\)|%{BRO_DATA:zeek.http.tags})\t(?:-|%{BRO_DATA:url.username})\t(?:-|%{BRO_DATA:url.password})\t(?:-|%{BRO_DATA:zeek.http.proxied})\t(?:-|%{BRO_DATA:zeek.http.orig_fuids})\t(?:-|%{BRO_DATA:http.request.mime_type})\t(?:-|%{BRO_DATA:zeek.http.resp_fuids})\t(?:-|%{BRO_DATA:http.response.mime_type})
# dns.log — 1764008564.615172	Cdef34	192.0.2.70	40001	192.0.2.53	53	udp	4711	www.example.org	1	C_INTERNET	28	AAAA	0	NOERROR	F	F	T	T	0	2001:db8::80	300.000000	F
BRO_DNS %{NUMBER:timestamp}\t%{NOTSPACE:zeek.session_id}\t%{IP:source.ip}\t%{INT:source.port:integer}\t%{IP:destination.ip}\t%{INT:destination.port:integer}\t%{WORD:network.transport}\t(?:-|%{INT:dns.id:integer})\t(?:-|%{BRO_DATA:dns.question.name})\t(?:-|%{INT:zeek.dns.qclass:integer})\t(?:-|%{BRO_DATA:zeek.dns.qclass_name})\t(?:-|%{INT:zeek.dns.qtype:integer})\t(?:-|%{BRO_DATA:dns.question.type})\t(?:-|%{INT:zeek.dns.rcode:integer})\t(?:-|%{BRO_DATA:dns.response_code})\t(?:-|%{BRO_BOOL:zeek.dns.AA})\t(?:-|%{BRO_BOOL:zeek.dns.TC})\t(?:-|%{BRO_BOOL:zeek.dns.RD})\t(?:-|%{BRO_BOOL:zeek.dns.RA})\t(?:-|%{NONNEGINT:zeek.dns.Z:integer})\t(?:-|%{BRO_DATA:zeek.dns.answers})\t(?:-|%{DATA:zeek.dns.TTLs})\t(?:-|%{BRO_BOOL:zeek.dns.rejected})
# conn.log — 1764008564.615172	Cghi56	192.0.2.70	50222	203.0.113.10	443	tcp	ssl	3.205110	1480	9210	SF	T	0	ShADadFf	14	2216	16	10050	(empty)
BRO_CONN %{NUMBER:timestamp}\t%{NOTSPACE:zeek.session_id}\t%{IP:source.ip}\t%{INT:source.port:integer}\t%{IP:destination.ip}\t%{INT:destination.port:integer}\t%{WORD:network.transport}\t(?:-|%{BRO_DATA:network.protocol})\t(?:-|%{NUMBER:zeek.connection.duration:float})\t(?:-|%{INT:zeek.connection.orig_bytes:integer})\t(?:-|%{INT:zeek.connection.resp_bytes:integer})\t(?:-|%{BRO_DATA:zeek.connection.state})\t(?:-|%{BRO_BOOL:zeek.connection.local_orig})\t(?:(?:-|%{BRO_BOOL:zeek.connection.local_resp})\t)?(?:-|%{INT:zeek.connection.missed_bytes:integer})\t(?:-|%{BRO_DATA:zeek.connection.history})\t(?:-|%{INT:source.packets:integer})\t(?:-|%{INT:source.bytes:integer})\t(?:-|%{INT:destination.packets:integer})\t(?:-|%{INT:destination.bytes:integer})\t(?:\(empty\)|%{BRO_DATA:zeek.connection.tunnel_parents})
# files.log — 1764008564.615172	Fjkl78	203.0.113.10	192.0.2.70	Cghi56	HTTP	0	SHA1,MD5	text/html	index.html	0.000112	-	F	1256	1256	0	0	F	-	900150983cd24fb0d6963f7d28e17f72	a9993e364706816aba3e25717850c26c9cd0d89d	-	-
BRO_FILES %{NUMBER:timestamp}\t%{NOTSPACE:zeek.files.fuid}\t(?:-|%{IP:server.ip})\t(?:-|%{IP:client.ip})\t(?:-|%{BRO_DATA:zeek.files.session_ids})\t(?:-|%{BRO_DATA:zeek.files.source})\t(?:-|%{INT:zeek.files.depth:integer})\t(?:-|%{BRO_DATA:zeek.files.analyzers})\t(?:-|%{BRO_DATA:file.mime_type})\t(?:-|%{BRO_DATA:file.name})\t(?:-|%{NUMBER:zeek.files.duration:float})\t(?:-|%{BRO_BOOL:zeek.files.local_orig})\t(?:-|%{BRO_BOOL:zeek.files.is_orig})\t(?:-|%{INT:zeek.files.seen_bytes:integer})\t(?:-|%{INT:file.size:integer})\t(?:-|%{INT:zeek.files.missing_bytes:integer})\t(?:-|%{INT:zeek.files.overflow_bytes:integer})\t(?:-|%{BRO_BOOL:zeek.files.timedout})\t(?:-|%{BRO_DATA:zeek.files.parent_fuid})\t(?:-|%{BRO_DATA:file.hash.md5})\t(?:-|%{BRO_DATA:file.hash.sha1})\t(?:-|%{BRO_DATA:file.hash.sha256})\t(?:-|%{BRO_DATA:zeek.files.extracted})
"""####),
                ("ecs-v1/exim", ####"""
# Exim mail transfer agent, main log.
# Source: the log files chapter of the Exim specification.

# identifier of a message — 1tFbQz-0004Kp-3M
EXIM_MSGID [0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})
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
EXIM_QUOTED_CONTENT [^"\\]*(?:\\.[^"\\]*)*
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
# part of a mail address before the at sign: words with single dots between them (RFC 5321, 5322) — sales.team+eu
EMAILLOCALPART [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,62}){0,63}
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
MONTH \b(?:[Jj]an(?:uary?)?|[Ff]eb(?:ruary?)?|[Mm](?:a|ä)?r(?:ch|z)?|[Aa]pr(?:il)?|[Mm]a[yi]?|[Jj]un[ei]?|[Jj]ul[yi]?|[Aa]ug(?:ust)?|[Ss]ep(?:tember)?|[Oo][ck]?t(?:ober)?|[Nn]ov(?:ember)?|[Dd]e[cz](?:ember)?)\b
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
                ("ecs-v1/haproxy", ####"""
# HAProxy, the HTTP and TCP log formats.
# Source: the log format chapter of the HAProxy configuration manual.

# time of day of a request — 18:22:44
HAPROXYTIME %{HOUR}:%{MINUTE}:%{SECOND}(?!\d)
# date and time of a request; a dot stands for any character before the milliseconds — 24/Nov/2026:18:22:44.123
HAPROXYDATE %{MONTHDAY}/%{MONTH}/%{YEAR}:%{HAPROXYTIME}.%{INT}
# request headers between braces; define it anew to name them — shop.example||Mozilla
HAPROXYCAPTUREDREQUESTHEADERS %{DATA:haproxy.http.request.captured_headers}
# response headers between braces; define it anew to name them — nginx|text/html
HAPROXYCAPTUREDRESPONSEHEADERS %{DATA:haproxy.http.response.captured_headers}
# URI of a request, every part optional — https://bob:pw@shop.example:8443/cart/view?item=3
HAPROXYURI (?:%{URIPROTO:url.scheme}://)?(?:%{USER:url.username}(?::[^@]*)?@)?(?:%{IPORHOST:url.domain}(?::%{POSINT:url.port:integer})?)?(?:%{URIPATH:url.path}(?:\?%{URIQUERY:url.query})?)?
# request line, or the mark of a bad request — GET /cart?item=3 HTTP/1.1
HAPROXYHTTPREQUESTLINE (?:<BADREQ>|%{WORD:http.request.method} %{HAPROXYURI:url.original}(?: HTTP/%{NUMBER:http.version})?)
# HTTP line without what syslog puts before it; the last quote may be cut off — 192.0.2.61:53112 [24/Nov/2026:18:22:44.615] web-in app/app01 2/0/1/35/38 200 4310 - - ---- 12/11/4/2/0 0/0 {shop.example||Mozilla} {} "GET /cart/view?item=3 HTTP/1.1"
HAPROXYHTTPBASE %{IP:source.address}:%{INT:source.port:integer} \[%{HAPROXYDATE:haproxy.request_date}\] %{NOTSPACE:haproxy.frontend_name} %{NOTSPACE:haproxy.backend_name}/(?:<NOSRV>|%{NOTSPACE:haproxy.server_name}) (?:-1|%{INT:haproxy.http.request.time_wait_ms:integer})/(?:-1|%{INT:haproxy.total_waiting_time_ms:integer})/(?:-1|%{INT:haproxy.connection_wait_time_ms:integer})/(?:-1|%{INT:haproxy.http.request.time_wait_without_data_ms:integer})/%{NOTSPACE:haproxy.total_time_ms} %{INT:http.response.status_code:integer} %{INT:source.bytes:integer} (?:-|%{DATA:haproxy.http.request.captured_cookie}) (?:-|%{DATA:haproxy.http.response.captured_cookie}) %{NOTSPACE:haproxy.termination_state} %{INT:haproxy.connections.active:integer}/%{INT:haproxy.connections.frontend:integer}/%{INT:haproxy.connections.backend:integer}/%{INT:haproxy.connections.server:integer}/%{INT:haproxy.connections.retries:integer} %{INT:haproxy.server_queue:integer}/%{INT:haproxy.backend_queue:integer} (?:\{%{HAPROXYCAPTUREDREQUESTHEADERS}\} ?)?(?:\{%{HAPROXYCAPTUREDRESPONSEHEADERS}\} ?)?"%{HAPROXYHTTPREQUESTLINE}?"?
# HTTP line — Nov 24 18:22:45 lb-1 haproxy[2077]: 192.0.2.61:53112 [24/Nov/2026:18:22:44.615] web-in app/app01 2/0/1/35/38 200 4310 - - ---- 12/11/4/2/0 0/0 {shop.example||Mozilla} {} "GET /cart/view?item=3 HTTP/1.1"
HAPROXYHTTP (?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp}) %{IPORHOST:host.hostname} %{SYSLOGPROG}: %{HAPROXYHTTPBASE}
# TCP line — Nov 24 18:22:45 lb-1 haproxy[2077]: 192.0.2.61:53112 [24/Nov/2026:18:22:44.615] pg-in pg/pg02 1/0/5024 8711 -- 7/6/6/3/0 0/0
HAPROXYTCP (?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp}) %{IPORHOST:host.hostname} %{SYSLOGPROG}: %{IP:source.address}:%{INT:source.port:integer} \[%{HAPROXYDATE:haproxy.request_date}\] %{NOTSPACE:haproxy.frontend_name} %{NOTSPACE:haproxy.backend_name}/(?:<NOSRV>|%{NOTSPACE:haproxy.server_name}) (?:-1|%{INT:haproxy.total_waiting_time_ms:integer})/(?:-1|%{INT:haproxy.connection_wait_time_ms:integer})/%{NOTSPACE:haproxy.total_time_ms} %{INT:source.bytes:integer} %{NOTSPACE:haproxy.termination_state} %{INT:haproxy.connections.active:integer}/%{INT:haproxy.connections.frontend:integer}/%{INT:haproxy.connections.backend:integer}/%{INT:haproxy.connections.server:integer}/%{INT:haproxy.connections.retries:integer} %{INT:haproxy.server_queue:integer}/%{INT:haproxy.backend_queue:integer}
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
                ("ecs-v1/java", ####"""
# Java: stack traces, and the logs of Tomcat (Catalina) in its several formats.
# Sources: the Java language specification (names); the logging pages of the Tomcat 7 and 8 manuals.

# class with its package — org.acme.billing.InvoiceService
JAVACLASS (?:[A-Za-z$_][A-Za-z$_0-9]*\.)*[A-Za-z$_][A-Za-z$_0-9]*
# source file of a frame, or what stands for it — InvoiceService.java
JAVAFILE [A-Za-z$_0-9. -]+
# method, constructor or class initialiser — computeTotal
JAVAMETHOD (?:<(?:cl)?init>|[A-Za-z$_][A-Za-z$_0-9]*)
# frame of a stack trace —     at org.acme.billing.InvoiceService.computeTotal(InvoiceService.java:211)
JAVASTACKTRACEPART %{SPACE}at %{JAVACLASS:java.log.origin.class.name}\.%{JAVAMETHOD:log.origin.function}\(%{JAVAFILE:log.origin.file.name}(?::%{INT:log.origin.file.line:integer})?\)
# processor thread of an old Tomcat — TP-Processor12
JAVATHREAD [A-Z]{2}-Processor\d+
# text of a line — user 17 logged in
JAVALOGMESSAGE .*
# time of a Tomcat 7 line — Nov 24, 2026 6:22:44 PM
CATALINA7_DATESTAMP %{MONTH} %{MONTHDAY}, %{YEAR} %{HOUR}:%{MINUTE}:%{SECOND} (?:AM|PM)
# Tomcat 7 line — Nov 24, 2026 6:22:44 PM org.apache.catalina.startup.HostConfig deployDirectory INFO: Deploying /opt/app
CATALINA7_LOG %{CATALINA7_DATESTAMP:timestamp} %{JAVACLASS:java.log.origin.class.name}(?: %{JAVAMETHOD:log.origin.function})?\s*(?:%{LOGLEVEL:log.level}:)? %{JAVALOGMESSAGE:message}
# time of a Tomcat 8 line — 24-Nov-2026 18:22:44.615
CATALINA8_DATESTAMP %{MONTHDAY}-%{MONTH}-%{YEAR} %{HOUR}:%{MINUTE}:%{SECOND}
# Tomcat 8 line — 24-Nov-2026 18:22:44.615 WARNING [main] org.apache.catalina.core.AprLifecycleListener.init The APR library was not found
CATALINA8_LOG %{CATALINA8_DATESTAMP:timestamp} %{LOGLEVEL:log.level} \[%{DATA:java.log.origin.thread.name}\] %{JAVACLASS:java.log.origin.class.name}\.(?:%{JAVAMETHOD:log.origin.function})? %{JAVALOGMESSAGE:message}
# time of a Tomcat 7 or 8 line — Nov 24, 2026 6:22:44 PM
CATALINA_DATESTAMP (?:%{CATALINA8_DATESTAMP}|%{CATALINA7_DATESTAMP})
# Tomcat 7 or 8 line — Nov 24, 2026 6:22:44 PM org.apache.catalina.startup.HostConfig deployDirectory INFO: Deploying /opt/app
CATALINALOG (?:%{CATALINA8_LOG}|%{CATALINA7_LOG})
# Tomcat 7 line, the other name — Nov 24, 2026 6:22:44 PM org.apache.catalina.startup.HostConfig deployDirectory INFO: Deploying /opt/app
TOMCAT7_LOG %{CATALINA7_LOG}
# Tomcat 8 line, the other name — 24-Nov-2026 18:22:44.615 WARNING [main] org.apache.catalina.core.AprLifecycleListener.init The APR library was not found
TOMCAT8_LOG %{CATALINA8_LOG}
# time of a line with bars — 2026-11-24 18:22:44,615 +0100
TOMCATLEGACY_DATESTAMP %{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND}(?: %{ISO8601_TIMEZONE})?
# line with bars — 2026-11-24 18:22:44,615 +0100 | ERROR | org.acme.web.LoginController - bad password for jane
TOMCATLEGACY_LOG %{TOMCATLEGACY_DATESTAMP:timestamp} \| %{LOGLEVEL:log.level} \| %{JAVACLASS:java.log.origin.class.name} - %{JAVALOGMESSAGE:message}
# time of any Tomcat line — 2026-11-24 18:22:44,615 +0100
TOMCAT_DATESTAMP (?:%{CATALINA8_DATESTAMP}|%{CATALINA7_DATESTAMP}|%{TOMCATLEGACY_DATESTAMP})
# any Tomcat line — 2026-11-24 18:22:44,615 +0100 | ERROR | org.acme.web.LoginController - bad password for jane
TOMCATLOG (?:%{TOMCAT8_LOG}|%{TOMCAT7_LOG}|%{TOMCATLEGACY_LOG})
"""####),
                ("ecs-v1/junos", ####"""
# Juniper SRX firewalls (Junos), session logs.
# Source: the system log messages of the Junos manuals (RT_FLOW_SESSION_*).

# name of the message — RT_FLOW_SESSION_CLOSE
RT_FLOW_TAG (?:RT_FLOW_SESSION_CREATE|RT_FLOW_SESSION_CLOSE|RT_FLOW_SESSION_DENY)
# only the literal text: kept as it behaves — RT_FLOW_TAG
RT_FLOW_EVENT RT_FLOW_TAG
# session closed — RT_FLOW_SESSION_CLOSE: session closed TCP FIN: 192.0.2.101/51000->203.0.113.99/443 junos-https 198.51.100.2/30101->203.0.113.99/443 src-rule-1 None 6 allow-web trust untrust 70012 14(1820) 19(20330) 31 UNKNOWN UNKNOWN N/A(N/A) ge-0/0/1.0
RT_FLOW1 %{RT_FLOW_TAG:juniper.srx.tag}: %{GREEDYDATA:juniper.srx.reason}: %{IP:source.ip}/%{INT:source.port:integer}->%{IP:destination.ip}/%{INT:destination.port:integer} %{DATA:juniper.srx.service_name} %{IP:source.nat.ip}/%{INT:source.nat.port:integer}->%{IP:destination.nat.ip}/%{INT:destination.nat.port:integer} (?:None|%{DATA:juniper.srx.src_nat_rule_name}) (?:None|%{DATA:juniper.srx.dst_nat_rule_name}) %{INT:network.iana_number} %{DATA:rule.name} %{DATA:observer.ingress.zone} %{DATA:observer.egress.zone} %{INT:juniper.srx.session_id} \d+\(%{INT:source.bytes:integer}\) \d+\(%{INT:destination.bytes:integer}\) %{INT:juniper.srx.elapsed_time:integer} .*
# session created — RT_FLOW_SESSION_CREATE: session created 192.0.2.101/51000->203.0.113.99/443 junos-https 198.51.100.2/30101->203.0.113.99/443 src-rule-1 None 6 allow-web trust untrust 70012 N/A(N/A) ge-0/0/1.0
RT_FLOW2 %{RT_FLOW_TAG:juniper.srx.tag}: session created %{IP:source.ip}/%{INT:source.port:integer}->%{IP:destination.ip}/%{INT:destination.port:integer} %{DATA:juniper.srx.service_name} %{IP:source.nat.ip}/%{INT:source.nat.port:integer}->%{IP:destination.nat.ip}/%{INT:destination.nat.port:integer} (?:None|%{DATA:juniper.srx.src_nat_rule_name}) (?:None|%{DATA:juniper.srx.dst_nat_rule_name}) %{INT:network.iana_number} %{DATA:rule.name} %{DATA:observer.ingress.zone} %{DATA:observer.egress.zone} %{INT:juniper.srx.session_id} .*
# session denied — RT_FLOW_SESSION_DENY: session denied 192.0.2.101/51000->203.0.113.99/23 junos-telnet 6(0) deny-all untrust trust UNKNOWN UNKNOWN N/A(N/A) ge-0/0/0.0
RT_FLOW3 %{RT_FLOW_TAG:juniper.srx.tag}: session denied %{IP:source.ip}/%{INT:source.port:integer}->%{IP:destination.ip}/%{INT:destination.port:integer} %{DATA:juniper.srx.service_name} %{INT:network.iana_number}\(\d\) %{DATA:rule.name} %{DATA:observer.ingress.zone} %{DATA:observer.egress.zone} .*
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
                ("ecs-v1/maven", ####"""
# Maven, versions of artifacts.

# version of an artifact — 2.14.1-SNAPSHOT
MAVEN_VERSION (?:\d+\.){0,2}(?:\*|\d+)(?:[.-](?:RELEASE|SNAPSHOT))?
"""####),
                ("ecs-v1/mcollective", ####"""
# MCollective, the daemon and its audit log (both in one file).

# line of the daemon — I, [2026-11-24T18:22:44.615 #712]  INFO -- : mcollectived.rb:31 started
MCOLLECTIVE ., \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:integer}\]%{SPACE}%{LOGLEVEL:log.level}
# time of an audit line — 2026-11-24T18:22:44.615+0000: reqid=7 reqtime=1
MCOLLECTIVEAUDIT %{TIMESTAMP_ISO8601:timestamp}:
"""####),
                ("ecs-v1/mongodb", ####"""
# MongoDB: the log of version 2, slow queries, and the log of version 3.
# Source: the log messages page of the MongoDB manual.

# line of version 2 — Nov 24 18:22:44 [initandlisten] waiting for connections on port 27017
MONGO_LOG %{SYSLOGTIMESTAMP:timestamp} \[%{WORD:mongodb.component}\] %{GREEDYDATA:message}
# query document, up to the last brace before ntoreturn — { a: 1 } ntoreturn:1
MONGO_QUERY \{ .*(?= \} ntoreturn:) \}
# slow query — query shop.orders query: { _id: ObjectId('5f1') } ntoreturn:1 ntoskip:0 nscanned:1042 keyUpdates:0 numYields: 2 locks(micros) r:11 nreturned:1 reslen:84 310ms
MONGO_SLOWQUERY %{WORD:mongodb.profile.op} %{MONGO_WORDDASH:mongodb.database}\.%{MONGO_WORDDASH:mongodb.collection} %{WORD}: %{MONGO_QUERY:mongodb.query.original} %{WORD}:%{NONNEGINT:mongodb.profile.ntoreturn:integer} %{WORD}:%{NONNEGINT:mongodb.profile.ntoskip:integer} %{WORD}:%{NONNEGINT:mongodb.profile.nscanned:integer}.*?nreturned:%{NONNEGINT:mongodb.profile.nreturned:integer}.+ %{INT:mongodb.profile.duration:integer}ms
# word with hyphens — order-items
MONGO_WORDDASH \b[\w-]+\b
# severity letter of version 3 — W
MONGO3_SEVERITY \w
# component of version 3 — NETWORK
MONGO3_COMPONENT %{WORD}
# line of version 3 — 2026-11-24T18:22:44.615+0000 I NETWORK  [conn12] end connection 192.0.2.92:40000 (3 connections now open)
MONGO3_LOG %{TIMESTAMP_ISO8601:timestamp} %{MONGO3_SEVERITY:log.level} (?:-|%{MONGO3_COMPONENT:mongodb.component})%{SPACE}(?:\[%{DATA:mongodb.context}\])? %{GREEDYDATA:message}
"""####),
                ("ecs-v1/nagios", ####"""
# Nagios, the main log.
# A field before another free field is a run without semicolons: a lazy dot there finds the same, but slower.
# Source: the log and external command pages of the Nagios Core manual.

# time of a line, seconds since 1970 — [1764008564]
NAGIOSTIME \[%{NUMBER:timestamp}\]
# kind of line: state of a service at start-up or rotation — CURRENT SERVICE STATE
NAGIOS_TYPE_CURRENT_SERVICE_STATE CURRENT SERVICE STATE
# kind of line: state of a host at start-up or rotation — CURRENT HOST STATE
NAGIOS_TYPE_CURRENT_HOST_STATE CURRENT HOST STATE
# kind of line: notification about a service — SERVICE NOTIFICATION
NAGIOS_TYPE_SERVICE_NOTIFICATION SERVICE NOTIFICATION
# kind of line: notification about a host — HOST NOTIFICATION
NAGIOS_TYPE_HOST_NOTIFICATION HOST NOTIFICATION
# kind of line: state change of a service — SERVICE ALERT
NAGIOS_TYPE_SERVICE_ALERT SERVICE ALERT
# kind of line: state change of a host — HOST ALERT
NAGIOS_TYPE_HOST_ALERT HOST ALERT
# kind of line: service begins or ends flapping — SERVICE FLAPPING ALERT
NAGIOS_TYPE_SERVICE_FLAPPING_ALERT SERVICE FLAPPING ALERT
# kind of line: host begins or ends flapping — HOST FLAPPING ALERT
NAGIOS_TYPE_HOST_FLAPPING_ALERT HOST FLAPPING ALERT
# kind of line: downtime of a service — SERVICE DOWNTIME ALERT
NAGIOS_TYPE_SERVICE_DOWNTIME_ALERT SERVICE DOWNTIME ALERT
# kind of line: downtime of a host — HOST DOWNTIME ALERT
NAGIOS_TYPE_HOST_DOWNTIME_ALERT HOST DOWNTIME ALERT
# kind of line: result handed in for a service — PASSIVE SERVICE CHECK
NAGIOS_TYPE_PASSIVE_SERVICE_CHECK PASSIVE SERVICE CHECK
# kind of line: result handed in for a host — PASSIVE HOST CHECK
NAGIOS_TYPE_PASSIVE_HOST_CHECK PASSIVE HOST CHECK
# kind of line: event handler of a service run — SERVICE EVENT HANDLER
NAGIOS_TYPE_SERVICE_EVENT_HANDLER SERVICE EVENT HANDLER
# kind of line: event handler of a host run — HOST EVENT HANDLER
NAGIOS_TYPE_HOST_EVENT_HANDLER HOST EVENT HANDLER
# kind of line: command from outside — EXTERNAL COMMAND
NAGIOS_TYPE_EXTERNAL_COMMAND EXTERNAL COMMAND
# kind of line: time period begins or ends — TIMEPERIOD TRANSITION
NAGIOS_TYPE_TIMEPERIOD_TRANSITION TIMEPERIOD TRANSITION
# external command — DISABLE_SVC_CHECK
NAGIOS_EC_DISABLE_SVC_CHECK DISABLE_SVC_CHECK
# external command — ENABLE_SVC_CHECK
NAGIOS_EC_ENABLE_SVC_CHECK ENABLE_SVC_CHECK
# external command — DISABLE_HOST_CHECK
NAGIOS_EC_DISABLE_HOST_CHECK DISABLE_HOST_CHECK
# external command — ENABLE_HOST_CHECK
NAGIOS_EC_ENABLE_HOST_CHECK ENABLE_HOST_CHECK
# external command — PROCESS_SERVICE_CHECK_RESULT
NAGIOS_EC_PROCESS_SERVICE_CHECK_RESULT PROCESS_SERVICE_CHECK_RESULT
# external command — PROCESS_HOST_CHECK_RESULT
NAGIOS_EC_PROCESS_HOST_CHECK_RESULT PROCESS_HOST_CHECK_RESULT
# external command — SCHEDULE_SERVICE_DOWNTIME
NAGIOS_EC_SCHEDULE_SERVICE_DOWNTIME SCHEDULE_SERVICE_DOWNTIME
# external command — SCHEDULE_HOST_DOWNTIME
NAGIOS_EC_SCHEDULE_HOST_DOWNTIME SCHEDULE_HOST_DOWNTIME
# external command — DISABLE_HOST_SVC_NOTIFICATIONS
NAGIOS_EC_DISABLE_HOST_SVC_NOTIFICATIONS DISABLE_HOST_SVC_NOTIFICATIONS
# external command — ENABLE_HOST_SVC_NOTIFICATIONS
NAGIOS_EC_ENABLE_HOST_SVC_NOTIFICATIONS ENABLE_HOST_SVC_NOTIFICATIONS
# external command — DISABLE_HOST_NOTIFICATIONS
NAGIOS_EC_DISABLE_HOST_NOTIFICATIONS DISABLE_HOST_NOTIFICATIONS
# external command — ENABLE_HOST_NOTIFICATIONS
NAGIOS_EC_ENABLE_HOST_NOTIFICATIONS ENABLE_HOST_NOTIFICATIONS
# external command — DISABLE_SVC_NOTIFICATIONS
NAGIOS_EC_DISABLE_SVC_NOTIFICATIONS DISABLE_SVC_NOTIFICATIONS
# external command — ENABLE_SVC_NOTIFICATIONS
NAGIOS_EC_ENABLE_SVC_NOTIFICATIONS ENABLE_SVC_NOTIFICATIONS
# warning of the daemon — Warning: Check result queue contained results for host 'db-9'
NAGIOS_WARNING Warning:%{SPACE}%{GREEDYDATA:message}
# state of a service at start-up or rotation — CURRENT SERVICE STATE: db-1;Disk /var;OK;HARD;1;DISK OK - free space: 81%
NAGIOS_CURRENT_SERVICE_STATE %{NAGIOS_TYPE_CURRENT_SERVICE_STATE:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.name>[^;\n]*);(?<service.state>[^;\n]*);%{DATA:nagios.log.state_type};%{INT:nagios.log.attempt:integer};%{GREEDYDATA:message}
# state of a host at start-up or rotation — CURRENT HOST STATE: db-1;UP;HARD;1;PING OK - Packet loss = 0%
NAGIOS_CURRENT_HOST_STATE %{NAGIOS_TYPE_CURRENT_HOST_STATE:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.state>[^;\n]*);%{DATA:nagios.log.state_type};%{INT:nagios.log.attempt:integer};%{GREEDYDATA:message}
# notification about a service — SERVICE NOTIFICATION: oncall;db-1;Disk /var;CRITICAL;notify-by-email;DISK CRITICAL - 2% free
NAGIOS_SERVICE_NOTIFICATION %{NAGIOS_TYPE_SERVICE_NOTIFICATION:nagios.log.type}: (?<user.name>[^;\n]*);(?<host.hostname>[^;\n]*);(?<service.name>[^;\n]*);(?<service.state>[^;\n]*);(?<nagios.log.notification_command>[^;\n]*);%{GREEDYDATA:message}
# notification about a host — HOST NOTIFICATION: oncall;db-1;DOWN;notify-host-by-sms;No route to host
NAGIOS_HOST_NOTIFICATION %{NAGIOS_TYPE_HOST_NOTIFICATION:nagios.log.type}: (?<user.name>[^;\n]*);(?<host.hostname>[^;\n]*);(?<service.state>[^;\n]*);(?<nagios.log.notification_command>[^;\n]*);%{GREEDYDATA:message}
# state change of a service — SERVICE ALERT: db-1;Disk /var;CRITICAL;HARD;3;DISK CRITICAL - 2% free
NAGIOS_SERVICE_ALERT %{NAGIOS_TYPE_SERVICE_ALERT:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.name>[^;\n]*);(?<service.state>[^;\n]*);%{DATA:nagios.log.state_type};%{INT:nagios.log.attempt:integer};%{GREEDYDATA:message}
# state change of a host — HOST ALERT: db-1;DOWN;SOFT;1;CRITICAL - 192.0.2.66: rta nan, lost 100%
NAGIOS_HOST_ALERT %{NAGIOS_TYPE_HOST_ALERT:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.state>[^;\n]*);%{DATA:nagios.log.state_type};%{INT:nagios.log.attempt:integer};%{GREEDYDATA:message}
# service begins or ends flapping — SERVICE FLAPPING ALERT: db-1;Load;STARTED; Service appears to have started flapping (21.0% change)
NAGIOS_SERVICE_FLAPPING_ALERT %{NAGIOS_TYPE_SERVICE_FLAPPING_ALERT:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.name>[^;\n]*);(?<service.state>[^;\n]*);%{GREEDYDATA:message}
# host begins or ends flapping — HOST FLAPPING ALERT: db-1;STOPPED; Host appears to have stopped flapping
NAGIOS_HOST_FLAPPING_ALERT %{NAGIOS_TYPE_HOST_FLAPPING_ALERT:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.state>[^;\n]*);%{GREEDYDATA:message}
# downtime of a service — SERVICE DOWNTIME ALERT: db-1;Load;STARTED; Service has entered a period of scheduled downtime
NAGIOS_SERVICE_DOWNTIME_ALERT %{NAGIOS_TYPE_SERVICE_DOWNTIME_ALERT:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.name>[^;\n]*);(?<service.state>[^;\n]*);%{GREEDYDATA:nagios.log.comment}
# downtime of a host — HOST DOWNTIME ALERT: db-1;STARTED; Host has entered a period of scheduled downtime
NAGIOS_HOST_DOWNTIME_ALERT %{NAGIOS_TYPE_HOST_DOWNTIME_ALERT:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.state>[^;\n]*);%{GREEDYDATA:nagios.log.comment}
# result handed in for a service — PASSIVE SERVICE CHECK: db-1;Backup;0;backup finished in 12m
NAGIOS_PASSIVE_SERVICE_CHECK %{NAGIOS_TYPE_PASSIVE_SERVICE_CHECK:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.name>[^;\n]*);(?<service.state>[^;\n]*);%{GREEDYDATA:nagios.log.comment}
# result handed in for a host — PASSIVE HOST CHECK: db-1;1;host unreachable
NAGIOS_PASSIVE_HOST_CHECK %{NAGIOS_TYPE_PASSIVE_HOST_CHECK:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.state>[^;\n]*);%{GREEDYDATA:nagios.log.comment}
# event handler of a service run; the last field is lazy and stays empty — SERVICE EVENT HANDLER: db-1;Load;CRITICAL;SOFT;restart-service
NAGIOS_SERVICE_EVENT_HANDLER %{NAGIOS_TYPE_SERVICE_EVENT_HANDLER:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.name>[^;\n]*);(?<service.state>[^;\n]*);(?<nagios.log.state_type>[^;\n]*);%{DATA:nagios.log.event_handler_name}
# event handler of a host run; the last field is lazy and stays empty — HOST EVENT HANDLER: db-1;DOWN;HARD;reboot-host
NAGIOS_HOST_EVENT_HANDLER %{NAGIOS_TYPE_HOST_EVENT_HANDLER:nagios.log.type}: (?<host.hostname>[^;\n]*);(?<service.state>[^;\n]*);(?<nagios.log.state_type>[^;\n]*);%{DATA:nagios.log.event_handler_name}
# time period begins or ends — TIMEPERIOD TRANSITION: workhours;-1;1
NAGIOS_TIMEPERIOD_TRANSITION %{NAGIOS_TYPE_TIMEPERIOD_TRANSITION:nagios.log.type}: %{DATA:service.name};%{INT:nagios.log.period_from:integer};%{INT:nagios.log.period_to:integer}
# external command with its arguments; the last field is lazy and stays empty — EXTERNAL COMMAND: DISABLE_SVC_CHECK;db-1;Load
NAGIOS_EC_LINE_DISABLE_SVC_CHECK %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_DISABLE_SVC_CHECK:nagios.log.command};(?<host.hostname>[^;\n]*);%{DATA:service.name}
# external command with its arguments; the last field is lazy and stays empty — EXTERNAL COMMAND: DISABLE_HOST_CHECK;db-1
NAGIOS_EC_LINE_DISABLE_HOST_CHECK %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_DISABLE_HOST_CHECK:nagios.log.command};%{DATA:host.hostname}
# external command with its arguments; the last field is lazy and stays empty — EXTERNAL COMMAND: ENABLE_SVC_CHECK;db-1;Load
NAGIOS_EC_LINE_ENABLE_SVC_CHECK %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_ENABLE_SVC_CHECK:nagios.log.command};(?<host.hostname>[^;\n]*);%{DATA:service.name}
# external command with its arguments; the last field is lazy and stays empty — EXTERNAL COMMAND: ENABLE_HOST_CHECK;db-1
NAGIOS_EC_LINE_ENABLE_HOST_CHECK %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_ENABLE_HOST_CHECK:nagios.log.command};%{DATA:host.hostname}
# external command with its arguments — EXTERNAL COMMAND: PROCESS_SERVICE_CHECK_RESULT;db-1;Load;0;OK - done
NAGIOS_EC_LINE_PROCESS_SERVICE_CHECK_RESULT %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_PROCESS_SERVICE_CHECK_RESULT:nagios.log.command};(?<host.hostname>[^;\n]*);(?<service.name>[^;\n]*);(?<service.state>[^;\n]*);%{GREEDYDATA:nagios.log.check_result}
# external command with its arguments — EXTERNAL COMMAND: PROCESS_HOST_CHECK_RESULT;db-1;0;OK - done
NAGIOS_EC_LINE_PROCESS_HOST_CHECK_RESULT %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_PROCESS_HOST_CHECK_RESULT:nagios.log.command};(?<host.hostname>[^;\n]*);(?<service.state>[^;\n]*);%{GREEDYDATA:nagios.log.check_result}
# external command with its arguments — EXTERNAL COMMAND: DISABLE_HOST_SVC_NOTIFICATIONS;db-1
NAGIOS_EC_LINE_DISABLE_HOST_SVC_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_DISABLE_HOST_SVC_NOTIFICATIONS:nagios.log.command};%{GREEDYDATA:host.hostname}
# external command with its arguments — EXTERNAL COMMAND: DISABLE_HOST_NOTIFICATIONS;db-1
NAGIOS_EC_LINE_DISABLE_HOST_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_DISABLE_HOST_NOTIFICATIONS:nagios.log.command};%{GREEDYDATA:host.hostname}
# external command with its arguments — EXTERNAL COMMAND: DISABLE_SVC_NOTIFICATIONS;db-1;Load
NAGIOS_EC_LINE_DISABLE_SVC_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_DISABLE_SVC_NOTIFICATIONS:nagios.log.command};(?<host.hostname>[^;\n]*);%{GREEDYDATA:service.name}
# external command with its arguments — EXTERNAL COMMAND: ENABLE_HOST_SVC_NOTIFICATIONS;db-1
NAGIOS_EC_LINE_ENABLE_HOST_SVC_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_ENABLE_HOST_SVC_NOTIFICATIONS:nagios.log.command};%{GREEDYDATA:host.hostname}
# external command with its arguments — EXTERNAL COMMAND: ENABLE_HOST_NOTIFICATIONS;db-1
NAGIOS_EC_LINE_ENABLE_HOST_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_ENABLE_HOST_NOTIFICATIONS:nagios.log.command};%{GREEDYDATA:host.hostname}
# external command with its arguments — EXTERNAL COMMAND: ENABLE_SVC_NOTIFICATIONS;db-1;Load
NAGIOS_EC_LINE_ENABLE_SVC_NOTIFICATIONS %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_ENABLE_SVC_NOTIFICATIONS:nagios.log.command};(?<host.hostname>[^;\n]*);%{GREEDYDATA:service.name}
# downtime of a host planned; the last field is lazy and stays empty — EXTERNAL COMMAND: SCHEDULE_HOST_DOWNTIME;db-1;1764008564;1764012164;1;0;3600;jane;kernel upgrade
NAGIOS_EC_LINE_SCHEDULE_HOST_DOWNTIME %{NAGIOS_TYPE_EXTERNAL_COMMAND:nagios.log.type}: %{NAGIOS_EC_SCHEDULE_HOST_DOWNTIME:nagios.log.command};(?<host.hostname>[^;\n]*);(?<nagios.log.start_time>[^;\n]*);(?<nagios.log.end_time>[^;\n]*);(?<nagios.log.fixed>[^;\n]*);%{DATA:nagios.log.trigger_id};%{INT:nagios.log.duration:integer};(?<user.name>[^;\n]*);%{DATA:nagios.log.comment}
# line of the Nagios log — [1764008564] SERVICE ALERT: db-1;Disk /var;CRITICAL;HARD;3;DISK CRITICAL - 2% free
NAGIOSLOGLINE %{NAGIOSTIME} (?:%{NAGIOS_WARNING}|%{NAGIOS_CURRENT_SERVICE_STATE}|%{NAGIOS_CURRENT_HOST_STATE}|%{NAGIOS_SERVICE_NOTIFICATION}|%{NAGIOS_HOST_NOTIFICATION}|%{NAGIOS_SERVICE_ALERT}|%{NAGIOS_HOST_ALERT}|%{NAGIOS_SERVICE_FLAPPING_ALERT}|%{NAGIOS_HOST_FLAPPING_ALERT}|%{NAGIOS_SERVICE_DOWNTIME_ALERT}|%{NAGIOS_HOST_DOWNTIME_ALERT}|%{NAGIOS_PASSIVE_SERVICE_CHECK}|%{NAGIOS_PASSIVE_HOST_CHECK}|%{NAGIOS_SERVICE_EVENT_HANDLER}|%{NAGIOS_HOST_EVENT_HANDLER}|%{NAGIOS_TIMEPERIOD_TRANSITION}|%{NAGIOS_EC_LINE_DISABLE_SVC_CHECK}|%{NAGIOS_EC_LINE_DISABLE_HOST_CHECK}|%{NAGIOS_EC_LINE_ENABLE_SVC_CHECK}|%{NAGIOS_EC_LINE_ENABLE_HOST_CHECK}|%{NAGIOS_EC_LINE_PROCESS_SERVICE_CHECK_RESULT}|%{NAGIOS_EC_LINE_PROCESS_HOST_CHECK_RESULT}|%{NAGIOS_EC_LINE_DISABLE_HOST_SVC_NOTIFICATIONS}|%{NAGIOS_EC_LINE_DISABLE_HOST_NOTIFICATIONS}|%{NAGIOS_EC_LINE_DISABLE_SVC_NOTIFICATIONS}|%{NAGIOS_EC_LINE_ENABLE_HOST_SVC_NOTIFICATIONS}|%{NAGIOS_EC_LINE_ENABLE_HOST_NOTIFICATIONS}|%{NAGIOS_EC_LINE_ENABLE_SVC_NOTIFICATIONS}|%{NAGIOS_EC_LINE_SCHEDULE_HOST_DOWNTIME})
"""####),
                ("ecs-v1/postgresql", ####"""
# PostgreSQL, a log_line_prefix with time, user, session and process.

# start of a line — 11/24/2026 18:22:44 UTC app_user 5f3a.1c 2211
POSTGRESQL %{DATESTAMP:timestamp} %{TZ:event.timezone} %{DATA:user.name} %{GREEDYDATA:postgresql.log.connection_id} %{POSINT:process.pid:integer}
"""####),
                ("ecs-v1/rails", ####"""
# Ruby on Rails 3, requests; an event of several lines.
# In RAILS3 a line is a run of anything but line ends: with a lazy dot, the pattern takes
# exponential time where the dot matches a line end.

# request identifier without hyphens — d41d8cd98f00b204e9800998ecf8427e
RUUID \h{32}
# controller and action; the fields keep the brackets of their names — InvoicesController#show
RCONTROLLER (?<[rails][controller][class]>[^#]+)#(?<[rails][controller][action]>\w+)
# first line of a request — Started GET "/invoices/7?full=1" for 192.0.2.71 at 2026-11-24 18:22:44 +0100
RAILS3HEAD (?m)Started %{WORD:http.request.method} "%{URIPATHPARAM:url.original}" for %{IPORHOST:source.address} at (?<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND} %{ISO8601_TIMEZONE})
# second line, with or without parameters — Processing by InvoicesController#show as HTML
RPROCESSING \W*Processing by %{RCONTROLLER} as (?<[rails][request][format]>\S+)(?:\W*Parameters: \{%{DATA:rails.request.params}\}\W*)?
# last line — Completed 200 OK in 48ms (Views: 21.7ms | ActiveRecord: 9.3ms)
RAILS3FOOT Completed %{POSINT:http.response.status_code:integer}%{DATA} in %{NUMBER:rails.request.duration.total:float}ms %{RAILS3PROFILE}%{GREEDYDATA}
# where the time went; may be empty — (Views: 21.7ms | ActiveRecord: 9.3ms)
RAILS3PROFILE (?:\(Views: %{NUMBER:rails.request.duration.view:float}ms \| ActiveRecord: %{NUMBER:rails.request.duration.active_record:float}ms|\(ActiveRecord: %{NUMBER:rails.request.duration.active_record:float}ms)?
# the whole request — Started GET "/invoices/7" for 192.0.2.71 at 2026-11-24 18:22:44 +0100
RAILS3 %{RAILS3HEAD}(?:%{RPROCESSING})?(?<[rails][request][explain][original]>(?:[^\n]*\n)*)(?:%{RAILS3FOOT})?
"""####),
                ("ecs-v1/redis", ####"""
# Redis before version 3: log and MONITOR output.

# time of a line — 24 Nov 18:22:44.615
REDISTIMESTAMP %{MONTHDAY} %{MONTH} %{TIME}
# notice — [3011] 24 Nov 18:22:44 * Background saving started by pid 3012
REDISLOG \[%{POSINT:process.pid:integer}\] %{REDISTIMESTAMP:timestamp} \*
# line of MONITOR — 1764008564.615000 [0 192.0.2.90:50444] "set" "session:9" "v"
REDISMONLOG %{NUMBER:timestamp} \[%{INT:redis.database.id} %{IP:client.ip}:%{POSINT:client.port:integer}\] "%{WORD:redis.command.name}"\s?%{GREEDYDATA:redis.command.args}
"""####),
                ("ecs-v1/ruby", ####"""
# Logger of the Ruby standard library.

# level of a Ruby logger line — WARN
RUBY_LOGLEVEL (?:DEBUG|INFO|WARN|ERROR|FATAL)
# line of a Ruby logger — I, [2026-11-24T18:22:44.615172 #4801]  INFO -- app: order 17 created
RUBY_LOGGER [DIWEF], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:process.pid:integer}\] *%{RUBY_LOGLEVEL:log.level} -- +%{DATA:process.name}: %{GREEDYDATA:message}
"""####),
                ("ecs-v1/squid", ####"""
# Squid 3 proxy, the native access log.
# Source: the logformat directive of the Squid manual.

# status code; none when it is zero — 200
SQUID3_STATUS (?:%{POSINT:http.response.status_code:integer}|0|000)
# access line — 1764008564.615    132 192.0.2.91 TCP_MISS/200 4512 GET http://mirror.example.net/pkg.deb - HIER_DIRECT/203.0.113.80 application/octet-stream
SQUID3 %{NUMBER:timestamp}\s+%{NUMBER:squid.request.duration:integer}\s%{IP:source.ip}\s%{WORD:event.action}/%{SQUID3_STATUS}\s%{INT:http.response.bytes:integer}\s%{WORD:http.request.method}\s%{NOTSPACE:url.original}\s(?:-|%{NOTSPACE:user.name})\s%{WORD:squid.hierarchy_code}/(?:-|%{IPORHOST:destination.address})\s(?:-|%{NOTSPACE:http.response.mime_type})
"""####),
                ("ecs-v1/zeek", ####"""
# Zeek network monitor: logs with tabs between the columns.
# Source: the log pages of the Zeek 3 manual (http.log, dns.log, conn.log, files.log).

# true or false — T
ZEEK_BOOL [TF]
# column that is not empty — value
ZEEK_DATA [^\t]+
# http.log — 1764008564.615172	Cabc12	192.0.2.70	50100	203.0.113.10	80	1	POST	www.example.org	/up	-	1.1	Mozilla/5.0	-	311	16	404	Not Found	-	-	(empty)	-	-	-	Fq9	up.bin	application/octet-stream	Fx2	-	text/plain
ZEEK_HTTP %{NUMBER:timestamp}\t%{NOTSPACE:zeek.session_id}\t%{IP:source.ip}\t%{INT:source.port:integer}\t%{IP:destination.ip}\t%{INT:destination.port:integer}\t%{INT:zeek.http.trans_depth:integer}\t(?:-|%{WORD:http.request.method})\t(?:-|%{ZEEK_DATA:url.domain})\t(?:-|%{ZEEK_DATA:url.original})\t(?:-|%{ZEEK_DATA:http.request.referrer})\t(?:-|%{NUMBER:http.version})\t(?:-|%{ZEEK_DATA:user_agent.original})\t(?:-|%{ZEEK_DATA:zeek.http.origin})\t(?:-|%{NUMBER:http.request.body.bytes:integer})\t(?:-|%{NUMBER:http.response.body.bytes:integer})\t(?:-|%{POSINT:http.response.status_code:integer})\t(?:-|%{DATA:zeek.http.status_msg})\t(?:-|%{POSINT:zeek.http.info_code:integer})\t(?:-|%{DATA:zeek.http.info_msg})\t(?:\(empty\)|%{ZEEK_DATA:zeek.http.tags})\t(?:-|%{ZEEK_DATA:url.username})\t(?:-|%{ZEEK_DATA:url.password})\t(?:-|%{ZEEK_DATA:zeek.http.proxied})\t(?:-|%{ZEEK_DATA:zeek.http.orig_fuids})\t(?:-|%{ZEEK_DATA:zeek.http.orig_filenames})\t(?:-|%{ZEEK_DATA:http.request.mime_type})\t(?:-|%{ZEEK_DATA:zeek.http.resp_fuids})\t(?:-|%{ZEEK_DATA:zeek.http.resp_filenames})\t(?:-|%{ZEEK_DATA:http.response.mime_type})
# dns.log — 1764008564.615172	Cdef34	192.0.2.70	40001	192.0.2.53	53	udp	4711	0.004120	nope.example.org	1	C_INTERNET	1	A	3	NXDOMAIN	F	F	T	F	0	-	-	F
ZEEK_DNS %{NUMBER:timestamp}\t%{NOTSPACE:zeek.session_id}\t%{IP:source.ip}\t%{INT:source.port:integer}\t%{IP:destination.ip}\t%{INT:destination.port:integer}\t%{WORD:network.transport}\t(?:-|%{INT:dns.id:integer})\t(?:-|%{NUMBER:zeek.dns.rtt:float})\t(?:-|%{ZEEK_DATA:dns.question.name})\t(?:-|%{INT:zeek.dns.qclass:integer})\t(?:-|%{ZEEK_DATA:zeek.dns.qclass_name})\t(?:-|%{INT:zeek.dns.qtype:integer})\t(?:-|%{ZEEK_DATA:dns.question.type})\t(?:-|%{INT:zeek.dns.rcode:integer})\t(?:-|%{ZEEK_DATA:dns.response_code})\t(?:-|%{ZEEK_BOOL:zeek.dns.AA})\t(?:-|%{ZEEK_BOOL:zeek.dns.TC})\t(?:-|%{ZEEK_BOOL:zeek.dns.RD})\t(?:-|%{ZEEK_BOOL:zeek.dns.RA})\t(?:-|%{NONNEGINT:zeek.dns.Z:integer})\t(?:-|%{ZEEK_DATA:zeek.dns.answers})\t(?:-|%{DATA:zeek.dns.TTLs})\t(?:-|%{ZEEK_BOOL:zeek.dns.rejected})
# conn.log, with or without hardware addresses — 1764008564.615172	Cghi56	192.0.2.70	5353	224.0.0.251	5353	udp	dns	1.0	60	0	S0	F	F	0	D	2	120	0	0	-	02:42:ac:11:00:02	01:00:5e:00:00:fb
ZEEK_CONN %{NUMBER:timestamp}\t%{NOTSPACE:zeek.session_id}\t%{IP:source.ip}\t%{INT:source.port:integer}\t%{IP:destination.ip}\t%{INT:destination.port:integer}\t%{WORD:network.transport}\t(?:-|%{ZEEK_DATA:network.protocol})\t(?:-|%{NUMBER:zeek.connection.duration:float})\t(?:-|%{INT:zeek.connection.orig_bytes:integer})\t(?:-|%{INT:zeek.connection.resp_bytes:integer})\t(?:-|%{ZEEK_DATA:zeek.connection.state})\t(?:-|%{ZEEK_BOOL:zeek.connection.local_orig})\t(?:-|%{ZEEK_BOOL:zeek.connection.local_resp})\t(?:-|%{INT:zeek.connection.missed_bytes:integer})\t(?:-|%{ZEEK_DATA:zeek.connection.history})\t(?:-|%{INT:source.packets:integer})\t(?:-|%{INT:source.bytes:integer})\t(?:-|%{INT:destination.packets:integer})\t(?:-|%{INT:destination.bytes:integer})\t(?:-|%{ZEEK_DATA:zeek.connection.tunnel_parents})(?:\t(?:-|%{COMMONMAC:source.mac})\t(?:-|%{COMMONMAC:destination.mac}))?
# hosts a file came from: one address, or a list when more must follow; the list keeps the brackets of its name — 203.0.113.10
ZEEK_FILES_TX_HOSTS (?:-|%{IP:server.ip})|(?<[zeek][files][tx_hosts]>%{IP:server.ip}(?:[\s,]%{IP})+)
# hosts a file went to, likewise — 192.0.2.70
ZEEK_FILES_RX_HOSTS (?:-|%{IP:client.ip})|(?<[zeek][files][rx_hosts]>%{IP:client.ip}(?:[\s,]%{IP})+)
# files.log — 1764008564.615172	Fjkl79	203.0.113.10	192.0.2.70	Cghi56	SSL	0	X509	application/x-x509-ca-cert	-	0.0	F	T	900	-	0	0	F	-	-	-	-	-	T	900
ZEEK_FILES %{NUMBER:timestamp}\t%{NOTSPACE:zeek.files.fuid}\t%{ZEEK_FILES_TX_HOSTS}\t%{ZEEK_FILES_RX_HOSTS}\t(?:-|%{ZEEK_DATA:zeek.files.session_ids})\t(?:-|%{ZEEK_DATA:zeek.files.source})\t(?:-|%{INT:zeek.files.depth:integer})\t(?:-|%{ZEEK_DATA:zeek.files.analyzers})\t(?:-|%{ZEEK_DATA:file.mime_type})\t(?:-|%{ZEEK_DATA:file.name})\t(?:-|%{NUMBER:zeek.files.duration:float})\t(?:-|%{ZEEK_BOOL:zeek.files.local_orig})\t(?:-|%{ZEEK_BOOL:zeek.files.is_orig})\t(?:-|%{INT:zeek.files.seen_bytes:integer})\t(?:-|%{INT:file.size:integer})\t(?:-|%{INT:zeek.files.missing_bytes:integer})\t(?:-|%{INT:zeek.files.overflow_bytes:integer})\t(?:-|%{ZEEK_BOOL:zeek.files.timedout})\t(?:-|%{ZEEK_DATA:zeek.files.parent_fuid})\t(?:-|%{ZEEK_DATA:file.hash.md5})\t(?:-|%{ZEEK_DATA:file.hash.sha1})\t(?:-|%{ZEEK_DATA:file.hash.sha256})\t(?:-|%{ZEEK_DATA:zeek.files.extracted})(?:\t(?:-|%{ZEEK_BOOL:zeek.files.extracted_cutoff})\t(?:-|%{INT:zeek.files.extracted_size:integer}))?
"""####),
            ]
        }
    }
}
