import Grok

/// What words say about the value behind them.
enum ColumnNames {
    /// Whether the text behind a word is a name, which may be another tomorrow: `user jane`, `from web-1`.
    static func names(_ word: String) -> Bool {
        nouns.contains(word) || ["from", "to", "for", "by", "at", "on", "as", "of", "named", "called"].contains(word)
    }

    /// What the value behind a word of the language is; nil for a word that says nothing about it.
    ///
    /// Any word can tell what a number counts; only nouns that are known tell what a name is.
    static func name(after word: String, isNumber: Bool) -> String? {
        if let name = wordNames[word] { return name }
        return isNumber ? (stopWords.contains(word) ? nil : word) : (nouns.contains(word) ? word : nil)
    }

    private static let nouns: Set<String> = [
        "account", "agent", "channel", "class", "client", "cluster", "code", "command", "component", "container",
        "database", "device", "domain", "event", "file", "group", "host", "id", "image", "index", "interface", "job",
        "key", "link", "method", "mode", "model", "module", "name", "node", "order", "package", "partition", "path",
        "peer", "pod", "pool", "process", "program", "project", "protocol", "queue", "reason", "region", "request",
        "role", "schema", "server", "service", "session", "shard", "size", "source", "stage", "state", "status",
        "table", "task", "thread", "token", "topic", "type", "unit", "url", "user", "username", "version", "volume",
        "worker", "zone",
    ]

    private static let wordNames = [
        "took": "duration", "elapsed": "duration", "users": "user", "username": "user", "thread": "thread",
        "client": "clientip", "returned": "status",
    ]

    private static let stopWords: Set<String> = [
        "a", "about", "after", "again", "all", "an", "and", "any", "are", "as", "at", "be", "been", "before", "by",
        "can", "did", "does", "done", "every", "for", "from", "has", "have", "in", "into", "is", "it", "its", "no",
        "not", "of", "off", "on", "only", "or", "out", "over", "per", "than", "that", "the", "then", "there", "this",
        "to", "under", "up", "via", "was", "were", "when", "while", "will", "with", "within",
    ]

    static let sizeUnits = ["%", "B", "KB", "kB", "MB", "GB", "KiB", "MiB", "GiB", "K", "M", "G", "k", "b"]
        .map { Array($0.utf8) }
}
