"""The configurations that are measured, as texts."""
import os, re

from programs import ROOT

ELASTICSEARCH = """<match **>
  @type elasticsearch
  host 127.0.0.1
  port {sink}
  logstash_format true
  logstash_prefix fluentd
  logstash_dateformat %Y%m%d
  include_tag_key true
  tag_key @log_name
  <buffer>
{buffer}    flush_interval 1s
  </buffer>
</match>
"""
NULL = "<match **>\n  @type null\n</match>\n"

# For tags load.N: a line of JSON beside what Docker says.
JSON_LINES = """<filter load.**>
  @type parser
  key_name log
  reserve_data true
  reserve_time true
  <parse>
    @type json
  </parse>
</filter>
"""

# Expressions as configurations have them; each filter of `many_parsers` has one of its own.
GROK = ["%{COMBINEDAPACHELOG}", "%{SYSLOGLINE}", "%{RUBY_LOGGER}", "%{HAPROXYHTTP}",
        "%{TIMESTAMP_ISO8601:time} %{LOGLEVEL:level} %{GREEDYDATA:message}",
        r"%{IPORHOST:client} %{WORD:method} %{URIPATHPARAM:request} %{NUMBER:bytes} %{NUMBER:duration}",
        r"\[%{HTTPDATE:time}\] %{QS:request} %{NUMBER:status:integer}",
        r"service=%{WORD:service} \| event=%{WORD:event} \| path=%{URIPATH:path} \| message='%{GREEDYDATA:message}'"]


def pipeline():
    """The filters of config/default.conf, so that what is measured is what `make run` runs."""
    with open(os.path.join(ROOT, "config", "default.conf")) as file:
        return "".join(re.findall(r"^<filter.*?^</filter>\n", file.read(), re.MULTILINE | re.DOTALL))


def filters_of_others(count):
    """Filters none of which is for the tags that are sent."""
    return "".join(f"<filter other.{n}.**>\n  @type record_transformer\n  <record>\n    number {n}\n  </record>\n</filter>\n"
                   for n in range(count))


def many_parsers(count):
    return "".join(f"<filter app.{n}>\n  @type parser\n  key_name log\n  <parse>\n    @type grok\n"
                   f"    grok_pattern app{n} {GROK[n % len(GROK)]}\n  </parse>\n</filter>\n" for n in range(count))


def source(port, threads=None):
    system = f"<system>\n  threads {threads}\n</system>\n" if threads else ""
    return system + f"<source>\n  @type forward\n  bind 127.0.0.1\n  port {port}\n</source>\n"


def elasticsearch(sink, folder=None):
    """The output, with a buffer in memory or in files of a folder."""
    return ELASTICSEARCH.format(sink=sink, buffer=f"    @type file\n    path {folder}\n" if folder else "")
