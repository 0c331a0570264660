import ConfigFile
import Pipeline
import Testing

/// The journal's source: one wrong line in each, what is said and where; and what is taken.
@Suite("<source> of type systemd")
struct SystemdSectionTests {
    /// What stands between the section's second line and `</source>`.
    static let sources: [(String, [String])] = [
        ("tag j\n<storage>\n@type local\npersistent true\npath /p.json\n</storage>", []),
        ("tag j\n<storage>\npersistent true\n</storage>", []), ("tag j\npos_file /p.pos", []),
        ("tag j", ["1:1 warning no position is kept"]),
        ("tag j\n<storage>\n@type local\npersistent false\n</storage>", ["4:1 warning no position is kept"]),
        ("pos_file /p.pos", ["1:1 error 'tag' is required in <source> of type systemd"]),
        (
            "tag j\npos_file /p.pos\npath /j\nread_from_head true\nmatches [{\"_systemd_unit\":\"a\",\"PRIORITY\":[0,1]},{}]\n"
                + "<entry>\nfield_map {\"MESSAGE\":\"log\",\"_PID\":[\"p\",\"q\"]}\nfield_map_strict true\n"
                + "fields_strip_underscores true\nfields_lowercase true\n</entry>", []
        ),
        ("tag j\npos_file /p.pos\nfilters [{\"A\":\"b\"}]\nstrip_underscores true", []),
        ("tag j\npos_file /p.pos\nmatches {\"A\":\"b\"}", ["5:9 error 'matches' is an array of objects"]),
        ("tag j\npos_file /p.pos\nmatches [\"A\"]", ["5:9 error 'matches' is an array of objects"]),
        ("tag j\npos_file /p.pos\nmatches [{\"a b\":1}]", ["5:9 error 'a b' is no field of a journal"]),
        (
            "tag j\npos_file /p.pos\n<entry>\nfield_map_strict true\n</entry>",
            ["6:18 error without 'field_map' no field is left"]
        ),
        ("tag j\npos_file /p.pos\n<entry>\nfield_map [1]\n</entry>", ["6:11 error 'field_map' is no JSON object"]),
        ("tag j\n<storage>\n@type redis\n</storage>", ["5:7 error a storage of type 'redis' is not supported"]),
        ("tag j\npos_file /p.pos\nmatchs []", ["5:1 error unknown parameter 'matchs'"]),
    ]

    @Test("sections", arguments: sources)
    func sections(_ body: String, _ expected: [String]) {
        Checked.expect("<source>\n@type systemd\n\(body)\n</source>\n<match **>\n@type null\n</match>\n", expected)
    }

    @Test("two sources cannot have one position")
    func positions() {
        let source = "<source>\n@type systemd\ntag j\n<storage>\npath /p.json\n</storage>\n</source>\n"
        Checked.expect(
            source + source + "<match **>\n@type null\n</match>\n",
            ["12:6 error another <source> has its positions in '/p.json' already"])
    }
}
