internal import Events

/// One step of a program. Nodes lie in one array and name each other by their numbers, so that evaluating one counts no
/// references.
enum Node: BitwiseCopyable {
    typealias Index = Int32

    case null
    case bool(Bool)
    case integer(Int64)
    case float(Double)
    /// In the program's constants.
    case string(Slice)
    case symbol(Slice)
    case interpolation(List)
    case array(List)
    /// Keys and values by turns.
    case hash(List)
    /// `a..b`; an open end is `null`.
    case range(Index, Index, isExclusive: Bool)
    case regexp(Int32)
    /// A parameter of a block, or what was assigned.
    case local(Int32)
    case assign(Int32, Index)
    /// One after the other; the last one is the value.
    case sequence(List)
    case subject(Subject)
    case constant(RubyClass)
    /// `record["key"]`; the key among the program's keys.
    case field(Int32)
    /// `x["key"]`
    case member(Index, Int32)
    /// `$~` as a whole, or `$&`, `$1` … by number.
    case lastMatch
    case matchGroup(Int32)
    case preMatch
    case postMatch
    /// A name that nothing is known by: Ruby raises when it gets there.
    case unknownName(Slice)
    case not(Index)
    case and(Index, Index)
    case or(Index, Index)
    case conditional(Index, Index, Index)
    /// `a rescue b`
    case rescue(Index, Index)
    /// `case x when a, b then c … else d end`: for each clause the number of its patterns, they, and what it gives.
    case choice(Index?, List, otherwise: Index)
    case call(Call)

    /// Nodes side by side in the program's list of operands.
    struct List: BitwiseCopyable {
        var start: Int32
        var count: Int32

        var range: Range<Int> { Int(start)..<(Int(start) + Int(count)) }
    }

    struct Call: BitwiseCopyable {
        /// nil: a function, `format("%d", 1)`.
        var receiver: Index?
        var method: Method
        /// `&.`
        var isSafe = false
        var arguments: List
        /// Among the program's blocks.
        var block: Int32?
    }

    /// What an expression is about.
    enum Subject: UInt8, BitwiseCopyable {
        case record, tag, tagParts, tagPrefix, tagSuffix, time, hostname, environment
        /// Of a configuration: `worker_id`, and what stands for no value and for the default.
        case workerID, useNil, useDefault
    }
}

/// Bytes of the text that a node was read from.
struct NodePlace: BitwiseCopyable {
    let start: Int32
    let end: Int32

    init(start: Int, end: Int) {
        self.start = Int32(clamping: start)
        self.end = Int32(clamping: max(start, end))
    }

    var range: Range<Int> { Int(start)..<Int(end) }
}

/// `{ |a, (b, c)| … }` or `&:method`.
struct Block: Sendable {
    enum Parameter: Sendable {
        /// A place among the locals.
        case one(Int)
        case several([Int])
    }

    enum Body: Sendable {
        case node(Node.Index)
        case method(Method)
    }

    var parameters: [Parameter]
    var body: Body
}

/// The classes that expressions can name.
enum RubyClass: String, CaseIterable, BitwiseCopyable {
    case nilClass = "NilClass"
    case trueClass = "TrueClass"
    case falseClass = "FalseClass"
    case integer = "Integer"
    case float = "Float"
    case numeric = "Numeric"
    case string = "String"
    case symbol = "Symbol"
    case array = "Array"
    case hash = "Hash"
    case range = "Range"
    case regexp = "Regexp"
    case matchData = "MatchData"
    case time = "Time"
    case dateTime = "DateTime"
    case date = "Date"
    case object = "Object"
    case comparable = "Comparable"
    case enumerable = "Enumerable"
    case `class` = "Class"
    case json = "JSON"
    case oj = "Oj"
    case yajl = "Yajl"
    case socket = "Socket"
    case secureRandom = "SecureRandom"
    case base64 = "Base64"
    case md5 = "Digest::MD5"
    case sha1 = "Digest::SHA1"
    case sha256 = "Digest::SHA256"
    case cgi = "CGI"
    case uri = "URI"
    case process = "Process"
    case file = "File"
    case io = "IO"
    case directory = "Dir"
    case ipAddress = "IPAddr"

    /// Read files: only code of a configuration names them, but for `Method.ofPaths`.
    static let ofFiles: [RubyClass] = [.file, .io, .directory]

    /// The methods that the class itself has, beside those of every object.
    var methods: [Method] {
        switch self {
        case .time: [.now, .at, .parse, .strptime, .iso8601, .xmlschema, .new, .utc, .gm, .local, .mktime]
        case .dateTime: [.now, .parse, .strptime, .iso8601]
        case .date: [.today, .parse, .strptime]
        case .json: [.parse, .generate, .dump, .load, .pretty_generate]
        case .oj: [.dump, .load]
        case .yajl: [.dump, .load]
        case .socket: [.gethostname]
        case .secureRandom: [.uuid, .hex, .random_number]
        case .base64: [.encode64, .strict_encode64, .urlsafe_encode64, .decode64, .strict_decode64, .urlsafe_decode64]
        case .md5, .sha1, .sha256: [.hexdigest, .base64digest]
        case .cgi: [.escape, .unescape, .escapeHTML, .unescapeHTML]
        case .uri: [.decode_www_form_component, .encode_www_form_component]
        case .process: [.pid]
        case .file:
            [
                .read, .open, .readlines, .is_exist, .is_exists, .is_file, .is_directory, .is_readable, .join,
                .basename, .dirname, .extname, .expand_path,
            ]
        case .io: [.read, .readlines]
        case .ipAddress: [.new]
        case .directory: [.pwd, .getwd, .is_exist]
        case .regexp: [.escape, .last_match]
        default: []
        }
    }
}
