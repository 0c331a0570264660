package import TLS

/// `<transport tls>`: how a listener gets its context. Made when the source opens, and to check the files it names.
package struct TLSPlan: Sendable {
    package let makeContext: @Sendable () throws(TLSError) -> TLSContext
}
