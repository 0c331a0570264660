/// What `<match> @type file` says, with Fluentd's defaults (`lib/fluent/plugin/out_file.rb`).
package struct FileSettings: Sendable {
    package var path: FilePath
    /// One file that grows, instead of one with a number for each chunk.
    package var appends = false
    package var isCompressed = false
    /// `<system>` `file_permission` and `dir_permission`; nil: 0644 and 0755, less what the process's umask takes.
    package var fileMode: UInt32?
    package var folderMode: UInt32?
    /// Whether what is written is on the disk before it counts as delivered (`durability power`).
    package var waitsForDisk = false
    /// `symlink_path`: a symbolic link to the file that was written last, of the newest slice.
    package var linkPath: String?
    /// `symlink_path_use_relative`: the link names the file from its own folder on, so that both can be moved together.
    package var linkIsRelative = false
    /// The beginning of the slice that a moment falls into; the moment itself where there are no slices.
    package var slice: @Sendable (_ seconds: Int64) -> Int64 = { $0 }

    package init(path: FilePath) { self.path = path }
}
