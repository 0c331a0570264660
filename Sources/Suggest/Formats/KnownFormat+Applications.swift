/// Loggers of languages and frameworks, and services.
///
/// Sources: the documentation of Ruby's Logger, Rails, Tomcat, Spring Boot, log4j and logback (pattern layouts), Python's
/// logging, klog (header of github.com/kubernetes/klog), the Kubernetes CRI logging format, Fluentd, JEP 158 (unified JVM
/// logging), WildFly and Quarkus (their default formats), ZooKeeper's log4j.properties, RabbitMQ's logging guide.
extension KnownFormat {
    private static let isoTime = "%{TIMESTAMP_ISO8601:timestamp}"
    private static let startsWithISOTime = #"\d{4}-\d\d-\d\d[T ]"#

    static let applications: [KnownFormat] = [
        KnownFormat(
            title: "Ruby logger",
            expression:
                #"[DIWEFA], \[%{TIMESTAMP_ISO8601:timestamp} [#]%{POSINT:pid:integer}\] *%{WORD:loglevel} -- +%{DATA:progname}: %{GREEDYDATA:message}"#,
            requirement: #"[DIWEFA], \["#),
        KnownFormat(
            title: "Rails request, first line",
            expression:
                #"Started %{WORD:method} "%{DATA:request}" for %{IPORHOST:clientip} at (?<timestamp>%{TIMESTAMP_ISO8601} %{ISO8601_TIMEZONE})"#,
            requirement: "Started "),
        KnownFormat(
            title: "Rails request, controller",
            expression: #" *Processing by (?<controller>[^# ]+)[#]%{WORD:action} as %{NOTSPACE:format}"#,
            requirement: " *Processing by "),
        KnownFormat(
            title: "Rails request, last line",
            expression:
                "Completed %{INT:status:integer} %{DATA:reason} in %{NUMBER:duration:float}ms%{GREEDYDATA:profile}",
            requirement: "Completed "),
        KnownFormat(
            title: "Spring Boot log",
            expression: isoTime
                + #" +%{LOGLEVEL:level} %{POSINT:pid:integer} --- (?:\[ *%{DATA:application}\] )?\[ *%{DATA:thread}\] %{NOTSPACE:class} *: %{GREEDYDATA:message}"#,
            requirement: startsWithISOTime + #".* --- \["#),
        KnownFormat(
            title: "log4j or logback, thread before level",
            expression: isoTime
                + #" \[%{DATA:thread}\] +%{LOGLEVEL:level} +%{JAVACLASS:class}(?::%{INT:line:integer})? +- %{GREEDYDATA:message}"#,
            requirement: startsWithISOTime + #"\S+ \["#),
        KnownFormat(
            title: "log4j or logback, level before thread",
            expression: isoTime
                + #" +%{LOGLEVEL:level} +\[%{DATA:thread}\] +%{JAVACLASS:class}(?::%{INT:line:integer})?(?: +-|:) %{GREEDYDATA:message}"#,
            requirement: startsWithISOTime + #"\S+ +[A-Z]+ +\["#),
        KnownFormat(
            title: "log4j, class behind the level",
            expression: isoTime
                + #" +%{LOGLEVEL:level} +%{JAVACLASS:class}(?::%{INT:line:integer})?(?::| -) %{GREEDYDATA:message}"#,
            requirement: startsWithISOTime + #"\S+ +[A-Z]+ +\w+(?:\.\w+)+"#),
        KnownFormat(
            title: "log4j, class at the end (Kafka)",
            expression:
                #"\[%{TIMESTAMP_ISO8601:timestamp}\] +%{LOGLEVEL:level} +(?:\[%{DATA:component}\]:? +)?%{GREEDYDATA:message} \(%{JAVACLASS:class}\)"#,
            requirement: #"\[\d{4}-.*\)\s*$"#),
        KnownFormat(
            title: "Elasticsearch log",
            expression:
                #"\[%{TIMESTAMP_ISO8601:timestamp}\]\[%{LOGLEVEL:level} *\]\[%{DATA:class} *\] *\[%{DATA:node}\] *(?:\[%{DATA:index}\](?:\[%{INT:shard:integer}\])? +)?%{GREEDYDATA:message}"#,
            requirement: #"\[\d{4}-[^\]]+\]\[\w+ *\]\[[^\]]+\] *\["#),
        KnownFormat(
            title: "JBoss, WildFly or Quarkus log",
            expression: isoTime
                + #" +%{LOGLEVEL:level} +\[%{JAVACLASS:class}\] \(%{DATA:thread}\) %{GREEDYDATA:message}"#,
            requirement: startsWithISOTime + #"\S+ +[A-Z]+ +\[[^\]]+\] \("#),
        KnownFormat(
            title: "ZooKeeper log",
            expression: isoTime
                + #" \[myid:(?:%{INT:myid:integer})?\] - %{LOGLEVEL:level} +\[%{DATA:thread}:%{JAVACLASS:class}@%{INT:line:integer}\] - %{GREEDYDATA:message}"#,
            requirement: startsWithISOTime + #"\S+ \[myid:"#),
        KnownFormat(
            title: "JVM log (-Xlog)",
            expression:
                #"(?:\[%{TIMESTAMP_ISO8601:timestamp}\])?(?:\[%{NUMBER:uptime:float}s\])?(?:\[ *%{POSINT:pid:integer} *\])?(?:\[(?<level>trace|debug|info|warning|error) *\])?\[(?<tags>[a-z][a-z0-9,]*) *\] (?:GC\(%{INT:gc_id:integer}\) )?%{GREEDYDATA:message}"#,
            requirement:
                #"\[(?:\d{4}-\d\d-\d\dT[^\]]+|[\d.]+s)\](?:\[[\d.]+s\]|\[ *\d+ *\])*(?:\[(?:trace|debug|info|warning|error) *\])?\[[a-z][a-z0-9,]* *\] "#
        ),
        KnownFormat(
            title: "RabbitMQ log",
            expression: isoTime + #" \[%{LOGLEVEL:level}\] <(?<process>[\d.]+)> %{GREEDYDATA:message}"#,
            requirement: startsWithISOTime + #"\S+ \[\w+\] <\d+\.\d+\.\d+>"#),
        KnownFormat(
            title: "Python logging",
            expression: isoTime + " - %{NOTSPACE:logger} - %{LOGLEVEL:level} - %{GREEDYDATA:message}",
            requirement: startsWithISOTime + #"\S+ - "#),
        KnownFormat(
            title: "Python logging, level first",
            expression: "(?<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?<logger>[^:\\s]+):%{GREEDYDATA:message}",
            requirement: #"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[^:\s]+:"#),
        KnownFormat(
            title: "glog or klog (Kubernetes components)",
            expression:
                #"(?<level>[IWEF])(?<timestamp>%{MONTHNUM2}%{MONTHDAY} %{TIME}) +%{NONNEGINT:tid:integer} %{NOTSPACE:file}:%{POSINT:line:integer}\] %{GREEDYDATA:message}"#,
            requirement: #"[IWEF]\d{4} "#),
        KnownFormat(
            title: "container log (CRI)",
            expression: isoTime + " (?<stream>stdout|stderr) (?<partial>[FP]) %{GREEDYDATA:message}",
            requirement: #"\S+ std(?:out|err) [FP] "#),
        KnownFormat(
            title: "Fluentd log",
            expression:
                #"(?<timestamp>%{TIMESTAMP_ISO8601} %{ISO8601_TIMEZONE}) \[%{LOGLEVEL:level}\]: (?:[#]%{NONNEGINT:worker:integer} )?%{GREEDYDATA:message}"#,
            requirement: startsWithISOTime + #"\S+ \S+ \[\w+\]: "#),
    ]
}
