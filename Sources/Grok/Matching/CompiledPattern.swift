import CPCRE2
import Synchronization

/// One compiled PCRE2 program with its JIT code. This file and `MatchScratch.swift` are the only ones that import PCRE2.
///
/// Related manual pages: pcre2api(3), pcre2jit(3), pcre2callout(3), pcre2pattern(3).
///
/// `@unchecked Sendable`: the code is written in `init` and once more by whoever asks for the first handle, under a lock and
/// before anybody has one; PCRE2 allows one compiled pattern to be used by several threads at once (pcre2api,
/// “Multithreading”). `@safe`: the handle is private and lives as long as the object.
@safe
final class CompiledPattern: @unchecked Sendable {
    private let code: OpaquePointer
    /// What became of the JIT code, which is made when it is needed first: it takes longer than all else, and many programs
    /// are never run.
    private enum Jitting: UInt8, AtomicRepresentable {
        case notTried, done
        /// The kernel forbids writable executable memory; the interpreter serves then.
        case refused
    }
    private let jitting = Atomic(Jitting.notTried)
    private let jittingLock = Mutex(())
    let captureCount: Int
    /// Bytes of the program without its JIT code.
    let size: Int

    /// Why a text did not compile.
    struct Failure: Error {
        let message: String
        /// Place in the PCRE2 text, in bytes.
        let textOffset: Int
    }

    /// Compiles a text that `PatternEmitter` wrote.
    /// - Parameter sliced: for `run(_:places:steps:_:)`. Its code asks at each place whether there may be another one, so
    ///   what searches whole texts is compiled without.
    init(_ text: [UInt8], unicode: Bool, sliced: Bool = false) throws(Failure) {
        var options = PCRE2_MULTILINE | PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP
        if sliced { options |= PCRE2_USE_OFFSET_LIMIT }
        options |= unicode ? PCRE2_UTF | PCRE2_NO_UTF_CHECK : PCRE2_NEVER_UTF
        var error: Int32 = 0
        var offset = 0
        // Both contexts are freed before the initializer ends; the text is copied by PCRE2.
        guard let context = unsafe pcre2_compile_context_create_8(nil) else { preconditionFailure("out of memory") }
        defer { unsafe pcre2_compile_context_free_8(context) }
        unsafe pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
        unsafe pcre2_set_bsr_8(context, UInt32(PCRE2_BSR_UNICODE))
        unsafe pcre2_set_parens_nest_limit_8(context, 1_000)
        let compiled = unsafe text.withUnsafeBufferPointer { buffer in
            unsafe withUnsafePointer(to: UInt8(0)) { empty in
                unsafe pcre2_compile_8(buffer.baseAddress ?? empty, buffer.count, options, &error, &offset, context)
            }
        }
        guard let compiled = unsafe compiled else {
            throw Failure(message: Self.message(error), textOffset: offset)
        }
        unsafe code = compiled
        var captures: UInt32 = 0
        // PCRE2_INFO_CAPTURECOUNT writes one uint32_t.
        unsafe pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &captures)
        captureCount = Int(captures)
        var size = 0
        // PCRE2_INFO_SIZE writes one size_t.
        unsafe pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_SIZE), &size)
        self.size = size
    }

    deinit { unsafe pcre2_code_free_8(code) }

    private static func message(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = unsafe buffer.withUnsafeMutableBufferPointer {
            unsafe pcre2_get_error_message_8(code, $0.baseAddress, $0.count)
        }
        return String(decoding: buffer.prefix(max(0, Int(length))), as: UTF8.self)
    }

    /// What a run needs, without a reference count: valid as long as the pattern that gave it.
    @safe struct Handle {
        fileprivate let code: OpaquePointer
        fileprivate let hasJIT: Bool

        /// Searches the whole subject. It must be ASCII, or valid UTF-8 for a Unicode program: PCRE2 does not check.
        @inline(__always)
        func run(
            _ subject: UnsafeRawBufferPointer, from start: Int = 0, _ scratch: MatchScratch, _ pace: MatchPace
        ) -> SearchResult {
            let context = unsafe scratch.context(pace)
            return unsafe run(subject, from: start, scratch, context)
        }

        /// Searches for a match that begins at one of some places; only of a program that was compiled for it. The subject
        /// is seen as a whole: what stands before `first` counts for look-behinds and anchors.
        ///
        /// - Parameter places: offsets where a match may begin; in a Unicode program `first` is that of a character.
        /// - Parameter steps: how many steps there are for each place.
        func run(
            _ subject: UnsafeRawBufferPointer, places: ClosedRange<Int>, steps: Int, _ scratch: MatchScratch
        ) -> SearchResult {
            let context = unsafe scratch.sliceContext(through: places.upperBound, steps: steps)
            return unsafe run(subject, from: places.lowerBound, scratch, context)
        }

        /// Searches from a place to the end, looking at the clock. For watched programs, which have callouts.
        func runWatched(
            _ subject: UnsafeRawBufferPointer, from start: Int, _ scratch: MatchScratch
        ) -> SearchResult {
            let context = unsafe scratch.watchedContext(subjectBytes: subject.count)
            let result = unsafe run(subject, from: start, scratch, context)
            guard result.code == PCRE2_ERROR_JIT_STACKLIMIT else { return result }
            // A group that goes round for each byte of a long line: what it needs is given back at once.
            return unsafe scratch.withLargeStack(context) { unsafe run(subject, from: start, scratch, context) }
        }

        @inline(__always)
        private func run(
            _ subject: UnsafeRawBufferPointer, from start: Int, _ scratch: MatchScratch, _ context: OpaquePointer
        ) -> SearchResult {
            let count = subject.count
            let base: UnsafePointer<UInt8>
            if let address = subject.baseAddress {
                unsafe base = address.assumingMemoryBound(to: UInt8.self)
            } else {
                unsafe base = UnsafePointer(scratch.emptySubject)
            }
            if hasJIT {
                return SearchResult(
                    code: unsafe pcre2_jit_match_8(code, base, count, start, 0, scratch.data, context))
            }
            return SearchResult(
                code: unsafe pcre2_match_8(code, base, count, start, PCRE2_NO_UTF_CHECK, scratch.data, context))
        }
    }

    /// Ready to run, with JIT code from the first time on.
    @inline(__always)
    var handle: Handle {
        var state = jitting.load(ordering: .acquiring)
        if state == .notTried { state = makeJIT() }
        return unsafe Handle(code: code, hasJIT: state == .done)
    }

    @inline(never)
    private func makeJIT() -> Jitting {
        jittingLock.withLock { _ in
            let known = jitting.load(ordering: .acquiring)
            guard known == .notTried else { return known }
            let made: Jitting = unsafe pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE) == 0 ? .done : .refused
            jitting.store(made, ordering: .releasing)
            return made
        }
    }

    /// The ASCII characters that have a Unicode property, or nil when PCRE2 does not know the name.
    static func asciiMembers(ofProperty name: String) -> ScalarSet? {
        if let known = knownProperties.withLock({ $0[name] }) { return known }
        guard let pattern = try? CompiledPattern(Array("\\p{\(name)}".utf8), unicode: true) else { return nil }
        let scratch = MatchScratch()
        var ranges: [ClosedRange<UInt32>] = []
        for scalar in UInt8(0)...0x7F {
            let matched = unsafe withUnsafeBytes(of: scalar) {
                unsafe pattern.handle.run($0, scratch, .patient).outcome == .matched
            }
            if matched { ranges.append(UInt32(scalar)...UInt32(scalar)) }
        }
        let members = ScalarSet(ranges)
        knownProperties.withLock { $0[name] = members }
        return members
    }

    /// Few names are ever asked for, and only while compiling; bounded by the properties PCRE2 has.
    private static let knownProperties = Mutex<[String: ScalarSet]>([:])
}

/// What PCRE2 answered.
struct SearchResult {
    let code: Int32

    @inline(__always)
    var outcome: MatchOutcome {
        if code > 0 { return .matched }
        if code == PCRE2_ERROR_NOMATCH { return .noMatch }
        return .gaveUp(reason)
    }

    private var reason: GaveUpReason {
        switch code {
        case PCRE2_ERROR_MATCHLIMIT: .matchLimit
        case PCRE2_ERROR_DEPTHLIMIT: .depthLimit
        case PCRE2_ERROR_HEAPLIMIT: .heapLimit
        case PCRE2_ERROR_JIT_STACKLIMIT: .stackLimit
        case PCRE2_ERROR_CALLOUT: .timeout
        default: .engine
        }
    }
}
