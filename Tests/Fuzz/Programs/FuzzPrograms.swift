// libFuzzer entry for the programs of expressions: what they find is what PCRE2 finds. ../run builds and runs it with what
// GrokTests/Programs says, where ordinary tests replay FailCases/.

import Grok

private let compiler: GrokCompiler = {
    guard let library = try? PatternLibrary(series: .legacy) else { fatalError("no patterns") }
    return GrokCompiler(library: library)
}()
private let exercise = LineProgramExercise()

/// An expression, a zero byte, a line.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzPrograms(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    if let fault = exercise.fault(of: input, compiler) { fatalError(fault) }
    return 0
}
