internal import CMaxMindDB
package import Events
internal import Glibc

/// The functions of libmaxminddb that read a database of addresses (libmaxminddb(3)), found when one is first opened: the
/// library is no part of the program, and who looks up no address needs none.
///
/// Safety: pointers to functions of a library that stays loaded for good.
@safe
package struct LibMaxMindDB: @unchecked Sendable {
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    fileprivate let open: sluice_mmdb_open
    fileprivate let close: sluice_mmdb_close
    fileprivate let lookUp: sluice_mmdb_lookup_sockaddr
    fileprivate let getValue: sluice_mmdb_aget_value
    fileprivate let text: sluice_mmdb_strerror

    /// - Parameter name: of the file, as dlopen(3) looks for it.
    package init(_ name: String = "libmaxminddb.so.0") throws(Failure) {
        guard let library = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            throw Failure(
                description:
                    "geoip databases are read with \(name), which is not here (apt-get install libmaxminddb0)")
        }
        // Each symbol has the type that libmaxminddb(3) gives its function.
        unsafe open = try Self.find("MMDB_open", library)
        unsafe close = try Self.find("MMDB_close", library)
        unsafe lookUp = try Self.find("MMDB_lookup_sockaddr", library)
        unsafe getValue = try Self.find("MMDB_aget_value", library)
        unsafe text = try Self.find("MMDB_strerror", library)
    }

    @unsafe private static func find<Function>(
        _ name: String, _ library: UnsafeMutableRawPointer
    ) throws(Failure) -> Function {
        guard let found = unsafe dlsym(library, name) else {
            throw Failure(description: "libmaxminddb has no function '\(name)'")
        }
        return unsafe unsafeBitCast(found, to: Function.self)
    }

    /// The descriptor of a new file in memory that has no name; negative: there is none, errno says why.
    static func makeMemoryFile() -> Int32 {
        let closeOnExec: UInt32 = 1  // MFD_CLOEXEC
        return unsafe memfd_create("geoip", closeOnExec)
    }

    /// What went wrong, in the library's words.
    fileprivate func failure(_ status: Int32) -> Failure {
        // A static text of the library, copied at once.
        Failure(description: unsafe text(status).map { unsafe String(cString: $0) } ?? "error \(status)")
    }
}

/// The way to a value within what a database knows of an address: `city`, `names`, `en`; a number is the place in an array.
///
/// Safety: the C strings are this object's alone and never change; they live as long as it does.
@safe
package final class GeoIPPath: @unchecked Sendable {
    package let steps: [String]
    fileprivate let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>

    package init(_ steps: [String]) {
        self.steps = steps
        unsafe pointers = .allocate(capacity: steps.count + 1)
        for (index, step) in steps.enumerated() {
            unsafe (pointers + index).initialize(to: UnsafePointer(strdup(step)))
        }
        unsafe (pointers + steps.count).initialize(to: nil)
    }

    deinit {
        for index in steps.indices { unsafe free(UnsafeMutablePointer(mutating: pointers[index])) }
        unsafe pointers.deallocate()
    }
}

/// An open database in MaxMind's format (MaxMind DB File Format Specification 2.0): a copy of its file, mapped into memory.
///
/// Safety: nobody changes the copy; the library only reads what it has mapped, and its reading functions may be called from any thread at once
/// (libmaxminddb(3), "THREADS"); the map is this object's alone, open from `init` to `deinit`.
@safe
package final class GeoIPDatabase: @unchecked Sendable {
    /// What it knows of an address: a place in its data, good for as long as it is open.
    package struct Entry {
        fileprivate var offset: UInt32
    }

    /// Texts that are longer are taken for nothing; a name has some dozens.
    package static let maximumTextBytes = 4 << 10
    /// Of a map or an array that is asked for as a whole: values in it, and levels of it. GeoIP2's largest have about 60 in 3.
    package static let maximumValues = 1024
    package static let maximumDepth = 16

    private let library: LibMaxMindDB
    private let handle: UnsafeMutablePointer<sluice_mmdb>
    private let noPath = GeoIPPath([])

    package init(_ path: String, _ library: LibMaxMindDB) throws(LibMaxMindDB.Failure) {
        let copy = try MemoryCopy(of: path)
        let handle = UnsafeMutablePointer<sluice_mmdb>.allocate(capacity: 1)
        unsafe handle.initialize(to: sluice_mmdb())
        let mapped: UInt32 = 1  // MMDB_MODE_MMAP
        let status = unsafe library.open(copy.path, mapped, handle)
        guard status == 0 else {
            unsafe handle.deallocate()
            throw library.failure(status)
        }
        self.library = library
        unsafe self.handle = handle
    }

    deinit {
        unsafe library.close(handle)
        unsafe handle.deallocate()
    }

    /// nil: it knows nothing of the address. Throws where the file is broken.
    package func entry(of address: GeoIPAddress) throws(LibMaxMindDB.Failure) -> Entry? {
        var error: Int32 = 0
        var result = unsafe sluice_mmdb_result()
        if let number = address.version4 {
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_addr.s_addr = number.bigEndian
            unsafe withUnsafePointer(to: &place) { place in
                unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                    unsafe result = library.lookUp(handle, place, &error)
                }
            }
        } else {
            var place = sockaddr_in6()
            place.sin6_family = sa_family_t(AF_INET6)
            unsafe withUnsafeMutableBytes(of: &place.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: address.high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            unsafe withUnsafePointer(to: &place) { place in
                unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                    unsafe result = library.lookUp(handle, place, &error)
                }
            }
        }
        let isIPv4Only = error == 11  // MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR
        guard error == 0 || isIPv4Only else { throw library.failure(error) }
        return unsafe error == 0 && result.found_entry ? Entry(offset: result.entry.offset) : nil
    }

    /// The value at a path, with what it has of text in `storage`; null: there is none. A map or an array is JSON. Throws
    /// where the file is broken.
    package func value(
        at path: GeoIPPath, of entry: Entry, _ storage: inout ByteBuffer
    ) throws(LibMaxMindDB.Failure) -> Value {
        var start = unsafe sluice_mmdb_entry(mmdb: handle, offset: entry.offset)
        var data = unsafe sluice_mmdb_data()
        let status = unsafe library.getValue(&start, &data, path.pointers)
        switch status {
        case 0: break
        case 8, 9: return .null  // MMDB_INVALID_LOOKUP_PATH_ERROR, MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR
        default: throw library.failure(status)
        }
        guard unsafe data.has_data else { return .null }
        guard let kind = unsafe Kind(rawValue: data.type), kind == .map || kind == .array else {
            return unsafe plainValue(data, &storage)
        }
        let offset = storage.count
        var budget = Self.maximumValues
        guard unsafe try appendJSON(data, kind, &storage, depth: 1, &budget) != nil else {
            storage.truncate(to: offset)
            return .null
        }
        return Value(.json, Slice(offset: offset, length: storage.count - offset))
    }

    // MARK: - Values

    /// MMDB_DATA_TYPE_…, those that are values.
    private enum Kind: UInt32 {
        case text = 2
        case double, bytes, uint16, uint32, map, int32, uint64, uint128, array
        case bool = 14
        case float
    }

    @unsafe private func plainValue(_ data: sluice_mmdb_data, _ storage: inout ByteBuffer) -> Value {
        switch unsafe Kind(rawValue: data.type) {
        case .text:
            let length = unsafe Int(data.data_size)
            guard length <= Self.maximumTextBytes, let start = unsafe data.utf8_string else { return .null }
            let text = Slice(offset: storage.count, length: length)
            // The library has checked that the text lies in the map.
            unsafe storage.append(copying: UnsafeRawBufferPointer(start: start, count: length))
            return .string(storage.kind(of: text) == .invalid ? storage.appendRepaired(text) : text)
        case .double: return unsafe data.double_value.isFinite ? .double(data.double_value) : .null
        case .float: return unsafe data.float_value.isFinite ? .double(Double(data.float_value)) : .null
        case .uint16: return unsafe .int(Int64(data.uint16))
        case .uint32: return unsafe .int(Int64(data.uint32))
        case .int32: return unsafe .int(Int64(data.int32))
        case .uint64: return unsafe .uint(data.uint64)
        case .uint128:
            let (low, high) = unsafe data.uint128
            return high == 0 ? .uint(low) : .double(Double(high) * 0x1p64 + Double(low))
        case .bool: return unsafe .bool(data.boolean)
        // Bytes are no text, and MaxMind has none in its databases.
        case .bytes, .map, .array, nil: return .null
        }
    }

    /// A map or an array as JSON. A broken file may point from a map to one around it, so there are limits.
    /// - Returns: where it ends; nil: it is beyond the limits.
    @unsafe private func appendJSON(
        _ data: sluice_mmdb_data, _ kind: Kind, _ json: inout ByteBuffer, depth: Int, _ budget: inout Int
    ) throws(LibMaxMindDB.Failure) -> UInt32? {
        guard depth <= Self.maximumDepth, unsafe data.data_size <= budget else { return nil }
        let isMap = kind == .map
        var offset = unsafe data.offset_to_next
        json.append(UInt8(ascii: isMap ? "{" : "["))
        for number in unsafe 0..<data.data_size {
            budget -= 1
            guard budget >= 0 else { return nil }
            if number > 0 { json.append(UInt8(ascii: ",")) }
            if isMap {
                guard let next = try appendItem(at: offset, &json, isKey: true, depth: depth, &budget) else {
                    return nil
                }
                json.append(UInt8(ascii: ":"))
                offset = next
            }
            guard let next = try appendItem(at: offset, &json, isKey: false, depth: depth, &budget) else { return nil }
            offset = next
        }
        json.append(UInt8(ascii: isMap ? "}" : "]"))
        return offset
    }

    /// What begins at an offset of the data. Returns where the next one does; nil: it is beyond the limits, or no key.
    private func appendItem(
        at offset: UInt32, _ json: inout ByteBuffer, isKey: Bool, depth: Int, _ budget: inout Int
    ) throws(LibMaxMindDB.Failure) -> UInt32? {
        guard unsafe offset < handle.pointee.data_section_size else { return nil }
        // Behind a pointer the next item stands, not behind what it points to. The two upper bits of the five that a pointer has
        // say how many bytes follow (specification, "Data Field Format").
        let control = unsafe handle.pointee.data_section[Int(offset)]
        let behindPointer = control >> 5 == 1 ? offset &+ 2 &+ UInt32((control >> 3) & 3) : nil
        var start = unsafe sluice_mmdb_entry(mmdb: handle, offset: offset)
        var data = unsafe sluice_mmdb_data()
        let status = unsafe library.getValue(&start, &data, noPath.pointers)
        guard status == 0 else { throw library.failure(status) }
        let kind = unsafe Kind(rawValue: data.type)
        if isKey, kind != .text { return nil }
        if let kind, kind == .map || kind == .array {
            guard let end = unsafe try appendJSON(data, kind, &json, depth: depth + 1, &budget) else { return nil }
            return behindPointer ?? end
        }
        var text = ByteBuffer(capacity: 64)
        json.appendJSON(unsafe plainValue(data, &text), text)
        return unsafe behindPointer ?? data.offset_to_next
    }
}
