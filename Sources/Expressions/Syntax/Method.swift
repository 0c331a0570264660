/// Every method and function that expressions can call, by its name in Ruby.
///
/// The list is closed: a name that is not here is refused when the configuration is read.
enum Method: String, CaseIterable, BitwiseCopyable {
    // MARK: Operators
    case plus = "+", minus = "-", times_op = "*", divide = "/", modulo_op = "%", power = "**"
    case negate = "-@", identity = "+@", invert_bits = "~"
    case equal = "==", not_equal = "!=", case_equal = "===", match_op = "=~", not_match = "!~", compare = "<=>"
    case less = "<", less_equal = "<=", greater = ">", greater_equal = ">="
    case shift_left = "<<", shift_right = ">>", bit_and = "&", bit_or = "|", bit_xor = "^"
    case at_index = "[]"

    // MARK: Every object
    case `class`, is_a = "is_a?", kind_of = "kind_of?", instance_of = "instance_of?", respond_to = "respond_to?"
    case is_nil = "nil?", inspect, to_s, to_json, dup, clone, freeze, is_frozen = "frozen?", itself, then, yield_self
    case tap, is_eql = "eql?", is_equal = "equal?", hash

    // MARK: Conversions
    case to_i, to_f, to_int, to_str, to_sym, intern, to_a, to_ary, to_h, to_hash, to_time, to_date
    case to_datetime

    // MARK: Strings
    case length, size, bytesize, is_empty = "empty?", upcase, downcase, capitalize, swapcase, strip, lstrip, rstrip,
        chomp
    case chop, chr, chars, bytes, lines, split, gsub, sub, tr, tr_s, delete, squeeze, count, include = "include?"
    case start_with = "start_with?", end_with = "end_with?", match, is_match = "match?", slice, index, rindex, scan
    case center, ljust, rjust, reverse, concat, prepend, insert, delete_prefix, delete_suffix, partition, rpartition
    case succ, next, ord, hex, oct, encode, force_encoding, scrub, encoding, valid_encoding = "valid_encoding?", b
    case unicode_normalize, casecmp, is_casecmp = "casecmp?", is_ascii_only = "ascii_only?", each_char, each_line,
        each_byte
    case between = "between?", sum, dump, byteslice, getbyte, codepoints, replace

    /// Of addresses, which are texts here.
    case is_ipv4 = "ipv4?", is_ipv6 = "ipv6?"

    // MARK: Arrays and hashes
    case at, dig, first, last, member = "member?", join, map, collect, flat_map, collect_concat, select, filter, reject
    case find, detect, find_all, filter_map, each, each_with_index, each_slice, each_cons, each_pair
    case with_index, each_index, inject, reduce, min, max, minmax, min_by, max_by, sort, sort_by, uniq, compact, flatten
    case push, append, unshift, pop, shift, take, drop, take_while, drop_while, is_any = "any?", is_all = "all?"
    case is_none = "none?", is_one = "one?", find_index, zip, group_by, tally, rotate, values_at, fetch, difference
    case union, intersection, is_intersect = "intersect?", transpose, step, entries, to_set
    case key = "key?", has_key = "has_key?", value = "value?", has_value = "has_value?", keys, values, merge
    case transform_values, transform_keys, invert, except, key_of = "key", fetch_values, each_key, each_value
    case delete_if, keep_if, assoc, each_entry, grep, grep_v

    // MARK: Numbers
    case abs, magnitude, round, floor, ceil, truncate, div, modulo, divmod, fdiv, remainder, pow, is_zero = "zero?"
    case is_positive = "positive?", is_negative = "negative?", is_even = "even?", is_odd = "odd?", is_nonzero =
        "nonzero?"
    case is_nan = "nan?", is_infinite = "infinite?", is_finite = "finite?", is_integer = "integer?", clamp, times, upto
    case downto, pred, digits, bit_length, gcd, lcm

    // MARK: Times
    case strftime, iso8601, xmlschema, rfc3339, rfc2822, httpdate, utc, gmtime, getutc, getgm, localtime, getlocal, year
    case month, mon, day, mday, hour, minute, sec, second, usec, tv_usec, nsec, tv_nsec, tv_sec, subsec, wday, yday,
        zone
    case utc_offset, gmt_offset, gmtoff, is_utc = "utc?", is_gmt = "gmt?", is_monday = "monday?", is_sunday = "sunday?"
    case is_saturday = "saturday?", new_offset, ctime, asctime

    // MARK: Matches, ranges, regular expressions
    case captures, named_captures, names, pre_match, post_match, begin, end, offset, source, cover = "cover?"
    case name

    // MARK: Of classes
    case now, parse, strptime, new, gm, local, mktime, today, generate, pretty_generate, load, gethostname, uuid
    case random_number, encode64, strict_encode64, urlsafe_encode64, decode64, strict_decode64, urlsafe_decode64
    case hexdigest, base64digest, escape, unescape, escapeHTML, unescapeHTML, decode_www_form_component
    case encode_www_form_component, pid, last_match

    // MARK: Files, for configurations
    case read, open, readlines, gets, readline, close, is_exist = "exist?", is_exists = "exists?", is_file = "file?"
    case is_directory = "directory?", is_readable = "readable?", basename, dirname, extname, expand_path, pwd, getwd

    // MARK: Functions
    case format, sprintf, Integer, Float, String, Array, Hash, `raise`

    /// Functions: what can be called on nothing.
    static let functions: [Method] = [.format, .sprintf, .Integer, .Float, .String, .Array, .Hash, .raise]

    /// Methods of files and folders alone.
    static let ofFiles: [Method] = [
        .read, .open, .readlines, .gets, .readline, .close, .is_exist, .is_exists, .is_file, .is_directory,
        .is_readable, .basename, .dirname, .extname, .expand_path, .pwd, .getwd,
    ]

    /// Methods of `File` that only look at the text of a path: expressions of events have them, too.
    static let ofPaths: [Method] = [.basename, .dirname, .extname, .join]

    /// What every object has, classes too.
    static let ofEveryObject: [Method] = [
        .equal, .not_equal, .case_equal, .match_op, .not_match, .class, .is_a, .kind_of, .instance_of, .respond_to,
        .is_nil,
        .inspect, .to_s, .to_json, .dup, .clone, .freeze, .is_frozen, .itself, .then, .yield_self, .tap, .is_eql,
        .is_equal,
        .hash, .name,
    ]

    /// Whether a word behind the name and a blank can be its argument, as in `x.fetch key`.
    var takesArguments: Bool {
        switch self {
        case .include, .start_with, .end_with, .fetch, .key, .has_key, .member, .split, .join, .dig, .delete_prefix,
            .delete_suffix, .strftime, .is_a, .kind_of, .instance_of, .value, .has_value, .merge, .format, .sprintf,
            .Integer, .Float, .String, .Array, .between, .parse, .at, .raise:
            true
        default: false
        }
    }

    /// Methods that take a regular expression, so that a `/` behind the name and a blank begins one.
    var takesPattern: Bool {
        switch self {
        case .gsub, .sub, .match, .is_match, .scan, .split, .index, .rindex, .partition, .rpartition, .start_with,
            .slice, .grep, .grep_v:
            true
        default: false
        }
    }

    /// What changes its receiver in Ruby. Here values never change, so it is refused on the record.
    var changesReceiver: Bool {
        switch self {
        case .shift_left, .push, .append, .unshift, .pop, .shift, .prepend, .insert, .concat, .delete_if, .keep_if,
            .replace:
            true
        default: false
        }
    }
}
