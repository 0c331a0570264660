import COpenSSL

/// SHA-512 (FIPS 180-4), for the forward protocol's shared-key handshake.
package enum SHA512 {
    /// The digest of the parts one after the other, as 128 lower-case hexadecimal digits.
    package static func hexDigest(parts: [[UInt8]]) -> [UInt8] {
        var digest = MessageDigest(.sha512)
        // The bytes are read only while the call lasts.
        for part in parts { unsafe part.withUnsafeBytes { unsafe digest.add($0) } }
        return digest.hexadecimal()
    }
}

/// SHA-256 (FIPS 180-4), for bodies of requests that are signed.
package enum SHA256 {
    private static let pieceBytes = 64 * 1024

    /// The digest of what `read` gives, as 64 lower-case hexadecimal digits.
    ///
    /// - Parameter read: writes what comes next to the start of a buffer, and answers how many bytes; 0 only at the end.
    package static func hexDigest(_ read: (UnsafeMutableRawBufferPointer) -> Int) -> [UInt8] {
        var digest = MessageDigest(.sha256)
        // The buffer is ours until it is given back, and no longer in use then.
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
        defer { unsafe piece.deallocate() }
        while case let count = unsafe read(piece), count > 0 {
            unsafe digest.add(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
        return digest.hexadecimal()
    }
}

/// One of OpenSSL's digests, fed piece by piece.
@safe
private struct MessageDigest: ~Copyable {
    enum Algorithm { case sha256, sha512 }

    private let context: OpaquePointer?
    private let byteCount: Int
    private var isSound: Bool

    init(_ algorithm: Algorithm) {
        OpenSSL.start
        unsafe context = EVP_MD_CTX_new()
        switch algorithm {
        case .sha256:
            byteCount = 32
            isSound = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        case .sha512:
            byteCount = 64
            isSound = unsafe EVP_DigestInit_ex(context, EVP_sha512(), nil) == 1
        }
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        isSound = unsafe isSound && EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
    }

    /// The end: nothing may be added afterwards.
    mutating func hexadecimal() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        // Writes as many bytes as the array has.
        isSound = unsafe isSound && EVP_DigestFinal_ex(context, &digest, nil) == 1
        precondition(isSound, "OpenSSL refused a digest, which it does only without memory or in a broken installation")
        return digest.flatMap { byte in
            [byte >> 4, byte & 15].map { $0 + ($0 < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10) }
        }
    }
}

/// Random bytes for keys, salts and nonces.
package enum SecureRandom {
    /// From OpenSSL's generator, which the kernel seeds.
    package static func bytes(_ count: Int) -> [UInt8] {
        OpenSSL.start
        var bytes = [UInt8](repeating: 0, count: count)
        // Fills exactly the array.
        let status = unsafe bytes.withUnsafeMutableBytes {
            unsafe RAND_bytes($0.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(count))
        }
        precondition(count == 0 || status == 1, "OpenSSL has no randomness to give; going on without would not be safe")
        return bytes
    }
}

/// Compares secrets in a time that depends on their length alone, so that an attacker cannot find them byte by byte.
package func constantTimeEquals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    // Both arrays hold `a.count` bytes.
    return unsafe CRYPTO_memcmp(a, b, a.count) == 0
}
