// libFuzzer entry for the Suggest room: lines of noise.
// ../run builds and runs it.
// What it finds goes to FailCases/; SuggestTests replays the folder.

import Grok
import Suggest

private let library = try? PatternLibrary(series: .legacy)

/// Any proposal is right as long as it returns, and as what it covers adds up.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzSuggest(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    guard let library else { return 0 }
    let suggestion = GrokSuggester(library: library, series: .legacy).suggest(SampleLines(text: input))
    let claimed = suggestion.proposals.reduce(0) { $0 + $1.lineCount }
    precondition(claimed + suggestion.uncoveredCount == suggestion.lineCount, "lines are counted twice, or lost")
    _ = suggestion.filter()
    _ = IngestPipeline(suggestion).json
    return 0
}
