package import TLS

/// `<transport tls>`: how a listener gets its context. Made when the source opens, and to check the files it names.
package struct TLSPlan: Sendable {
    package let makeContext: @Sendable () throws(TLSError) -> TLSContext
}

/// The `tls_…` parameters of an output: how it gets its context. Made when the output comes to life, and to check the
/// files they name.
package struct TLSClientPlan: Sendable {
    package let makeContext: @Sendable () throws(TLSError) -> TLSContext
}
