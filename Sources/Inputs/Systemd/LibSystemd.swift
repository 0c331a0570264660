internal import Glibc

/// The functions of libsystemd that read journals (sd-journal(3)), found when a journal is first opened: the library is no
/// part of the program, and who reads no journal needs none.
///
/// Safety: pointers to functions of a library that stays loaded for good.
@safe
package struct LibSystemd: @unchecked Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    typealias Handle = OpaquePointer
    typealias OfHandle = @convention(c) (Handle) -> Int32
    typealias OfText = @convention(c) (Handle, UnsafePointer<CChar>) -> Int32

    let openDirectory: @convention(c) (UnsafeMutablePointer<Handle?>, UnsafePointer<CChar>, Int32) -> Int32
    let close: @convention(c) (Handle) -> Void
    let setDataThreshold: @convention(c) (Handle, Int) -> Int32
    let addMatch: @convention(c) (Handle, UnsafeRawPointer, Int) -> Int32
    let addDisjunction: OfHandle
    let seekHead: OfHandle
    let seekTail: OfHandle
    let seekCursor: OfText
    let testCursor: OfText
    let next: OfHandle
    let previous: OfHandle
    let getCursor: @convention(c) (Handle, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32
    let getTime: @convention(c) (Handle, UnsafeMutablePointer<UInt64>) -> Int32
    let restartData: @convention(c) (Handle) -> Void
    let enumerateData:
        @convention(c) (Handle, UnsafeMutablePointer<UnsafeRawPointer?>, UnsafeMutablePointer<Int>) -> Int32
    let getDescriptor: OfHandle
    let process: OfHandle

    /// - Parameter name: of the file, as dlopen(3) looks for it.
    package init(_ name: String = "libsystemd.so.0") throws(Failure) {
        guard let library = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            throw Failure(
                description:
                    "journals are read with \(name) of systemd, which is not here (apt-get install libsystemd0)")
        }
        // Each symbol has the type that sd-journal(3) gives its function; size_t is Int.
        unsafe openDirectory = try Self.find("sd_journal_open_directory", library)
        unsafe close = try Self.find("sd_journal_close", library)
        unsafe setDataThreshold = try Self.find("sd_journal_set_data_threshold", library)
        unsafe addMatch = try Self.find("sd_journal_add_match", library)
        unsafe addDisjunction = try Self.find("sd_journal_add_disjunction", library)
        unsafe seekHead = try Self.find("sd_journal_seek_head", library)
        unsafe seekTail = try Self.find("sd_journal_seek_tail", library)
        unsafe seekCursor = try Self.find("sd_journal_seek_cursor", library)
        unsafe testCursor = try Self.find("sd_journal_test_cursor", library)
        unsafe next = try Self.find("sd_journal_next", library)
        unsafe previous = try Self.find("sd_journal_previous", library)
        unsafe getCursor = try Self.find("sd_journal_get_cursor", library)
        unsafe getTime = try Self.find("sd_journal_get_realtime_usec", library)
        unsafe restartData = try Self.find("sd_journal_restart_data", library)
        unsafe enumerateData = try Self.find("sd_journal_enumerate_data", library)
        unsafe getDescriptor = try Self.find("sd_journal_get_fd", library)
        unsafe process = try Self.find("sd_journal_process", library)
    }

    @unsafe private static func find<Function>(
        _ name: String, _ library: UnsafeMutableRawPointer
    ) throws(Failure) -> Function {
        guard let found = unsafe dlsym(library, name) else {
            throw Failure(description: "libsystemd has no function '\(name)': it is older than systemd 209")
        }
        return unsafe unsafeBitCast(found, to: Function.self)
    }
}
