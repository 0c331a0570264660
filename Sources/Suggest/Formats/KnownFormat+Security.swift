/// Event formats of security products, and what audits write.
///
/// Sources: ArcSight Common Event Format; IBM QRadar Log Event Extended Format; the manual of the Linux audit system;
/// Microsoft's event schema (Windows events as XML).
extension KnownFormat {
    private static let syslogHeader =
        #"(?:<%{NONNEGINT:priority:integer}>)?(?:\d )?(?:(?<timestamp>%{SYSLOGTIMESTAMP}(?: %{YEAR})?|%{TIMESTAMP_ISO8601}) +(?:%{NOTSPACE:logsource} +)?)?(?:[\w.-]+(?:\[\d+\])?: *)?"#

    static let security: [KnownFormat] = [
        KnownFormat(
            title: "CEF (Common Event Format)",
            expression: syslogHeader
                + #"CEF: ?%{INT:cef_version}\|(?<device_vendor>(?:[^|\\]|\\.)*)\|(?<device_product>(?:[^|\\]|\\.)*)\|(?<device_version>(?:[^|\\]|\\.)*)\|(?<event_class>(?:[^|\\]|\\.)*)\|(?<name>(?:[^|\\]|\\.)*)\|(?<event_severity>[^|]*)\|%{GREEDYDATA:message}"#,
            requirement: #".{0,200}CEF: ?\d+\|"#, valuesHaveBlanks: true),
        KnownFormat(
            title: "LEEF (Log Event Extended Format)",
            expression: syslogHeader
                + #"LEEF:%{NUMBER:leef_version}\|(?<device_vendor>[^|]*)\|(?<device_product>[^|]*)\|(?<device_version>[^|]*)\|(?<event_class>[^|]*)\|(?:(?<delimiter>[^|=\s]{1,5})\|)?%{GREEDYDATA:message}"#,
            requirement: #".{0,200}LEEF:\d"#, valuesHaveBlanks: true),
        KnownFormat(
            title: "Linux audit log",
            expression:
                #"(?:node=%{NOTSPACE:node} )?type=%{NOTSPACE:record_type} msg=audit\(%{NUMBER:timestamp}:%{INT:sequence:integer}\):? ?%{GREEDYDATA:message}"#,
            requirement: #"(?:node=\S+ )?type=\S+ msg=audit\("#),
        KnownFormat(
            title: "Windows events as XML",
            expression:
                #"(?=.*?<Provider[^>]*? Name=['"](?<provider>[^'"]*)|)(?=.*?<EventID[^>]*>%{INT:event_id:integer}<|)(?=.*?<Level>%{INT:level:integer}<|)(?=.*?<TimeCreated SystemTime=['"](?<timestamp>[^'"]*)|)(?=.*?<EventRecordID>%{INT:record_id:integer}<|)(?=.*?<Execution[^>]*? ProcessID=['"]%{INT:pid:integer}|)(?=.*?<Channel>(?<channel>[^<]*)<|)(?=.*?<Computer>(?<host>[^<]*)<|)<Event[ >]%{GREEDYDATA:message}"#,
            requirement: "<Event[ >]", pairs: nil),
    ]
}
