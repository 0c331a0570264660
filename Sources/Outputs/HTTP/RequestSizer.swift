/// How large the next bulk request to one server may be, and how long its answer may take. Pure: whoever sends tells it
/// what happened.
///
/// A server that is not known gets little at first and twice as much with each good answer. From the answers to requests
/// that filled the limits follows what it takes in a second, in documents and in bytes, and requests are made so large that
/// an answer takes about `answerSeconds`: `request_timeout` is the end and not the plan. An answer that does not come, or
/// a 413, halves the next requests; after that they grow slowly.
package struct RequestSizer: Sendable, Equatable {
    package struct Settings: Sendable, Equatable {
        /// `bulk_message_request_threshold`; nil: as much as there is.
        package var largestBytes: Int?
        /// `request_timeout`: how long the answer to a request may take.
        package var timeoutSeconds = 5.0

        /// Nothing is made smaller than this; a server that calls it too large does not speak of the documents.
        package static let smallestBytes = 16 * 1024
        package static let firstBytes = 256 * 1024
        package static let firstDocuments = 1000
        /// How long an answer may take when all is well; a quarter of `request_timeout` when that is less.
        package static let answerSeconds = 1.0
        /// How far the wait for an answer grows while none comes.
        package static let longestTimeoutSeconds = 60.0
        package static let largestTimeoutFactor = 8.0

        package init(largestBytes: Int? = nil, timeoutSeconds: Double = 5) {
            self.largestBytes = largestBytes
            self.timeoutSeconds = timeoutSeconds
        }

        package var answerSeconds: Double { min(Self.answerSeconds, timeoutSeconds / 4) }
        package var longestTimeoutSeconds: Double {
            max(timeoutSeconds, min(timeoutSeconds * Self.largestTimeoutFactor, Self.longestTimeoutSeconds))
        }
        package var smallestBytes: Int { min(Self.smallestBytes, largestBytes ?? .max) }
    }

    /// What a server can take, for people.
    package struct Pace: Sendable, Equatable, CustomStringConvertible {
        package var documentsPerSecond: Double
        package var requestBytes: Int
        package var requestDocuments: Int

        /// `answers 3,300 documents/s; requests are now at most 3,300 documents and 1.0 MB`
        package var description: String {
            let tenths = (requestBytes + 50_000) / 100_000
            let size = tenths > 9 ? "\(tenths / 10).\(tenths % 10) MB" : "\((requestBytes + 999) / 1000) kB"
            return "answers \(Self.grouped(documentsPerSecond)) documents/s; requests are now at most "
                + "\(Self.grouped(Double(requestDocuments))) documents and \(size)"
        }

        /// Two significant digits, thousands apart.
        private static func grouped(_ value: Double) -> String {
            var number = value < 1e15 ? Int(value.rounded()) : Int(1e15)
            var unit = 1
            while number / unit >= 100 { unit *= 10 }
            number = (number + unit / 2) / unit * unit
            var groups: [String] = []
            while number >= 1000 {
                let digits = String(number % 1000)
                groups.insert(String(repeating: "0", count: 3 - digits.count) + digits, at: 0)
                number /= 1000
            }
            return ([String(number)] + groups).joined(separator: ",")
        }
    }

    package let settings: Settings
    package private(set) var limitBytes: Int
    package private(set) var limitDocuments: Int
    package private(set) var timeoutSeconds: Double

    /// Averages over the answers to requests that filled a limit.
    private var secondsPerDocument: Double?
    private var secondsPerByte: Double?
    /// There was a time-out or a 413: growth is slow from then on.
    private var hadSetback = false
    /// A size that the server has called too large, forgotten after so many answers.
    private var refusedBytes: Int?
    private var answersSinceRefusal = 0
    private static let answersUntilForgotten = 1000
    /// How many full requests in a row took long. One alone may have waited for a new index.
    private var slowAnswers = 0
    private static let slowAnswersUntilTold = 3
    private var isTimeoutUntold = false
    /// The limit that was told last; nil: none, or the server has become fast since.
    private var toldDocuments: Int?

    package init(_ settings: Settings) {
        self.settings = settings
        limitBytes = min(Settings.firstBytes, settings.largestBytes ?? .max)
        limitDocuments = Settings.firstDocuments
        timeoutSeconds = settings.timeoutSeconds
    }

    // MARK: - What happened

    /// An answer came, whatever it says of the documents. Answers the server's pace when that decides how large requests
    /// are and was not told before.
    package mutating func answered(bytes: Int, documents: Int, seconds: Double) -> Pace? {
        if seconds < settings.timeoutSeconds / 2 { timeoutSeconds = max(timeoutSeconds / 2, settings.timeoutSeconds) }
        answersSinceRefusal += 1
        if answersSinceRefusal > Self.answersUntilForgotten { refusedBytes = nil }
        // A small request says nothing about a large one.
        guard bytes >= limitBytes / 2 || documents >= limitDocuments / 2, bytes > 0, documents > 0 else { return nil }
        secondsPerDocument = Self.average(secondsPerDocument, seconds / Double(documents))
        secondsPerByte = Self.average(secondsPerByte, seconds / Double(bytes))
        slowAnswers = seconds > settings.answerSeconds / 2 ? slowAnswers + 1 : 0
        resize(after: seconds)
        return pace(after: seconds)
    }

    /// No answer came in time: what was sent may have been stored, and the server may still be at it.
    package mutating func timedOut(bytes: Int, documents: Int) {
        hadSetback = true
        isTimeoutUntold = true
        limitBytes = max(min(limitBytes, bytes) / 2, settings.smallestBytes)
        limitDocuments = max(min(limitDocuments, documents) / 2, 1)
        timeoutSeconds = min(timeoutSeconds * 2, settings.longestTimeoutSeconds)
    }

    /// The server does not take requests of that size.
    package mutating func refused(bytes: Int) {
        hadSetback = true
        limitBytes = max(min(limitBytes, bytes) / 2, settings.smallestBytes)
        (refusedBytes, answersSinceRefusal) = (bytes, 0)
    }

    // MARK: - Parts

    private mutating func resize(after seconds: Double) {
        let isFast = seconds < settings.answerSeconds / 10
        let factor = hadSetback && !isFast ? 1.25 : 2
        let byRate = (
            bytes: settings.answerSeconds / max(secondsPerByte ?? 0, 1e-12),
            documents: settings.answerSeconds / max(secondsPerDocument ?? 0, 1e-9)
        )
        let largest = min(settings.largestBytes ?? .max, refusedBytes.map { $0 / 10 * 9 } ?? .max)
        limitBytes = Self.whole(min(Double(limitBytes) * factor, byRate.bytes), settings.smallestBytes)
        limitBytes = min(limitBytes, max(largest, settings.smallestBytes))
        limitDocuments = Self.whole(min(Double(limitDocuments) * factor + 1, byRate.documents), 1)
    }

    private mutating func pace(after seconds: Double) -> Pace? {
        guard slowAnswers > 0, let secondsPerDocument else {
            toldDocuments = nil
            return nil
        }
        guard slowAnswers >= Self.slowAnswersUntilTold || isTimeoutUntold else { return nil }
        isTimeoutUntold = false
        if let toldDocuments, limitDocuments >= toldDocuments / 4 { return nil }
        toldDocuments = limitDocuments
        return Pace(
            documentsPerSecond: 1 / max(secondsPerDocument, 1e-9), requestBytes: limitBytes,
            requestDocuments: limitDocuments)
    }

    private static func average(_ old: Double?, _ new: Double) -> Double { old.map { $0 * 0.7 + new * 0.3 } ?? new }

    private static func whole(_ value: Double, _ least: Int) -> Int { max(value < 1e12 ? Int(value) : 1 << 40, least) }
}
