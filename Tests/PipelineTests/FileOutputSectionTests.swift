import ConfigFile
import Pipeline
import Testing

/// `<match>` of type file: one wrong line in each, what is said and where; and what is taken.
@Suite("<match> of type file")
struct FileOutputSectionTests {
    /// What stands between `@type file` (line 2) and `</match>`. A message may be shortened.
    static let matches: [(String, [String])] = [
        ("path /d/log", []), ("", ["1:1 error 'path' is required in <match **> of type file"]),
        ("path", ["3:1 error 'path' is empty"]), ("pth /d/log", ["3:1 error unknown parameter 'pth'"]),
        ("path /d/log\nappend true\ncompress gz\nrecompress true", ["6:1 note 'recompress'"]),
        ("path /d/log\ncompress bzip2", ["4:10 error 'compress' is 'bzip2', which is not valid"]),
        ("path /d/${tag}", ["3:9 error '${tag}' in 'path' needs the chunk key 'tag'"]),
        ("path /d/${tag[1]}", ["3:9 error '${tag[1]}' in 'path' needs the chunk key 'tag'"]),
        ("path /d/${tag}\n<buffer tag, time>\n</buffer>", []),
        ("path /d/log\n<buffer tag, time>\n</buffer>", ["3:6 error 'tag' is a chunk key, and 'path' does not say it"]),
        (
            "path /d/log\n<buffer user, time>\n</buffer>",
            ["3:6 error 'user' is a chunk key, and 'path' does not say it"]
        ),
        (
            "path /d/${usr}\n<buffer user, time>\n</buffer>",
            ["3:6 error 'user' is a chunk key", "3:9 error '${usr}' in 'path' is neither"]
        ),
        ("path /d/${$.k.n}_${chunk_id}\n<buffer $.k.n>\n</buffer>", []),
        ("path /d/log.*", []), ("path /d/a.*.log", []),
        ("path /d/log.*\n<buffer []>\n</buffer>", ["3:6 error the '*' in 'path' stands for the time"]),
        ("path /d/*/log", ["3:6 error files are numbered where the '*' in 'path' stands"]),
        ("path /d/*/log\nappend true", []),
        ("path /d/%Y%m%d.%H", []),
        ("path /d/%Y/%m", ["3:6 error 'path' says only a part of the time slice: %d is missing"]),
        ("path /d/%H%M", []), ("path /d/%Y%m%d\n<buffer []>\n</buffer>", ["3:6 error 'path' says the time ('%d')"]),
        ("path /d/%Y\n<buffer []>\n</buffer>", []),
        (
            "path /d/%Y%m%d\n<buffer time>\ntimekey 1h\n</buffer>",
            ["3:6 error 'path' says only a part of the time slice: %H"]
        ),
        ("path /d/log\ntime_slice_format %Y%m%d%H\ntime_slice_wait 1s", []),
        (
            "path /d/log\ntime_slice_format %Y%m%d\n<buffer time>\ntimekey 1h\n</buffer>",
            ["3:6 error slices of 3600 seconds"]
        ),
        ("path /d/log/", ["3:6 warning 'path' ends with '/'"]),
        (
            "path /d/log\nappend true\npath_suffix \"\"\n<buffer []>\n</buffer>",
            ["3:6 error the file '/d/log' would have the name"]
        ),
        ("path /d/log\nappend true\nadd_path_suffix false\n<buffer []>\npath /d/buffer\n</buffer>", []),
        ("path /d/log\n<buffer>\n@type memory\n</buffer>", []),
        ("path /d/log\nbuffer_type memory\nflush_interval 1s", []),
        ("path /d/log\nretry_wait 1s", ["4:1 warning 'retry_wait' in <match **> of type file has no effect"]),
        ("path /d/log\n<format>\n@type jsn\n</format>", ["5:7 error '@type' is 'jsn', which is not valid"]),
        ("path /d/log\n<format>\n@type csv\n</format>", ["4:1 error 'fields' is required in <format>"]),
        (
            "path /d/log\n<format>\n@type csv\nfields $.a.\n</format>",
            ["6:8 error '$.a.' in 'fields' is no place in a record"]
        ),
        ("path /d/log\n<format>\n@type tsv\n</format>", ["4:1 error 'keys' is required in <format>"]),
        (
            "path /d/log\n<format>\n@type json\ntime_format %H\n</format>",
            ["6:1 warning unknown parameter 'time_format'"]
        ),
        ("path /d/log\n<format>\ntime_format %H%!\n</format>", ["5:15 error unknown directive '%!'"]),
        ("path /d/log\n<format>\ntimezone JST\n</format>", ["5:10 error unsupported timezone 'JST'"]),
        ("path /d/log\n<format>\nutc\nlocaltime\n</format>", ["5:1 error 'utc' and 'localtime'"]),
        ("path /d/log\nformat json\ninclude_tag_key true\ninclude_time_key true\ntime_key t\ntime_format %s", []),
        ("path /d/log\nformat csv\nfields a,b\nforce_quote false", []),
        ("path /d/log\n<inject>\n</inject>", ["4:1 warning <inject> adds nothing"]),
        (
            "path /d/log\n<inject>\ntime_format %H\ntag_key t\n</inject>",
            ["5:1 warning 'time_format' has no effect: no time"]
        ),
        (
            "path /d/log\n<inject>\ntime_key t\ntime_format %H\n</inject>",
            ["6:1 warning 'time_format' has no effect: the time is"]
        ),
        (
            "path /d/log\n<inject>\ntag_kye t\n</inject>",
            ["4:1 warning <inject> adds nothing", "5:1 error unknown parameter 'tag_kye'"]
        ),
        ("path /d/log\nsymlink_path /d/now", []),
    ]

    @Test("sections", arguments: matches)
    func sections(_ body: String, _ expected: [String]) {
        Checked.expect("<match **>\n@type file\n\(body)\n</match>\n<source>\n@type forward\n</source>\n", expected)
    }

    @Test("two outputs cannot have one buffer") func buffers() {
        let output = "<store>\n@type file\npath /d/log\n</store>\n"
        Checked.expect(
            "<source>\n@type forward\n</source>\n<match **>\n@type copy\n\(output)\(output)</match>\n",
            ["12:6 error another output has its buffer in '/d/log' already"])
    }

    @Test(
        "the plan says where files go",
        arguments: [
            ("path /d/log", "/d/log.%Y%m%d_N.log"), ("path /d/log\nappend true\ncompress gzip", "/d/log.%Y%m%d.log.gz"),
            ("path /d/a.*\n<buffer time>\ntimekey 60\n</buffer>", "/d/a.%Y%m%d%H%M_N"),
            ("path /d/log\nformat ltsv\n<buffer []>\n</buffer>", "/d/log_N.log, ltsv"),
            ("path /d/log\ntime_slice_format %H-%d", "/d/log.%H-%d_N.log"),
            ("path /d/log\n<buffer time>\ntimekey 30\n</buffer>", "/d/log.%Y%m%d%H%M%S_N.log"),
        ])
    func summaries(_ body: String, _ summary: String) {
        let plan = Checked("<match **>\n@type file\n\(body)\n</match>\n").plan
        guard case .match(_, let output)? = plan.labels.first?.rules.first else {
            Issue.record("no output")
            return
        }
        #expect(output.summary == summary)
    }

    @Test(
        "modes of files are octal",
        arguments: [("0640", true), ("640", true), ("0o600", true), ("888", false), ("u+x", false), ("7777", false)])
    func modes(_ mode: String, _ isMode: Bool) {
        let checked = Checked(
            "<system>\nfile_permission \(mode)\n</system>\n<source>\n@type forward\n</source>\n<match **>\n@type stdout\n</match>\n"
        )
        #expect(
            checked.errors.map(\.message)
                == (isMode ? [] : ["'file_permission' is '\(mode)', which is no mode of a file"]))
    }
}
