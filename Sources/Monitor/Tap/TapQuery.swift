package import HTTPServer

/// Which events somebody wants to see as they pass.
package struct TapQuery: Hashable, Sendable {
    /// As in `<match>`.
    package var tag = "**"
    /// Stands in the event as it came or as a stage has made it, as JSON; empty: any.
    package var text = ""
    /// The stage that it must have come to; empty: any.
    package var stage = ""
    /// Events a second that are shown, at most; of more a sample.
    package var perSecond = standardPerSecond

    package static let standardPerSecond = 10
    package static let mostPerSecond = 100

    package init() {}

    /// `tag=app.**&text=error&after=filter:12&rate=10`.
    package init(_ target: HTTPTarget) throws(TapRefusal) {
        if let tag = target.value("tag"), !tag.isEmpty { self.tag = tag }
        text = target.value("text") ?? ""
        stage = target.value("after") ?? ""
        guard let rate = target.value("rate") else { return }
        guard let number = Int(rate), (1...Self.mostPerSecond).contains(number) else {
            throw TapRefusal("rate: a number of events a second from 1 to \(Self.mostPerSecond)")
        }
        perSecond = number
    }
}

/// Why no watch begins, in a sentence.
package struct TapRefusal: Error, Equatable {
    package let sentence: String

    package init(_ sentence: String) { self.sentence = sentence }
}
