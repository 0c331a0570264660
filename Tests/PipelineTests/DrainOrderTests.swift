import Testing

@testable import Pipeline

@Suite("Drain order")
struct DrainOrderTests {
    @Test("outputs that may feed others come first: ordinary ones, secondaries, @ERROR and what it leads to")
    func groups() throws {
        let plan = Checked(
            """
            <source>
              @type forward
            </source>
            <match a>
              @type elasticsearch
              <secondary>
                @type stdout
              </secondary>
            </match>
            <match b>
              @type copy
              <store>
                @type elasticsearch
                host other
                <secondary>
                  @type stdout
                </secondary>
              </store>
              <store>
                @type relabel
                @label @PLAIN
              </store>
            </match>
            <label @PLAIN>
              <match **>
                @type null
              </match>
            </label>
            <label @ERROR>
              <match x>
                @type relabel
                @label @MENDED
              </match>
              <match y>
                @type copy
                <store>
                  @type relabel
                  @label @COPIED
                </store>
              </match>
              <match **>
                @type elasticsearch
                index_name errors
                <secondary>
                  @type stdout
                </secondary>
              </match>
            </label>
            <label @COPIED>
              <match **>
                @type null
              </match>
            </label>
            <label @MENDED>
              <match **>
                @type elasticsearch
                index_name mended
              </match>
            </label>
            """
        ).plan
        let groups = DrainOrder.groups(plan)
        #expect(groups[LabelPlan.rootName] == 0)
        #expect(groups["@PLAIN"] == 0)
        #expect(groups["@ERROR"] == 2)
        #expect(groups["@MENDED"] == 2)
        #expect(groups["@COPIED"] == 2)
        #expect(groups.filter { $0.key.hasPrefix("<secondary>") }.map(\.value).sorted() == [1, 1, 3])
        #expect(groups.values.allSatisfy { $0 < DrainOrder.groupCount })
    }
}
