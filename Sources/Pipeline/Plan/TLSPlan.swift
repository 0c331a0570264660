package import TLS

/// `<transport tls>`: how a listener gets its context. Made when the source opens, so that checking reads no key.
package struct TLSPlan: Sendable {
    package let makeContext: @Sendable () throws(TLSError) -> TLSContext
}
