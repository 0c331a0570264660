import Grok
import Testing

/// Shipped definitions on the variants that the programs behind them document.
@Suite struct PatternVariantTests {
    struct Variants: Sendable, CustomTestStringConvertible {
        let name: String
        let lines: [String]
        var testDescription: String { name }

        init(_ name: String, _ lines: String...) {
            self.name = name
            self.lines = lines
        }
    }

    static let variants = [
        Variants(
            "BACULA_LOGLINE", "24-Nov 18:22 backup-dir JobId 811: Begin pruning Files.",
            "24-Nov 18:22 backup-dir: No Jobs found to prune.",
            "24-Nov-2026 18:22 backup-dir JobId 811: End auto prune.",
            "24-Nov 18:22 backup-2 JobId 811: Using Device \"FileStorage\"",
            "24-Nov 18:22 sd JobId 811: Labeled new Volume \"Vol-1\" on file device \"Disk1\" (/srv/bacula)."),
        Variants(
            "BACULA_LOG_MAX_CAPACITY",
            "User defined maximum volume capacity 1,073,741,824 exceeded on device \"Disk1\" (/srv/bacula)",
            "User defined maximum volume capacity 50000 exceeded on device \"Disk1\" (/srv/bacula)."),
        Variants(
            "BACULA_LOG_FATAL_CONN",
            "Fatal error: bsock.c:133 Unable to connect to Client: web-1 on web-1.example.org:9102. ERR=Connection refused",
            "Fatal error: bsock.c:133 Unable to connect to Storage daemon on 192.0.2.9:9103. ERR=No route to host",
            "Fatal error: bsock.c:133 Unable to connect to Client: web-1 on 2001:db8::9:9102. ERR=timeout"),
        Variants(
            "BACULA_LOG_NO_AUTH",
            "Fatal error: Unable to authenticate with File daemon at \"web-1.example.org:9102\". Possible causes:",
            "Fatal error: Unable to authenticate with File daemon at web-1. Possible causes:",
            "Fatal error: Unable to authenticate with File daemon at \"192.0.2.9\". Possible causes:"),
        Variants(
            "BACULA_LOG_JOBEND", "Job write elapsed time = 00:03:12, Transfer rate = 5.831 M Bytes/second",
            "Job write elapsed time = 00:00:01, Transfer rate = 812  Bytes/second"),
        Variants(
            "MONGO3_LOG", "2026-03-04T05:06:07.111+0000 I NETWORK  [conn9] end connection",
            "2026-03-04T05:06:07.111+0000 I -  [conn9] flow control on",
            "2026-03-04T05:06:07.111Z W COMMAND [thread1] slow",
            "2026-03-04T05:06:07.111+0000 D COMMAND [c] x"),
        Variants(
            "SQUID3",
            "1772600767.123    245 192.0.2.33 TCP_MISS/200 4821 GET http://example.org/ - HIER_DIRECT/198.51.100.7 text/html",
            "1772600767.123      0 192.0.2.33 NONE/000 0 NONE error:invalid-request - HIER_NONE/- -",
            "1772600767.123     12 2001:db8::3 TCP_HIT/304 210 GET http://example.org/a jane HIER_NONE/- image/png",
            "1772600767.123     80 192.0.2.33 TCP_TUNNEL/200 99 CONNECT example.org:443 - HIER_DIRECT/example.org -"),
        Variants("EXIM_MSGID", "1tFxYz-0007Qh-2X", "1tFxYz-00000007QhA-2XbC"),
        Variants(
            "EXIM",
            "2026-03-04 05:06:07 1tFxYz-0007Qh-2X <= jane@example.org H=mx.example.org [192.0.2.25] P=esmtps S=812 id=a@b",
            "2026-03-04 05:06:07 [311] 1tFxYz-00000007QhA-2XbC <= jane@example.org H=(helo.example.org) [192.0.2.25]:4022 P=esmtp S=9",
            "2026-03-04 05:06:07 1tFxYz-0007Qh-2X <= jane@example.org U=jane P=local S=400 for bob@example.net"),
        Variants(
            "CISCOFW106015",
            "Deny TCP (no connection) from 192.0.2.8/443 to 203.0.113.66/40001 flags FIN ACK on interface outside",
            "Deny TCP (no connection) from 192.0.2.8/443 to 203.0.113.66/40001 flags RST  on interface inside"),
        Variants(
            "CISCOFW302013_302014_302015_302016",
            "Built inbound TCP connection 7 for outside:203.0.113.6/4001 (203.0.113.6/4001) to inside:192.0.2.8/22 (192.0.2.8/22)",
            "Teardown UDP connection 8 for outside:203.0.113.6/53 to inside:192.0.2.8/5353 duration 0:02:01 bytes 148",
            "Teardown TCP connection 9 for outside:203.0.113.6/443 to inside:192.0.2.8/5001 duration 0:00:30 bytes 0 SYN Timeout"
        ),
        Variants(
            "CISCOFW402117", "IPSEC: Received a non-IPSec packet (protocol= ICMP) from 203.0.113.6 to 192.0.2.8",
            "IPSEC: Received a non-IPSec packet (protocol=ICMP) from 203.0.113.6 to 192.0.2.8."),
        Variants(
            "CISCOFW402119",
            "IPSEC: Received an ESP packet (SPI= 0x1F, sequence number= 0x2) from 203.0.113.6 (user= jane) to 192.0.2.8 that failed anti-replay checking",
            "IPSEC: Received an ESP packet (SPI=0x1F, sequence number=0x2) from 203.0.113.6 (user=jane) to 192.0.2.8 that failed anti-replay checking."
        ),
        Variants(
            "CISCOFW602303_602304",
            "IPSEC: An inbound LAN-to-LAN SA (SPI= 0x1F) between 203.0.113.6 and 192.0.2.8 (user= jane) has been created",
            "IPSEC: An outbound remote access SA (SPI=0x1F) between 203.0.113.6 and 192.0.2.8 (user=jane) has been deleted"
        ),
        Variants(
            "CISCOFW321001", "Resource 'conns' limit of 100 reached for system",
            "Resource 'syslogs rate' limit of 100 reached for system"),
        Variants(
            "CISCOFW313005",
            "No matching connection for ICMP error message: icmp src outside:203.0.113.6 dst inside:192.0.2.8 (type 3, code 3) on outside interface.  Original IP payload: udp src 192.0.2.8/53 dst 203.0.113.6/4001",
            "No matching connection for ICMP error message: icmp src outside:203.0.113.6 dst inside:192.0.2.8 (type 3, code 3) on outside interface. Original IP payload: udp src 192.0.2.8/53 dst 203.0.113.6/4001"
        ),
        Variants(
            "NETSCREENSESSIONLOG",
            "Nov 24 18:22:44 fw1 fw1.example.org: NetScreen device_id=ns5 [Root]system-notification-00257(traffic): start_time=\"2026-11-24 18:22:40\" duration=4 policy_id=7 service=icmp proto=1 src zone=Trust dst zone=Untrust action=Permit sent=78 rcvd=78 src=192.0.2.8 dst=203.0.113.6",
            "Nov 24 18:22:44 fw1 fw1.example.org: NetScreen device_id=ns5 [Root]system-notification-00257(traffic): start_time=\"2026-11-24 18:22:40\" duration=4 policy_id=7 service=dns proto=17 src zone=Trust dst zone=Untrust action=Permit sent=78 rcvd=78 src=192.0.2.8 dst=203.0.113.6 src_port=4001 dst_port=53 src-xlated ip=198.51.100.1 port=1024 dst-xlated ip=203.0.113.6 port=53 session_id=9 reason=Close - AGE OUT"
        ),
        Variants(
            "COMMONAPACHELOG", "203.0.113.44 - - [24/Nov/2026:18:22:44 +0000] \"GET / HTTP/1.1\" 200 5120",
            "web-1.example.org - jane [24/Nov/2026:18:22:44 +0000] \"-\" 408 -",
            "2001:db8::1 - - [24/Nov/2026:18:22:44 +0000] \"\\x16\\x03\\x01\" 400 226"),
        Variants(
            "SYSLOG5424LINE", "<165>1 2026-03-04T05:06:07.003Z mail app 311 ID47 - disk is full",
            "<34>1 - - - - - - nothing is known", "<34>1 2026-03-04T05:06:07+01:00 h su - ID47 [a@1 b=\"c\"] failed"),
    ]

    @Test("both series take each documented variant as a whole", arguments: variants)
    func whole(_ each: Variants) throws {
        for series in PatternSeries.allCases {
            let compiler = GrokCompiler(library: try PatternLibrary(series: series))
            for line in each.lines {
                #expect(
                    NearMissFields.of("\\A(?<whole.line>%{\(each.name)})", line: Array(line.utf8), compiler) != nil,
                    "\(series.rawValue): \(line)")
            }
        }
    }

    @Test("a sample of one series is taken by the pattern of the same name in the other")
    func sideBySide() throws {
        let legacy = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let ecs = GrokCompiler(library: try PatternLibrary(series: .ecsV1))
        var missed: Set<String> = []
        for name in legacy.library.names {
            for (from, to) in [(legacy, ecs), (ecs, legacy)] {
                guard let sample = from.library.definition(of: name)?.sample, to.library.definition(of: name) != nil
                else {
                    continue
                }
                let line = Array(sample.utf8)
                if NearMissFields.of("(?<whole.line>%{\(name)})", line: line, to) == nil { missed.insert(name) }
            }
        }
        #expect(missed == Self.different, "\(missed.symmetricDifference(Self.different).sorted())")
    }

    /// Names whose public definitions differ: in the newer series this one is the text `RT_FLOW_TAG`.
    static let different: Set<String> = ["RT_FLOW_EVENT"]

    @Test("a component of - is captured by the older series")
    func noComponent() throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        let line = Array("2026-03-04T05:06:07.111+0000 I -  [conn9] flow control on".utf8)
        let fields = try #require(NearMissFields.of("%{MONGO3_LOG}", line: line, compiler))
        let texts = fields.mapValues { String(decoding: line[$0], as: UTF8.self) }
        #expect(texts["component"] == "-" && texts["context"] == "conn9" && texts["message"] == "flow control on")
    }
}
