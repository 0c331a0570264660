internal import EventLoop

/// Which heartbeats are answered (`lib/fluent/plugin/in_forward.rb` answers each datagram with one zero byte). Pure.
///
/// An answer looks like a question, and a sender's address is easily forged: whoever answers everything can be made to
/// talk to itself, or to another one, for ever. So each sender gets one answer in half a second, which ends any
/// conversation whose turns are shorter and takes nothing from a client, whose heartbeats are a second apart.
struct HeartbeatAnswers {
    /// What Fluentd reads of a datagram; a heartbeat is one byte.
    static let maximumBytes = 128
    static let millisecondsPerAnswer: UInt64 = 500
    /// Senders remembered, and so answers in that time.
    static let maximumSenders = 1024

    /// Ports that are not answered: our own, 0, and those of services, from which no client sends.
    private let ownPort: UInt16
    private static let lowestClientPort: UInt16 = 1024
    /// When each was answered last.
    private var answered: [SocketAddress: UInt64] = [:]

    init(ownPort: UInt16) { self.ownPort = ownPort }

    /// Whether to answer a datagram, at a time of a clock that does not go back.
    mutating func admit(_ sender: SocketAddress, bytes: Int, atMilliseconds now: UInt64) -> Bool {
        // Another daemon that listens on the same number is the most likely one to answer back.
        guard bytes <= Self.maximumBytes, sender.port != ownPort, sender.port >= Self.lowestClientPort else {
            return false
        }
        if let last = answered[sender], now - last < Self.millisecondsPerAnswer { return false }
        if answered.count >= Self.maximumSenders {
            answered = answered.filter { now - $0.value < Self.millisecondsPerAnswer }
            guard answered.count < Self.maximumSenders else { return false }
        }
        answered[sender] = now
        return true
    }
}
