/// Which client of a loop may finish its message while the source has more in memory than it may. Pure.
///
/// The one that asked first goes on until its message is done. Who holds others up has to make progress: one that sends
/// less than `leastProgressBytes` within `patienceMilliseconds` is given up, and the next one goes on.
struct IntakeQueue<Client: Hashable> {
    static var patienceMilliseconds: UInt64 { 10_000 }
    static var leastProgressBytes: Int { 1 << 20 }

    /// Goes on.
    private(set) var favoured: Client?
    private var since: UInt64 = 0
    private var bytesSince = 0
    /// In the order in which they asked; those that have left are skipped.
    private var line: [Client] = []
    private var head = 0
    private var waiting: Set<Client> = []

    var isEmpty: Bool { favoured == nil && waiting.isEmpty }

    /// A client has more than it may. Answers whether it goes on all the same.
    mutating func ask(_ client: Client, atMilliseconds now: UInt64) -> Bool {
        if favoured == nil { favour(client, now) }
        if favoured == client { return true }
        if waiting.insert(client).inserted { line.append(client) }
        return false
    }

    /// The favoured client has sent bytes.
    mutating func received(_ bytes: Int, from client: Client) {
        if favoured == client { bytesSince += bytes }
    }

    /// A client is done with its message, or has left. Answers who goes on in its place.
    mutating func done(_ client: Client, atMilliseconds now: UInt64) -> Client? {
        if favoured != client {
            waiting.remove(client)
            return nil
        }
        favoured = nil
        while head < line.count {
            let next = line[head]
            head += 1
            guard waiting.remove(next) != nil else { continue }
            favour(next, now)
            compact()
            return next
        }
        line.removeAll()
        head = 0
        return nil
    }

    /// Whom the others have waited for in vain; nil: nobody.
    mutating func overdue(atMilliseconds now: UInt64) -> Client? {
        guard let favoured, !waiting.isEmpty, now >= since + Self.patienceMilliseconds else { return nil }
        if bytesSince < Self.leastProgressBytes { return favoured }
        (since, bytesSince) = (now, 0)
        return nil
    }

    /// There is room for all. Answers who waited.
    mutating func release() -> [Client] {
        defer { self = IntakeQueue() }
        return line[head...].filter(waiting.contains)
    }

    private mutating func favour(_ client: Client, _ now: UInt64) {
        favoured = client
        waiting.remove(client)
        (since, bytesSince) = (now, 0)
    }

    private mutating func compact() {
        guard head > 64, head * 2 > line.count else { return }
        line.removeFirst(head)
        head = 0
    }
}
