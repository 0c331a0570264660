import Glibc

/// The system's words for an errno, as they stand within a sentence: `no space left on device`.
package func systemReason(_ code: Int32) -> String {
    // strerror's text is static or thread-local; it is copied before anything else can run on this thread.
    let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    // Not "I/O error".
    let second = text.dropFirst().first
    guard let first = text.first, second?.isLowercase == true else { return text }
    return first.lowercased() + text.dropFirst()
}
