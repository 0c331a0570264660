import ConfigFile
import Foundation
import Pipeline
import Testing

/// What `sluice check` says about a configuration, character by character: the messages, then the plan where there is
/// one, then the JSON form. After a deliberate change run once with `SLUICE_UPDATE_GOLDEN=1` and read the difference.
@Suite struct GoldenTests {
    static let names = Repository.names(in: Repository.golden, ending: ".conf")

    @Test("the report on a configuration is that of its golden file", arguments: names)
    func reports(_ name: String) throws {
        let text = try Repository.text(Repository.golden + "/" + name)
        let document = ConfigDocument.parse(text, path: name, environment: Checked.environment)
        let plan = PlanBuilder.build(document, environment: Checked.environment)
        var report = DiagnosticRenderer().render(document.diagnostics, file: name)
        if !document.diagnostics.hasErrors { report += PlanReport.text(plan, path: name) }
        report += PlanReport.json(plan, diagnostics: document.diagnostics)
        let golden = Repository.golden + "/" + name.dropLast(".conf".count) + ".txt"
        if ProcessInfo.processInfo.environment["SLUICE_UPDATE_GOLDEN"] != nil {
            try report.write(toFile: golden, atomically: true, encoding: .utf8)
        }
        #expect(report == (try? Repository.text(golden)))
    }

    @Test("the JSON form is JSON, whatever the configuration holds")
    func json() throws {
        for text in ["", "<source>\n@type forward\n</source>\n<match \"a\\\\b\">\n@type \"nul\\\"l\"\n</match>\n", "<"]
        {
            let checked = Checked(text)
            let json = PlanReport.json(checked.plan, diagnostics: checked.diagnostics)
            let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            #expect(object?["ok"] as? Bool == !checked.diagnostics.hasErrors)
            #expect((object?["diagnostics"] as? [[String: Any]])?.count == checked.diagnostics.all.count)
        }
    }
}
