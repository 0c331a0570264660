// libFuzzer entry for `try`: a configuration and lines, sent through its sources' parsers, its filters and what shows its
// outputs. ../run builds and runs it with what PipelineTests/Trial says, where ordinary tests replay FailCases/.

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzTry(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    if let fault = TryExercise.fault(of: input) { fatalError(fault) }
    return 0
}
