internal import Glibc

/// A compiled zone from the system's database. Source: RFC 8536 (TZif), versions 1 to 4.
final class ZoneFile: Sendable {
    struct LocalType: Sendable, Equatable {
        var offset: Int32
        var isDaylight: Bool
        var abbreviation: [UInt8]
    }

    /// Files are a few kilobytes; more is no zone.
    static let maximumFileBytes = 1 << 20

    /// Moments at which the local type changes, rising, and the type from then on.
    let transitions: [Int64]
    let transitionTypes: [UInt8]
    let types: [LocalType]
    /// What applies after the last transition.
    let footer: PosixZoneRule?

    /// Reads `/usr/share/zoneinfo/NAME` (or under `TZDIR`). nil when there is no such zone.
    convenience init?(name: String) {
        let directory = unsafe getenv("TZDIR").map { unsafe String(cString: $0) } ?? "/usr/share/zoneinfo"
        guard let bytes = Self.read(directory + "/" + name) else { return nil }
        self.init(bytes)
    }

    /// nil when the bytes are no valid TZif.
    init?(_ bytes: [UInt8]) {
        guard var header = Header(bytes, at: 0) else { return nil }
        var start = Header.length
        var timeSize = 4
        if header.version >= UInt8(ascii: "2") {
            start += header.bodyLength(timeSize: 4)
            guard let second = Header(bytes, at: start) else { return nil }
            header = second
            start += Header.length
            timeSize = 8
        }
        let end = start + header.bodyLength(timeSize: timeSize)
        guard end <= bytes.count, header.typeCount > 0 else { return nil }
        var transitions: [Int64] = []
        for index in 0..<header.timeCount {
            let raw = Self.bigEndian(bytes, start + index * timeSize, timeSize)
            let time = timeSize == 8 ? raw : Int64(Int32(truncatingIfNeeded: raw))
            if let last = transitions.last, time <= last { return nil }
            transitions.append(time)
        }
        let indexes = start + header.timeCount * timeSize
        transitionTypes = Array(bytes[indexes..<(indexes + header.timeCount)])
        guard transitionTypes.allSatisfy({ Int($0) < header.typeCount }) else { return nil }
        let records = indexes + header.timeCount
        let names = records + header.typeCount * 6
        var types: [LocalType] = []
        for index in 0..<header.typeCount {
            let record = records + index * 6
            let offset = Int32(truncatingIfNeeded: Self.bigEndian(bytes, record, 4))
            guard abs(Int(offset)) < 26 * 3600, Int(bytes[record + 5]) < header.nameBytes else { return nil }
            let name = bytes[(names + Int(bytes[record + 5]))..<(names + header.nameBytes)].prefix { $0 != 0 }
            types.append(LocalType(offset: offset, isDaylight: bytes[record + 4] != 0, abbreviation: Array(name)))
        }
        self.transitions = transitions
        self.types = types
        if timeSize == 8, end < bytes.count, bytes[end] == 0x0A,
            let close = bytes[(end + 1)...].firstIndex(of: 0x0A)
        {
            footer = PosixZoneRule(Array(bytes[(end + 1)..<close]))
        } else {
            footer = nil
        }
    }

    /// Seconds ahead of UTC at a moment.
    func offset(at seconds: Int64) -> Int { Int(type(at: seconds).offset) }

    func type(at seconds: Int64) -> LocalType {
        guard let last = transitions.last, seconds < last || footer == nil else {
            if let footer { return footer.type(at: seconds) }
            return types[0]
        }
        guard seconds >= transitions[0] else { return types[0] }
        var low = 0
        var high = transitions.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle } else { high = middle }
        }
        return types[Int(transitionTypes[low])]
    }

    // MARK: - Bytes

    private struct Header {
        static let length = 44
        var version: UInt8
        var utcIndicators: Int
        var standardIndicators: Int
        var leapCount: Int
        var timeCount: Int
        var typeCount: Int
        var nameBytes: Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard start + Self.length <= bytes.count, bytes[start..<(start + 4)].elementsEqual("TZif".utf8) else {
                return nil
            }
            version = bytes[start + 4]
            let counts = (0..<6).map { Int(ZoneFile.bigEndian(bytes, start + 20 + $0 * 4, 4)) }
            guard counts.allSatisfy({ $0 <= ZoneFile.maximumFileBytes }) else { return nil }
            (utcIndicators, standardIndicators, leapCount) = (counts[0], counts[1], counts[2])
            (timeCount, typeCount, nameBytes) = (counts[3], counts[4], counts[5])
        }

        func bodyLength(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + nameBytes + leapCount * (timeSize + 4) + standardIndicators
                + utcIndicators
        }
    }

    private static func bigEndian(_ bytes: [UInt8], _ start: Int, _ size: Int) -> Int64 {
        var value: UInt64 = 0
        for index in start..<(start + size) { value = value << 8 | UInt64(bytes[index]) }
        return Int64(bitPattern: value)
    }

    static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumFileBytes)
        var length = 0
        while length < bytes.count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress! + length, buffer.count - length)
            }
            if got < 0 { return nil }
            if got == 0 { return Array(bytes[0..<length]) }
            length += got
        }
        return nil
    }
}
