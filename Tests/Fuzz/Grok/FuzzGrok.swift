// libFuzzer entry for the Grok room: an expression, a zero byte, a line.
// ../run builds and runs it.
// What it finds goes to FailCases/; GrokTests replays the folder.

import Grok

/// Compiles and matches; any outcome is right as long as it returns and the offsets lie in the line.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzGrok(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard let expression = String(validating: parts[0], as: UTF8.self) else { return 0 }
    let line = parts.count > 1 ? Array(parts[1]) : []
    var library = PatternLibrary()
    library.add(text: "W \\b\\w+\\b\nN (?:[+-]?\\d+)\nL %{W:[a][b]} %{N:n:integer}\n", file: "fuzz")
    guard let pattern = try? GrokCompiler(library: library).compile(expression) else { return 0 }
    var limits = MatchLimits()
    limits.matchSteps = 10_000
    let matcher = GrokMatcher(
        GrokSet([GrokSet.Member(name: nil, pattern: pattern, index: 0)]), scratch: MatchScratch(limits: limits))
    if case .hit = matcher.match(line.span, as: SubjectText.classify(line.span)) {
        for index in pattern.fields.indices {
            let range = matcher.range(of: index)
            precondition(!range.isSet || (range.start >= 0 && Int(range.end) <= line.count), "offsets outside the line")
        }
    }
    return 0
}
