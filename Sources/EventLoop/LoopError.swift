import CUV

/// What a call into the kernel or libuv refused: the call, the address it was about, the error's name, what to do.
///
/// Reads as `cannot bind tcp 0.0.0.0:24224: address already in use (EADDRINUSE); another process …`.
package struct LoopError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The step that failed, as a verb: `bind`, `listen`, `connect to`.
    package let call: String
    /// What it was done to: an address, a path, a signal.
    package let subject: String
    /// The error's name in `errno.h`, or libuv's own (`EAI_NONAME`, `EOF`).
    package let name: String
    /// libuv's code: the negative errno on Unix.
    package let code: Int32
    /// The system's words for it.
    package let explanation: String
    /// What the operator can change; empty if there is nothing to say.
    package let advice: String

    /// From a libuv status (negative).
    package init(_ call: String, _ subject: String, status: Int32, advice: String? = nil) {
        self.call = call
        self.subject = subject
        self.code = status
        // libuv returns static strings here (it allocates, once and small, only for codes it does not know).
        self.name = unsafe String(cString: uv_err_name(status))
        self.explanation = unsafe String(cString: uv_strerror(status))
        self.advice = advice ?? LoopError.usualAdvice(name)
    }

    /// From `errno` as a system call of our own left it.
    package init(_ call: String, _ subject: String, errno code: Int32, advice: String? = nil) {
        self.init(call, subject, status: uv_translate_sys_error(code), advice: advice)
    }

    /// For refusals of our own, which have no code in the system.
    package init(_ call: String, _ subject: String, name: String, explanation: String, advice: String) {
        self.call = call
        self.subject = subject
        self.code = 0
        self.name = name
        self.explanation = explanation
        self.advice = advice
    }

    package var description: String {
        let words = "cannot \(call) \(subject): \(explanation) (\(name))"
        return advice.isEmpty ? words : "\(words); \(advice)"
    }

    private static func usualAdvice(_ name: String) -> String {
        switch name {
        case "EADDRINUSE":
            "another process listens there: stop it (`ss -ltnp` names it) or choose another port"
        case "EADDRNOTAVAIL": "no interface of this machine has that address: correct it, or use 0.0.0.0 for all"
        case "EACCES", "EPERM": "run as a user who may do this; ports below 1024 need CAP_NET_BIND_SERVICE"
        case "EMFILE", "ENFILE": "all file descriptors are in use: raise LimitNOFILE (ulimit -n)"
        case "ECONNREFUSED": "nothing listens there: start the server or correct the port"
        case "EAI_NONAME", "EAI_AGAIN", "EAI_NODATA", "EAI_FAIL":
            "the name did not resolve: correct it or check the resolver"
        case "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH": "check the address, the route and the firewall"
        default: ""
        }
    }
}
