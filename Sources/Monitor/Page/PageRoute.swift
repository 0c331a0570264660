/// What the page is made of and asks for. Everything else of the monitor is open to whoever reaches it, as in Fluentd.
///
/// | path | body | answer |
/// | --- | --- | --- |
/// | `/`, `/page.css`, `/page.js` | | the page |
/// | `/api/pipeline` | | stages, who hands events to whom, and their figures (`PipelineAnswer`) |
/// | `/api/tap` | | events as they pass (`TapQuery`, `TapAnswer`) |
/// | `/api/grok/patterns` | | names that an expression may use |
/// | `/api/grok/match` | `{"expression", "lines", "definitions"}`, texts | what is captured, and where (`GrokPlayground`) |
/// | `/api/grok/explain` | the same, of one line | where it stops, and what would help |
/// | `/api/grok/suggest` | `{"lines"}` | as `sluice grok suggest --format json` |
/// | `/api/check` | `{"configuration"}` | as `sluice check --format json` |
/// | `/api/dead-letters` | | as `sluice dead-letters --format json` |
/// | `/api/replay` | | how far a replay of them is (`ReplayState`) |
/// | | `{"output"}` | begins one, where that is allowed |
enum PageRoute: Equatable {
    case file(PageFile)
    case pipeline, tap
    case patterns, match, explain, suggest
    case check, deadLetters, replay

    /// Of what is posted, in bytes; a longer body is answered with 413.
    static let bodyBytes = 256 * 1024

    init?(_ path: String) {
        switch path {
        case "/api/pipeline": self = .pipeline
        case "/api/tap": self = .tap
        case "/api/grok/patterns": self = .patterns
        case "/api/grok/match": self = .match
        case "/api/grok/explain": self = .explain
        case "/api/grok/suggest": self = .suggest
        case "/api/check": self = .check
        case "/api/dead-letters": self = .deadLetters
        case "/api/replay": self = .replay
        default:
            guard let file = PageFile(path) else { return nil }
            self = .file(file)
        }
    }

    /// What may be asked for it.
    var methods: [String] {
        switch self {
        case .match, .explain, .suggest, .check: ["POST"]
        case .file, .pipeline, .tap, .patterns, .deadLetters: ["GET", "HEAD"]
        case .replay: ["GET", "HEAD", "POST"]
        }
    }

    var isFile: Bool { if case .file = self { true } else { false } }
}

/// A part of the page, as it lies in the program.
enum PageFile: String {
    case document = "/"
    case style = "/page.css"
    case script = "/page.js"

    init?(_ path: String) { self.init(rawValue: path) }

    var contentType: String {
        switch self {
        case .document: "text/html; charset=utf-8"
        case .style: "text/css; charset=utf-8"
        case .script: "text/javascript; charset=utf-8"
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .document: PackageResources.page_html
        case .style: PackageResources.page_css
        case .script: PackageResources.page_js
        }
    }
}
