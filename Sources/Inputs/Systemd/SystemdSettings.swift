/// Parameters of `<source> @type systemd` (fluent-plugin-systemd, README.md).
package struct SystemdSettings: Sendable {
    /// `path`: the folder of a journal.
    package var folder = "/var/log/journal"
    package var tag: String
    /// `matches`: an entry is read when all fields of one of these are as they say; none: all entries.
    package var matches: [[(field: String, value: String)]] = []
    /// `read_from_head`: without a position, what the journal holds already is read, too.
    package var readsFromHead = false
    /// `<storage>`: the file with the position; nil: it is forgotten at the end.
    package var positionFile: String?
    package var entry = JournalEntryRules()

    package init(tag: String) { self.tag = tag }

    /// The file that `path` of Fluentd's `<storage> @type local` means: itself when it is there or ends with `.json`, else
    /// one in the folder of this name.
    package static func storageFile(_ path: String, isFile: Bool) -> String {
        isFile || path.hasSuffix(".json") ? path : path + "/worker0/storage.json"
    }
}
