// libFuzzer entry for answers of servers that outputs talk to; ../run builds and runs it with what OutputsTests/Exercises says, where
// ordinary tests replay FailCases/.

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzAnswers(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    if let fault = AnswersExercise.fault(of: input) { fatalError(fault) }
    return 0
}
