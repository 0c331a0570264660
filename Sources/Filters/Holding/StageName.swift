package import Logging

extension Log {
    /// The name of the filter or output whose log it is; empty: it has none.
    package var stageName: String {
        for field in context where field.name == "filter" || field.name == "output" {
            if case .text(let name) = field.value { return name }
        }
        return ""
    }
}
