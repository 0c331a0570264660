import Pipeline
import Testing

@Suite("The state directory")
struct StateDirectoryTests {
    private func found(
        _ environment: [String: String] = [:], writable: [String], owner: UInt32? = nil
    ) -> String? {
        StateDirectory.found(
            environment: { environment[$0] }, user: 7, canWrite: { writable.contains($0) }, owner: { _ in owner })
    }

    @Test("is systemd's, the machine's, the account's or a temporary one: the first that can be written")
    func order() {
        let all = ["STATE_DIRECTORY": "/s/a:/s/b", "XDG_STATE_HOME": "/x", "HOME": "/h"]
        let places = ["/s/a", "/var/lib/sluice", "/x/sluice", "/h/.local/state/sluice", "/tmp/sluice-7"]
        for (index, place) in places.enumerated() {
            #expect(found(all, writable: Array(places[index...])) == place)
        }
        #expect(found(all, writable: []) == nil)
    }

    @Test("a variable that is empty or relative counts as not set", arguments: ["", ":", "relative", "~/x"])
    func unset(_ value: String) {
        let environment = ["STATE_DIRECTORY": value, "XDG_STATE_HOME": value, "HOME": value]
        #expect(
            found(environment, writable: ["", value, "\(value)/sluice", "/tmp/sluice-7"]) == "/tmp/sluice-7")
    }

    @Test("a temporary one that somebody else has made is none") func stranger() {
        #expect(found(writable: ["/tmp/sluice-7"], owner: 8) == nil)
        #expect(found(writable: ["/tmp/sluice-7"], owner: 7) == "/tmp/sluice-7")
    }
}
