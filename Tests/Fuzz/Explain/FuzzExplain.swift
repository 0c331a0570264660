// libFuzzer entry for the explanations of the Grok room: an expression, a zero byte, a line.
// ../run builds and runs it.
// What it finds goes to FailCases/; GrokTests replays the folder.

import Grok

/// Any explanation is right as long as it returns, names places that there are, and offers changes that help.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzExplain(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard let expression = String(validating: parts[0], as: UTF8.self) else { return 0 }
    let line = parts.count > 1 ? Array(parts[1]) : []
    var library = PatternLibrary()
    library.add(text: "W \\b\\w+\\b\nN (?:[+-]?\\d+)\nL %{W:[a][b]} %{N:n:integer}\nD .*?\nS \\S+\n", file: "fuzz")
    let compiler = GrokCompiler(library: library)
    guard let found = try? compiler.explain(expression, line: line) else { return 0 }
    precondition(found.expressionRange.upperBound <= expression.utf8.count, "a place outside the expression")
    precondition(found.found.upperBound <= line.count, "a place outside the line")
    for remedy in found.suggestions {
        var changed = library
        if let definition = remedy.definition {
            changed.add(name: definition.name, expression: definition.expression)
        }
        // In a group, because an expression without a field is no pattern; a regexp between slashes cannot be in one.
        guard !remedy.expression.hasPrefix("/") else { continue }
        let pattern = try? GrokCompiler(library: changed).compile("(?<whole>\(remedy.expression))")
        precondition(pattern != nil, "a change that does not compile")
        for capture in remedy.captures {
            precondition(capture.range.upperBound <= line.count, "a field outside the line")
        }
    }
    return 0
}
