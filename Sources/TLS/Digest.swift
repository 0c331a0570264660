import COpenSSL

/// SHA-512 (FIPS 180-4), for the forward protocol's shared-key handshake.
package enum SHA512 {
    /// The digest of the parts one after the other, as 128 lower-case hexadecimal digits.
    package static func hexDigest(parts: [[UInt8]]) -> [UInt8] {
        OpenSSL.start
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var digest = [UInt8](repeating: 0, count: 64)
        var isDone = unsafe EVP_DigestInit_ex(context, EVP_sha512(), nil) == 1
        for part in parts where isDone {
            isDone = unsafe part.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) } == 1
        }
        // Writes the 64 bytes of the array.
        isDone = unsafe isDone && EVP_DigestFinal_ex(context, &digest, nil) == 1
        precondition(isDone, "OpenSSL refused SHA-512, which it does only without memory or in a broken installation")
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
