import Foundation
import Grok
import Suggest
import Testing

/// What the tests of suggestions share.
enum SuggestSupport {
    static let libraries: [PatternSeries: PatternLibrary] = {
        var libraries: [PatternSeries: PatternLibrary] = [:]
        for series in PatternSeries.allCases { libraries[series] = try? PatternLibrary(series: series) }
        return libraries
    }()

    static func sample(_ name: String) throws -> [UInt8] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "SuggestSamples/\(name).log")
        return [UInt8](try Data(contentsOf: file))
    }

    static func suggest(_ text: [UInt8], _ series: PatternSeries = .legacy) throws -> GrokSuggestion {
        let library = try #require(libraries[series])
        return GrokSuggester(library: library, series: series).suggest(SampleLines(text: text))
    }

    static func suggest(_ text: String, _ series: PatternSeries = .legacy) throws -> GrokSuggestion {
        try suggest(Array(text.utf8), series)
    }

    /// How many lines the parsers of the printed sections take; records of several lines are given as the program that
    /// joins them does.
    static func taken(_ suggestion: GrokSuggestion, of text: [UInt8]) throws -> Int {
        let section = try PrintedSection(suggestion.configuration)
        var count = 0
        for record in try records(text, firstLine: suggestion.firstLine) where section.fields(record.text) != nil {
            count += record.lines
        }
        return count
    }

    static func records(_ text: [UInt8], firstLine: String?) throws -> [(text: [UInt8], lines: Int)] {
        let lines = text.split(separator: 0x0A).map { Array($0) }.filter { line in line.contains { $0 > 0x20 } }
        guard let firstLine else { return lines.map { ($0, 1) } }
        let regex = try NSRegularExpression(pattern: firstLine)
        var records: [(text: [UInt8], lines: Int)] = []
        for line in lines {
            let string = String(decoding: line, as: UTF8.self)
            let range = NSRange(string.startIndex..., in: string)
            let isFirst = regex.firstMatch(in: string, range: range) != nil
            if isFirst || records.isEmpty {
                records.append((line, 1))
            } else {
                records[records.count - 1].text += [0x0A] + line
                records[records.count - 1].lines += 1
            }
        }
        return records
    }
}
