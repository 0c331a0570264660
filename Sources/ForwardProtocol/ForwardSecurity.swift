/// The `<security>` section of a forward source: who may send.
package struct ForwardSecurity: Sendable {
    package struct User: Sendable {
        package var name: [UInt8]
        package var password: [UInt8]

        package init(name: [UInt8], password: [UInt8]) {
            self.name = name
            self.password = password
        }
    }

    /// A `<client>` section: what holds for one address or network instead of the common settings.
    package struct Client: Sendable {
        package var network: Network
        package var sharedKey: [UInt8]?
        /// Names of the users that may log in from there; nil: all.
        package var users: [[UInt8]]?

        package init(network: Network, sharedKey: [UInt8]?, users: [[UInt8]]?) {
            self.network = network
            self.sharedKey = sharedKey
            self.users = users
        }
    }

    /// An address with the number of its leading bits that count (CIDR).
    package struct Network: Sendable {
        package var octets: [UInt8]
        package var prefixBits: Int

        package init(octets: [UInt8], prefixBits: Int) {
            self.octets = octets
            self.prefixBits = prefixBits
        }

        package func contains(_ address: [UInt8]) -> Bool {
            guard address.count == octets.count else { return false }
            for bit in stride(from: 0, to: min(prefixBits, octets.count * 8), by: 8) {
                let left = min(prefixBits - bit, 8)
                let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - left))
                if (address[bit / 8] ^ octets[bit / 8]) & mask != 0 { return false }
            }
            return true
        }
    }

    package var selfHostname: String
    package var sharedKey: [UInt8]
    package var authenticatesUsers = false
    package var allowsAnonymousSource = true
    package var users: [User] = []
    package var clients: [Client] = []

    package init(selfHostname: String, sharedKey: [UInt8]) {
        self.selfHostname = selfHostname
        self.sharedKey = sharedKey
    }
}
