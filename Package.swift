// swift-tools-version: 6.2
import PackageDescription

// Targets stand in the order the bytes travel: read the list and you have followed one log line.
// No outside package: the toolchain's modules and the distribution's C libraries are all there is.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),  // SE-0458
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .treatAllWarnings(as: .error),  // SE-0443
]
/// Only for the target that defines span-returning members; its clients need no flag.
let lifetimes: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes")]
let tests: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

let package = Package(
    name: "sluice",
    products: [.executable(name: "sluice", targets: ["sluice"])],
    targets: [
        // MARK: - C libraries: a module map and what Swift cannot import
        .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CAllocator"),
        .systemLibrary(name: "CChecksum"),
        .systemLibrary(name: "CText"),
        .systemLibrary(name: "CMaxMindDB"),

        // MARK: - What flows
        .target(name: "Events", dependencies: ["CText"], swiftSettings: lifetimes),
        .target(name: "Time", dependencies: ["Events"], swiftSettings: strict),
        .target(name: "KeptEvents", dependencies: ["Events", "Time"], swiftSettings: strict),
        .target(name: "Words", swiftSettings: strict),
        .target(name: "YAML", dependencies: ["CYAML"], swiftSettings: strict),
        .target(name: "Logging", swiftSettings: strict),

        // MARK: - Bytes in
        .target(name: "EventLoop", dependencies: ["CUV"], swiftSettings: strict),
        .target(name: "TLS", dependencies: ["COpenSSL"], swiftSettings: strict),
        .target(
            name: "HTTPServer", dependencies: ["Events", "EventLoop", "TLS", "CMicroHTTPD"], swiftSettings: strict),
        .target(name: "HTTPClient", dependencies: ["Events", "CCurl"], swiftSettings: strict),
        .target(name: "Kafka", dependencies: ["Events", "CKafka"], swiftSettings: strict),
        .target(name: "Compression", dependencies: ["Events", "CZlib", "CZstd"], swiftSettings: strict),
        .target(name: "ForwardProtocol", dependencies: ["Events", "TLS"], swiftSettings: strict),

        // MARK: - Text to fields
        .target(
            name: "Grok", dependencies: ["Words", "CPCRE2"], exclude: ["Patterns/embed-patterns"],
            swiftSettings: strict),
        .target(name: "Parsing", dependencies: ["Events", "Time", "Grok"], swiftSettings: strict),
        .target(
            name: "Expressions", dependencies: ["Events", "Time", "Grok", "Words"], swiftSettings: strict),
        .target(name: "Suggest", dependencies: ["Events", "Grok", "Parsing"], swiftSettings: strict),

        // MARK: - Stages
        .target(
            name: "Inputs",
            dependencies: [
                "Events", "Time", "EventLoop", "TLS", "HTTPServer", "Kafka", "Compression", "ForwardProtocol",
                "Parsing",
                "Logging",
            ],
            swiftSettings: strict),
        .target(
            name: "Filters",
            dependencies: [
                "Events", "Time", "Words", "HTTPClient", "Grok", "Parsing", "Expressions", "Logging", "CMaxMindDB",
            ],
            swiftSettings: strict),
        .target(
            name: "Buffering",
            dependencies: ["Events", "Time", "KeptEvents", "Compression", "Logging", "CChecksum"],
            exclude: ["Files/FORMAT.md"], swiftSettings: strict),
        .target(
            name: "Outputs",
            dependencies: [
                "Events", "Time", "KeptEvents", "Words", "EventLoop", "TLS", "HTTPClient", "Kafka", "Compression",
                "ForwardProtocol", "Parsing", "Expressions", "Logging",
            ],
            swiftSettings: strict),

        .target(
            name: "Monitor",
            dependencies: [
                "Events", "Time", "EventLoop", "TLS", "HTTPServer", "Grok", "Suggest", "Buffering", "Logging",
            ],
            resources: [
                .embedInCode("Page/Files/page.html"), .embedInCode("Page/Files/page.css"),
                .embedInCode("Page/Files/page.js"),
            ],
            swiftSettings: strict),

        // MARK: - From a file to running stages
        .target(name: "ConfigFile", dependencies: ["Words", "YAML", "Expressions"], swiftSettings: strict),
        .target(
            name: "Pipeline",
            dependencies: [
                "Events", "Time", "KeptEvents", "Words", "Logging", "EventLoop", "TLS", "HTTPClient", "Kafka",
                "ForwardProtocol", "Grok", "Parsing", "Expressions", "Inputs", "Filters", "Buffering", "Outputs",
                "Monitor",
                "ConfigFile",
            ],
            swiftSettings: strict),

        .target(
            name: "Cases", dependencies: ["Events", "Time", "Grok", "Pipeline", "YAML"], exclude: ["FORMAT.md"],
            swiftSettings: strict),

        // MARK: - Commands
        .target(name: "CommandLine", dependencies: ["Words"], swiftSettings: strict),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Events", "Time", "KeptEvents", "Logging", "EventLoop", "TLS", "HTTPClient", "ForwardProtocol", "Grok",
                "Parsing", "Suggest", "Outputs", "ConfigFile", "Pipeline", "Cases", "CommandLine", "YAML", "CAllocator",
            ],
            swiftSettings: strict),

        // MARK: - Tests: one target per room, and what runs the finished program
        .target(
            name: "TestSupport", dependencies: ["Events", "Buffering"], path: "Tests/TestSupport", swiftSettings: tests),
        .testTarget(name: "EventsTests", dependencies: ["Events", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "TimeTests", dependencies: ["Time", "Events", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "KeptEventsTests", dependencies: ["KeptEvents", "Events", "Time", "TestSupport"],
            swiftSettings: tests),
        .testTarget(name: "WordsTests", dependencies: ["Words"], swiftSettings: tests),
        .testTarget(name: "YAMLTests", dependencies: ["YAML", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "LoggingTests", dependencies: ["Logging", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "TLSTests", dependencies: ["TLS", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "HTTPClientTests", dependencies: ["HTTPClient", "Events", "TestSupport"], swiftSettings: tests),
        .testTarget(name: "KafkaTests", dependencies: ["Kafka", "Events", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "CompressionTests", dependencies: ["Compression", "Events", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "ForwardProtocolTests",
            dependencies: ["ForwardProtocol", "Events", "TLS", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "GrokTests", dependencies: ["Grok", "TestSupport"], swiftSettings: tests),
        .testTarget(
            name: "SuggestTests",
            dependencies: ["Suggest", "Events", "Grok", "Parsing", "ConfigFile", "Pipeline", "TestSupport"],
            exclude: ["SuggestSamples"], swiftSettings: tests),
        .testTarget(
            name: "ParsingTests", dependencies: ["Parsing", "Events", "Time", "Grok", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "ExpressionsTests", dependencies: ["Expressions", "Events", "Time", "Grok", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "InputsTests",
            dependencies: [
                "Inputs", "Events", "Time", "EventLoop", "TLS", "HTTPServer", "Kafka", "Compression", "ForwardProtocol",
                "Parsing",
                "Logging", "TestSupport",
            ],
            swiftSettings: tests),
        .testTarget(
            name: "FiltersTests",
            dependencies: [
                "Filters", "Events", "Time", "HTTPClient", "Grok", "Parsing", "Expressions", "Logging", "TestSupport",
            ],
            swiftSettings: tests),
        .testTarget(
            name: "MonitorTests", dependencies: ["Monitor", "Buffering", "Events", "HTTPServer", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "BufferingTests",
            dependencies: ["Buffering", "Events", "KeptEvents", "Logging", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "OutputsTests",
            dependencies: [
                "Outputs", "Kafka", "Events", "Time", "Parsing", "EventLoop", "TLS", "Inputs", "Compression",
                "ForwardProtocol", "Logging", "TestSupport",
            ],
            swiftSettings: tests),
        .testTarget(
            name: "ConfigFileTests", dependencies: ["ConfigFile", "TestSupport"], exclude: ["Golden"],
            swiftSettings: tests),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "Pipeline", "Inputs", "Filters", "ForwardProtocol", "Buffering", "Events", "KeptEvents", "ConfigFile",
                "Logging", "Outputs", "Monitor", "TestSupport",
            ],
            exclude: ["Golden"], swiftSettings: tests),
        .testTarget(
            name: "CasesTests",
            dependencies: ["Cases", "Pipeline", "ConfigFile", "Events", "Logging", "Outputs", "YAML", "TestSupport"],
            swiftSettings: tests),
        .testTarget(
            name: "CommandLineTests", dependencies: ["CommandLine", "TestSupport"], exclude: ["Golden"],
            swiftSettings: tests),
        .testTarget(name: "ArchitectureTests", swiftSettings: tests),
    ]
)
