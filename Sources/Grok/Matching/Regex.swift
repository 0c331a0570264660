import CPCRE2
import Synchronization

/// PCRE2 behind glass: the only file that imports it.
///
/// Related manual pages: pcre2api(3), pcre2jit(3), pcre2pattern(3).

/// One compiled PCRE2 program with its JIT code.
///
/// `@unchecked Sendable`: the code is never written after `init`, and PCRE2 allows one compiled pattern to be used by
/// several threads at once (pcre2api, “Multithreading”). `@safe`: the handle is private and lives as long as the object.
@safe
final class CompiledPattern: @unchecked Sendable {
    private let code: OpaquePointer
    /// False where the kernel forbids writable executable memory; the interpreter serves then.
    private let hasJIT: Bool
    let captureCount: Int

    /// Why a text did not compile.
    struct Failure: Error {
        let message: String
        /// Place in the PCRE2 text, in bytes.
        let textOffset: Int
    }

    /// Compiles a text that `PatternEmitter` wrote.
    init(_ text: [UInt8], unicode: Bool) throws(Failure) {
        var options = PCRE2_MULTILINE | PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP
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
        unsafe hasJIT = pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE) == 0
        var captures: UInt32 = 0
        // PCRE2_INFO_CAPTURECOUNT writes one uint32_t.
        unsafe pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &captures)
        captureCount = Int(captures)
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

        /// Runs the program. The subject must be ASCII, or valid UTF-8 for a Unicode program: PCRE2 does not check.
        @inline(__always)
        func run(_ subject: UnsafeRawBufferPointer, _ scratch: MatchScratch) -> Int32 {
            let count = subject.count
            let base: UnsafePointer<UInt8>
            if let address = subject.baseAddress {
                unsafe base = address.assumingMemoryBound(to: UInt8.self)
            } else {
                unsafe base = UnsafePointer(scratch.emptySubject)
            }
            if hasJIT {
                return unsafe pcre2_jit_match_8(code, base, count, 0, 0, scratch.data, scratch.context)
            }
            return unsafe pcre2_match_8(code, base, count, 0, PCRE2_NO_UTF_CHECK, scratch.data, scratch.context)
        }
    }

    var handle: Handle { unsafe Handle(code: code, hasJIT: hasJIT) }

    /// The ASCII characters that have a Unicode property, or nil when PCRE2 does not know the name.
    static func asciiMembers(ofProperty name: String) -> ScalarSet? {
        if let known = knownProperties.withLock({ $0[name] }) { return known }
        guard let pattern = try? CompiledPattern(Array("\\p{\(name)}".utf8), unicode: true) else { return nil }
        let scratch = MatchScratch()
        var ranges: [ClosedRange<UInt32>] = []
        for scalar in UInt8(0)...0x7F {
            let matched = unsafe withUnsafeBytes(of: scalar) { unsafe pattern.handle.run($0, scratch) } > 0
            if matched { ranges.append(UInt32(scalar)...UInt32(scalar)) }
        }
        let members = ScalarSet(ranges)
        knownProperties.withLock { $0[name] = members }
        return members
    }

    /// Few names are ever asked for, and only while compiling; bounded by the properties PCRE2 has.
    private static let knownProperties = Mutex<[String: ScalarSet]>([:])
}

/// What a thread needs to match: room for the offsets, the limits, and the stack of the JIT code.
///
/// One per loop or thread, for all its expressions; deliberately not Sendable. It owns three PCRE2 objects and frees them.
/// `@safe`: the pointers are private to this file, live as long as the object, and indices are checked.
@safe
package final class MatchScratch {
    fileprivate let context: OpaquePointer
    fileprivate let emptySubject: UnsafeMutablePointer<UInt8>
    private let stack: OpaquePointer?
    fileprivate private(set) var data: OpaquePointer
    private var offsets: UnsafeMutablePointer<Int>
    private var pairCount: Int

    /// Makes room for `captures` groups; it grows by itself when an expression has more.
    package init(captures: Int = 63, limits: MatchLimits = MatchLimits()) {
        pairCount = captures + 1
        guard let context = unsafe pcre2_match_context_create_8(nil),
            let data = unsafe pcre2_match_data_create_8(UInt32(captures + 1), nil)
        else { preconditionFailure("out of memory") }
        unsafe self.context = context
        unsafe self.data = data
        unsafe offsets = Self.offsets(of: data)
        unsafe emptySubject = .allocate(capacity: 1)
        unsafe emptySubject.initialize(to: 0)
        unsafe stack = pcre2_jit_stack_create_8(32 * 1024, max(limits.stackBytes, 32 * 1024), nil)
        if let stack = unsafe stack { unsafe pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
        unsafe pcre2_set_match_limit_8(context, limits.matchSteps)
        unsafe pcre2_set_depth_limit_8(context, limits.depth)
        unsafe pcre2_set_heap_limit_8(context, limits.heapKibibytes)
    }

    deinit {
        unsafe pcre2_match_data_free_8(data)
        unsafe pcre2_match_context_free_8(context)
        if let stack = unsafe stack { unsafe pcre2_jit_stack_free_8(stack) }
        unsafe emptySubject.deallocate()
    }

    /// PCRE2 keeps the offsets inside the match data for as long as that lives.
    private static func offsets(of data: OpaquePointer) -> UnsafeMutablePointer<Int> {
        guard let pointer = unsafe pcre2_get_ovector_pointer_8(data) else {
            preconditionFailure("match data without offsets")
        }
        return unsafe pointer
    }

    /// The offsets of the last match, start and end by turns, -1 when unset; valid until `reserve` grows.
    @inline(__always)
    var pairs: UnsafePointer<Int> { unsafe UnsafePointer(offsets) }

    @inline(__always)
    func reserve(_ pairs: Int) {
        if pairs > pairCount { grow(pairs) }
    }

    @inline(never)
    private func grow(_ pairs: Int) {
        guard let larger = unsafe pcre2_match_data_create_8(UInt32(pairs), nil) else {
            preconditionFailure("out of memory")
        }
        unsafe pcre2_match_data_free_8(data)
        unsafe data = larger
        unsafe offsets = Self.offsets(of: larger)
        pairCount = pairs
    }

    /// Where group `index` of the last match begins in the subject, in bytes; -1 when it took no part. 0 is the whole match.
    @inline(__always)
    package func start(of index: Int) -> Int {
        precondition(index < pairCount, "no such group")
        return unsafe offsets[2 &* index]
    }

    /// Where group `index` of the last match ends; -1 when it took no part.
    @inline(__always)
    package func end(of index: Int) -> Int {
        precondition(index < pairCount, "no such group")
        return unsafe offsets[2 &* index &+ 1]
    }
}

/// A compiled Ruby regular expression: immutable, shared by all threads.
package final class Regex: Sendable {
    private let ascii: CompiledPattern
    private let utf8: CompiledPattern
    /// The groups by name, in the order of their first appearance. A name's value is its last number that took part.
    package let groups: [NamedGroup]
    /// How many groups there are.
    package let captureCount: Int
    /// Bytes that every match contains.
    package let requiredLiteral: RequiredLiteral?
    /// True when the expression holds a character beyond ASCII literally.
    package let containsNonASCII: Bool

    /// A group name and the numbers of the groups that carry it, ascending.
    package struct NamedGroup: Sendable, Equatable {
        package let name: String
        package let numbers: [Int]
    }

    /// Translates and compiles an expression.
    ///
    /// - Throws: `PatternError` with the place in `source`.
    package convenience init(_ source: String, options: RubyPattern.Options = []) throws(PatternError) {
        try self.init(RubyPattern(source, options: options))
    }

    /// Compiles a translated expression.
    package init(_ pattern: RubyPattern) throws(PatternError) {
        ascii = try Self.compile(pattern, unicode: false)
        utf8 = try Self.compile(pattern, unicode: true)
        groups = pattern.groups.names.map { NamedGroup(name: $0.name, numbers: $0.numbers) }
        captureCount = pattern.groups.count
        requiredLiteral = RequiredLiteral.of(pattern.root)
        containsNonASCII = pattern.containsNonASCII
    }

    private static func compile(_ pattern: RubyPattern, unicode: Bool) throws(PatternError) -> CompiledPattern {
        let emitter = try pattern.emitted(unicode: unicode)
        do {
            return try CompiledPattern(emitter.text, unicode: unicode)
        } catch {
            let place = emitter.source(ofTextOffset: error.textOffset)
            throw PatternError(offset: place.offset, length: place.length, message: error.message)
        }
    }

    /// Searches the subject for the first match. Allocates nothing.
    ///
    /// `text` is what `SubjectText.classify` said; for `invalid` the engine is not run at all.
    /// On `.matched` the scratch has the offsets until its next use.
    package func match(_ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch) -> MatchOutcome
    {
        scratch.reserve(captureCount + 1)
        return unsafe handle.match(subject, as: text, scratch)
    }

    /// Both variants without a reference count: valid as long as the regex that gave it.
    @safe struct Handle {
        fileprivate let ascii: CompiledPattern.Handle
        fileprivate let utf8: CompiledPattern.Handle

        /// As `Regex.match`; the scratch must have room for the captures already.
        @inline(__always)
        func match(_ subject: UnsafeRawBufferPointer, as text: SubjectText, _ scratch: MatchScratch) -> MatchOutcome {
            let result: Int32
            switch text {
            case .ascii: unsafe result = ascii.run(subject, scratch)
            case .utf8: unsafe result = utf8.run(subject, scratch)
            case .invalid: return .gaveUp(.invalidUTF8)
            }
            if result > 0 { return .matched }
            if result == PCRE2_ERROR_NOMATCH { return .noMatch }
            return .gaveUp(Regex.reason(result))
        }
    }

    var handle: Handle { Handle(ascii: ascii.handle, utf8: utf8.handle) }

    /// The same for a span.
    package func match(_ subject: Span<UInt8>, as text: SubjectText, _ scratch: MatchScratch) -> MatchOutcome {
        unsafe subject.withUnsafeBufferPointer { unsafe match(UnsafeRawBufferPointer($0), as: text, scratch) }
    }

    fileprivate static func reason(_ code: Int32) -> GaveUpReason {
        switch code {
        case PCRE2_ERROR_MATCHLIMIT: .matchLimit
        case PCRE2_ERROR_DEPTHLIMIT: .depthLimit
        case PCRE2_ERROR_HEAPLIMIT: .heapLimit
        case PCRE2_ERROR_JIT_STACKLIMIT: .stackLimit
        default: .engine
        }
    }
}
