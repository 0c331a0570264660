internal import Glibc
package import Logging
internal import Synchronization

/// The database of a geoip filter: one for all loops, opened when it is there, and anew when another has taken its place.
///
/// Neither a start nor an event waits for it: what cannot be opened is told, and looked for again. geoipupdate brings a new one
/// every few days and puts it there by rename(2); the old one stays in use where the new one cannot be read.
package final class GeoIPDatabaseFile: Sendable {
    /// How often the file is looked at, as events come.
    package static let checkMilliseconds: Int64 = 60_000

    /// Where geoipupdate and Debian's geoip-database-extra put MaxMind's free database.
    package static let usualPaths = ["/usr/share/GeoIP/GeoLite2-City.mmdb", "/var/lib/GeoIP/GeoLite2-City.mmdb"]

    /// Which of them exists is found at each look.
    package let paths: [String]
    private let libraryName: String
    private let state = Mutex(State())

    private struct State {
        var database: GeoIPDatabase?
        /// Of the file that was opened last, or could not be.
        var identity: Identity?
        var nextCheck = Int64.min
        /// What was last said to be wrong; nil: nothing is.
        var problem: String?
    }

    /// What changes with another file.
    private struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    /// - Parameters:
    ///   - paths: the first one that exists counts; never empty.
    ///   - libraryName: of libmaxminddb, as dlopen(3) looks for it.
    package init(_ paths: [String], libraryName: String = "libmaxminddb.so.0") {
        self.paths = paths
        self.libraryName = libraryName
    }

    /// The database as it is now, and when to ask again. A file is opened here at most once a minute, and a map of it costs
    /// little.
    ///
    /// - Parameters:
    ///   - now: milliseconds of a clock that never goes back.
    ///   - log: gets what has changed for better or worse, once.
    package func database(at now: Int64, _ log: Log) -> (database: GeoIPDatabase?, nextCheck: Int64) {
        state.withLock { state in
            guard now >= state.nextCheck else { return (state.database, state.nextCheck) }
            state.nextCheck = now + Self.checkMilliseconds
            let before = state.problem
            let hadDatabase = state.database != nil
            let path = look(&state)
            if let problem = state.problem {
                if problem != before {
                    log.warn(
                        "\(problem): \(hadDatabase ? "the one from before stays in use" : "geoip has no values")",
                        ["retry": "every \(Self.checkMilliseconds / 1000) s"])
                }
            } else if let path {
                log.info("geoip database \(hadDatabase ? "changed" : "opened")", ["path": path])
            }
            return (state.database, state.nextCheck)
        }
    }

    /// What is wrong with it at a start, which says it where the section stands, so that the log need not; nil: nothing.
    package func problemAtStart(at now: Int64) -> String? {
        state.withLock { state in
            state.nextCheck = now + Self.checkMilliseconds
            _ = look(&state)
            return state.problem
        }
    }

    /// Returns the path of what was opened; nil: nothing was.
    private func look(_ state: inout State) -> String? {
        var status = stat()
        // The pointer is to a local and does not leave the call.
        guard let path = paths.first(where: { unsafe stat($0, &status) == 0 }) else {
            state.problem = "there is no geoip database \(paths.map { "'\($0)'" }.joined(separator: " or "))"
            state.identity = nil
            return nil
        }
        let identity = Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        // A broken file is tried again when it is another one, or was for want of the library or a right.
        if identity == state.identity, state.problem == nil { return nil }
        state.identity = identity
        guard status.st_mode & S_IFMT == S_IFREG else {
            state.problem = "the geoip database '\(path)' is no regular file"
            return nil
        }
        do throws(LibMaxMindDB.Failure) {
            let library = try LibMaxMindDB(libraryName)
            do throws(LibMaxMindDB.Failure) {
                state.database = try GeoIPDatabase(path, library)
                state.problem = nil
                return path
            } catch {
                state.problem = "the geoip database '\(path)' cannot be read: \(error)"
            }
        } catch {
            state.problem = error.description
        }
        return nil
    }
}
