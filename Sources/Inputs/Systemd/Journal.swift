internal import Events
internal import Glibc

/// A journal that is read forwards, with all its files: those that are rotated away, and new ones (sd-journal(3)).
///
/// Used by one thread, as libsystemd wants it.
///
/// Safety: the handle is this object's alone, open from `init` to `deinit`; what libsystemd points to is copied before the
/// next call.
@safe
final class Journal {
    struct Failure: Error, CustomStringConvertible {
        let description: String
        let code: Int32

        init(_ what: String, _ status: Int32) {
            code = -status
            // A static text of the C library, copied at once.
            description = "cannot \(what): \(unsafe String(cString: strerror(-status)))"
        }
    }

    /// How a position was found again.
    enum Place { case exact, gone }

    /// A field that is longer, such as a core dump, is left out.
    static let fieldBytes = 16 << 20

    private let library: LibSystemd
    private let handle: LibSystemd.Handle
    /// Fields that were left out since it was asked for last.
    private(set) var longFields = 0

    init(
        _ folder: String, _ library: LibSystemd, matches: [[(field: String, value: String)]]
    ) throws(Failure) {
        var opened: LibSystemd.Handle?
        let status = unsafe library.openDirectory(&opened, folder, 0)
        guard status >= 0, let handle = unsafe opened else { throw Failure("open the journal in \(folder)", status) }
        self.library = library
        unsafe self.handle = handle
        _ = unsafe library.setDataThreshold(handle, Self.fieldBytes)
        for (number, match) in matches.enumerated() {
            if number > 0 { try check("match entries", unsafe library.addDisjunction(handle)) }
            for (field, value) in match {
                let text = Array("\(field.uppercased())=\(value)".utf8)
                let added = unsafe text.withUnsafeBytes { bytes in
                    // The array is not empty; its bytes are copied by the call.
                    unsafe bytes.baseAddress.map { unsafe library.addMatch(handle, $0, bytes.count) } ?? -EINVAL
                }
                try check("match '\(field)'", added)
            }
        }
    }

    deinit { unsafe library.close(handle) }

    private func check(_ what: String, _ status: Int32) throws(Failure) {
        if status < 0 { throw Failure(what, status) }
    }

    // MARK: - Places

    /// The next entry is the first.
    func seekHead() throws(Failure) { try check("go to the journal's beginning", unsafe library.seekHead(handle)) }

    /// The next entry is the first that is written from now on. Answers the cursor of the last one; nil: there is none.
    func seekTail() throws(Failure) -> String? {
        try check("go to the journal's end", unsafe library.seekTail(handle))
        let found = unsafe library.previous(handle)
        try check("go to the journal's last entry", found)
        if found > 0 { return try cursor() }
        // Nothing can follow an end that is none.
        try seekHead()
        return nil
    }

    /// The next entry is the first behind that of a cursor.
    ///
    /// Where that has been deleted, it is the first that is later. Throws `EINVAL` for what is no cursor.
    func seek(behind cursor: String) throws(Failure) -> Place {
        try check("go to '\(cursor)'", unsafe library.seekCursor(handle, cursor))
        guard try next() else { return .exact }
        if unsafe library.testCursor(handle, cursor) > 0 { return .exact }
        // It is one that is still to be read: back in front of it.
        if unsafe library.previous(handle) <= 0 { try seekHead() }
        return .gone
    }

    /// Moves to the next entry; false: there is none yet.
    func next() throws(Failure) -> Bool {
        let moved = unsafe library.next(handle)
        try check("read the next entry", moved)
        return moved > 0
    }

    // MARK: - The entry it is at

    func cursor() throws(Failure) -> String {
        var text: UnsafeMutablePointer<CChar>?
        try check("tell the entry's place", unsafe library.getCursor(handle, &text))
        guard let text = unsafe text else { return "" }
        // The text is ours to free.
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    func time() throws(Failure) -> EventTime {
        var microseconds: UInt64 = 0
        try check("tell the entry's time", unsafe library.getTime(handle, &microseconds))
        return EventTime(
            seconds: Int64(microseconds / 1_000_000), nanoseconds: UInt32(microseconds % 1_000_000) * 1000)
    }

    /// Appends the entry's fields, each `NAME=value`, and says where they are.
    func fields(into storage: inout ByteBuffer) throws(Failure) -> [(key: Slice, value: Slice)] {
        var found: [(key: Slice, value: Slice)] = []
        unsafe library.restartData(handle)
        while true {
            var data: UnsafeRawPointer?
            var length = 0
            let status = unsafe library.enumerateData(handle, &data, &length)
            // A field that this library cannot unpack is passed over.
            if status == -EBADMSG || status == -EPROTONOSUPPORT || status == -E2BIG { continue }
            try check("read an entry's fields", status)
            guard status > 0, let data = unsafe data else { return found }
            guard length <= Self.fieldBytes else {
                longFields += 1
                continue
            }
            let start = storage.count
            // Valid until the next call for this journal.
            unsafe storage.append(copying: UnsafeRawBufferPointer(start: data, count: length))
            guard let equals = (start..<storage.count).first(where: { storage[$0] == UInt8(ascii: "=") }) else {
                continue
            }
            found.append(
                (
                    Slice(offset: start, length: equals - start),
                    Slice(offset: equals + 1, length: storage.count - equals - 1)
                ))
        }
    }

    func takeLongFields() -> Int {
        defer { longFields = 0 }
        return longFields
    }

    // MARK: - What comes

    /// Takes note of what has changed: files that came or went.
    func noteChanges() { _ = unsafe library.process(handle) }

    /// Can be read from when something has changed, until `noteChanges`; the caller's to close. nil: it cannot be watched.
    func watched() -> Int32? {
        let descriptor = unsafe library.getDescriptor(handle)
        guard descriptor >= 0 else { return nil }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return copy >= 0 ? copy : nil
    }
}
