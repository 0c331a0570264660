import COpenSSL

/// An opened PEM source: OpenSSL's reader over a file or over bytes.
@safe
struct PEMReader: ~Copyable {
    private let bio: OpaquePointer
    private let name: String

    init(_ source: PEMSource) throws(TLSError) {
        name = source.name
        ERR_clear_error()
        let opened: OpaquePointer?
        switch source {
        case .file(let path): unsafe opened = BIO_new_file(path, "r")
        case .bytes(let bytes, _):
            unsafe opened = BIO_new(BIO_s_mem())
            // The memory BIO copies.
            unsafe bytes.withUnsafeBytes { _ = unsafe BIO_write(opened, $0.baseAddress, Int32($0.count)) }
        }
        guard let opened = unsafe opened else { throw TLSError(.configuration, doing: "open \(name)") }
        unsafe bio = opened
    }

    deinit { unsafe BIO_free_all(bio) }

    /// All certificates of the source, at least one.
    func certificates() throws(TLSError) -> [Certificate] {
        var found: [Certificate] = []
        // Each call makes a certificate that is ours.
        while let next = unsafe PEM_read_bio_X509(bio, nil, nil, nil) { unsafe found.append(Certificate(owning: next)) }
        // The loop ends with "no start line", which is an error only if nothing came before.
        if found.isEmpty {
            throw TLSError(
                .configuration, doing: "read a certificate from \(name)",
                advice: "it must be PEM, with -----BEGIN CERTIFICATE-----")
        }
        ERR_clear_error()
        return found
    }

    /// The private key.
    func key(passphrase: String?) throws(TLSError) -> PrivateKey {
        // Without a callback OpenSSL takes the last argument as the passphrase; without one it would ask the terminal.
        let key = unsafe (passphrase ?? "").withCString {
            unsafe PEM_read_bio_PrivateKey(bio, nil, nil, UnsafeMutableRawPointer(mutating: $0))
        }
        guard let key = unsafe key else { throw TLSError(.configuration, doing: "read the private key \(name)") }
        return unsafe PrivateKey(owning: key)
    }
}

/// An X.509 certificate of OpenSSL's, freed with this object.
@safe
final class Certificate {
    let pointer: OpaquePointer

    @unsafe init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe X509_free(pointer) }

    /// The subject in RFC 2253's form: `CN=client,O=Example`.
    var subject: String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free_all(bio) }
        unsafe X509_NAME_print_ex(bio, X509_get_subject_name(pointer), 0, sluice_name_rfc2253)
        return String(decoding: unsafe BIO_bytes(bio), as: UTF8.self)
    }
}

/// A private key of OpenSSL's, freed (and wiped) with this object.
@safe
final class PrivateKey {
    let pointer: OpaquePointer

    @unsafe init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe EVP_PKEY_free(pointer) }
}

/// Takes all that a memory BIO holds.
@unsafe func BIO_bytes(_ bio: OpaquePointer) -> [UInt8] {
    let count = unsafe BIO_ctrl_pending(bio)
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        filled = max(0, Int(unsafe BIO_read(bio, buffer.baseAddress, Int32(count))))
    }
}
