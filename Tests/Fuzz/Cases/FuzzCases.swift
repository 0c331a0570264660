// libFuzzer entry for the Cases room and what stands below it: YAML, events tried on a plan, results written back.
// ../run builds and runs it with what CasesTests/Exercises says, where ordinary tests replay FailCases/.

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzCases(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    if let fault = CasesExercise.fault(of: input) { fatalError(fault) }
    return 0
}
