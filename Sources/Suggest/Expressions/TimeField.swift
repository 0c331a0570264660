/// A field with the event's time.
struct TimeField: Sendable {
    let name: String
    /// What may read it, the likeliest first; an empty one is for the forms the parser guesses.
    var formats: [String]
    /// The same for Elasticsearch.
    var javaFormats: [String]
    var hasYear = true
    var isAmbiguous = false
    /// The parser reads it rightly without a format: the year first, or a month's name.
    var isGuessable = false
}
