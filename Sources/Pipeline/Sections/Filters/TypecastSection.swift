internal import ConfigFile
internal import Events
internal import Filters
internal import Parsing

/// `<filter> @type typecast` (fluent-plugin-typecast): `types field:type,field:type`.
enum TypecastSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> FilterPlan? {
        guard let text = reader.string("types", required: true) else { return nil }
        do throws(SettingError) {
            let types = try TypedKey.list(text.value)
            return FilterPlan(type: "typecast", summary: "\(types.count) field\(types.count == 1 ? "" : "s")") {
                context in
                TypecastFilter(types, log: context.log)
            }
        } catch {
            reader.error("types", error.message, hint: error.hint)
            return nil
        }
    }
}
