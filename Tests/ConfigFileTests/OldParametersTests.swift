import ConfigFile
import Testing

@Suite struct OldParametersTests {
    private func shown(_ section: Section?) -> [String] {
        guard let section else { return [] }
        return [section.tag] + section.parameters.map { "\($0.key)=\($0.text ?? "nil")" } + section.sections.map(\.tag)
    }

    @Test("the parser parameters of v0.12 make a <parse>, with places of their own lines")
    func parse() throws {
        let read = try Read(
            "format json\ntime_key t\nkey_name log\ntypes a=integer;b=float\ntypes_delimiter ;\ntypes_label_delimiter ="
        )
        let parse = read.reader.parseSection()
        #expect(shown(parse) == ["<parse>", "@type=json", "types=a:integer,b:float", "time_key=t"])
        #expect(parse?.parameter("@type")?.keyPlace.line == 3)
        _ = read.reader.string("key_name")
        read.reader.finish()
        #expect(read.messages == [])
    }

    @Test("format /…/ is the parser regexp, and an offset in its expression leads to the file")
    func regexp() throws {
        let read = try Read("format /a(b/i\nformat1 /x/")
        let parse = try #require(read.reader.parseSection())
        #expect(shown(parse) == ["<parse>", "@type=regexp", "expression=/a(b/i", "format1=/x/"])
        let reader = SectionReader(parse, diagnostics: read.parsed.diagnostics)
        let regexp = try #require(reader.regexp("expression"))
        #expect(regexp.value.body == "a(b" && regexp.value.isCaseInsensitive)
        #expect(reader.place(ofOffset: regexp.value.bodyOffset + 1, in: regexp.parameter).text == "(")
    }

    @Test("grok's own parameters and sections move along")
    func grok() throws {
        let read = try Read("format grok\ngrok_pattern %{A}\n<grok>\npattern %{B}\n</grok>")
        let parse = read.reader.parseSection(alsoKeys: ["grok_pattern"], alsoSections: ["grok"])
        #expect(shown(parse) == ["<parse>", "@type=grok", "grok_pattern=%{A}", "<grok>"])
        read.reader.finish()
        #expect(read.messages == [])
    }

    @Test("a section that is there is taken as it is, and the old parameters beside it are not used")
    func present() throws {
        let read = try Read("format json\n<parse>\n@type none\n</parse>")
        #expect(shown(read.reader.parseSection()) == ["<parse>", "@type=none"])
        read.reader.finish()
        #expect(read.messages == ["3:1 warning unknown parameter 'format' in <filter a> of type t is not used"])
        #expect(try Read("key_name log\ngrok_pattern x").reader.parseSection(alsoKeys: ["grok_pattern"]) == nil)
    }

    @Test("the buffer parameters of v0.12 make a <buffer>")
    func buffer() throws {
        let read = try Read(
            "flush_interval 1s\nbuffer_type file\nbuffer_chunk_limit 8m\nbuffer_queue_full_action exception\nretry_wait 1s"
        )
        #expect(
            shown(read.reader.bufferSection(chunkKeys: "tag")) == [
                "<buffer tag>", "@type=file", "flush_interval=1s", "chunk_limit_size=8m",
                "overflow_action=throw_exception", "flush_mode=interval",
            ])
        read.reader.finish()
        #expect(read.messages == ["7:1 warning unknown parameter 'retry_wait' in <filter a> of type t is not used"])
        #expect(
            shown(try Read("time_slice_format %Y%m%d%H").reader.bufferSection()) == ["<buffer time>", "timekey=3600"])
        let long = try Read("time_slice_format %Y")
        _ = long.reader.bufferSection()
        #expect(long.messages == ["3:19 error 'time_slice_format' is '%Y', which has no unit up to a day"])
        #expect(try Read("a b").reader.bufferSection() == nil)
    }

    @Test("inject and format are made as Fluentd makes them")
    func others() throws {
        #expect(
            shown(try Read("include_time_key true\ninclude_tag_key yes").reader.injectSection())
                == ["<inject>", "time_key=time", "time_type=string", "tag_key=tag"])
        #expect(
            shown(
                try Read("include_time_key true\ntime_key t\ntime_as_epoch true\ninclude_tag_key false").reader
                    .injectSection())
                == ["<inject>", "time_key=t", "time_type=unixtime"])
        #expect(
            shown(try Read("format ltsv\noutput_tag true").reader.formatSection()) == [
                "<format>", "@type=ltsv", "output_tag=true",
            ])
    }
}
