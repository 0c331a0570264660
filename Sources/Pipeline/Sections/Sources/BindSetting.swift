internal import ConfigFile
internal import EventLoop

/// `bind` of a listener: an address of this machine, or a name of it.
enum BindSetting {
    static func read(_ reader: SectionReader) -> String {
        let bind = reader.string("bind", default: "0.0.0.0")
        if bind.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }), SocketAddress(host: bind, port: 0) == nil
        {
            reader.error(
                "bind", "'bind' is '\(bind)', which is no address",
                hint: "0.0.0.0 listens on all addresses, 127.0.0.1 on this machine only")
        }
        if bind.utf8.contains(where: {
            !(0x30...0x3A).contains($0) && !(0x61...0x7A).contains($0 | 0x20) && !"-._%".utf8.contains($0)
        }) {
            reader.error("bind", "'bind' is '\(bind)', which is no address", hint: "write an address or a name alone")
        }
        return bind
    }
}
