extension String {
    /// What would steer a terminal, as U+FFFD.
    var withoutControls: String {
        String(unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : Character($0) })
    }
}
