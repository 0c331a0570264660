// libFuzzer entry for lines of container logs and what Kubernetes says of them; ../run builds and runs it with what FiltersTests/Exercises says, where
// ordinary tests replay FailCases/.

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzContainers(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    if let fault = ContainersExercise.fault(of: input) { fatalError(fault) }
    return 0
}
