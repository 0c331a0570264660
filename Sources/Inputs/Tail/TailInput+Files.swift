internal import EventLoop
internal import Events
internal import Glibc
internal import Logging
internal import Time

/// Which files are followed, and what happens to them.
extension TailInput {
    func key(_ path: String, _ facts: stat) -> String {
        settings.followsInodes ? "\(facts.st_dev):\(facts.st_ino)" : path
    }

    /// Looks for the files that the paths name.
    func refresh() {
        guard phase == .reading, !isResting else { return }
        let now = Clock.now()
        var replaced: [PositionFile.Line] = []
        let excluded = settings.excludedPaths.map { FileGlob.filled($0, at: now) }
        var found: Set<String> = []
        for path in FileGlob.paths(settings.paths.map { FileGlob.filled($0, at: now) }) {
            if excluded.contains(where: { FileGlob.matches($0, path) }) { continue }
            guard let facts = FileGlob.facts(of: path), facts.st_mode & S_IFMT != S_IFDIR else { continue }
            let key = key(path, facts)
            if let known = files[key] {
                found.insert(key)
                if !settings.followsInodes { look(at: known) }
                continue
            }
            if isTooOld(facts, now) { continue }
            if let file = open(path, facts, &replaced) {
                files[key] = file
                found.insert(key)
            }
        }
        for (key, file) in files where !found.contains(key) {
            files[key] = nil
            end(file, .gone)
        }
        // Positions of files that are no longer where they were are left out, as in Fluentd.
        if isFirstLook { replaced += (positions?.unused ?? []).filter { FileGlob.facts(of: $0.path) == nil } }
        recover(replaced)
        isFirstLook = false
        compactPositions()
    }

    /// `limit_recently_modified`
    private func isTooOld(_ facts: stat, _ now: EventTime) -> Bool {
        settings.recentlyModifiedSeconds.map { Int64(facts.st_mtim.tv_sec) < now.seconds - $0 } ?? false
    }

    /// - Parameter replaced: gets the positions of other files that had this path.
    private func open(_ path: String, _ facts: stat, _ replaced: inout [PositionFile.Line]) -> TailedFile? {
        let inode = UInt64(facts.st_ino)
        let candidates = settings.followsInodes ? positions?.unused(inode: inode) : positions?.unused(path: path)
        let known = candidates?.last { $0.inode == inode }
        let others = settings.followsInodes ? [] : candidates?.filter { $0.inode != inode }
        let isNew = known == nil && (others ?? []).isEmpty
        let start = known?.offset ?? (isNew && isFirstLook && !settings.readsFromHead ? UInt64(facts.st_size) : 0)
        guard let file = make(path, at: start) else { return nil }
        replaced += others ?? []
        file.position = known ?? positions?.line(path: path, inode: file.inode, offset: file.consumedOffset)
        if let position = file.position { positions?.set(position, offset: file.consumedOffset) }
        log.info("following a file", ["path": path, "from": file.consumedOffset])
        return file
    }

    func make(_ path: String, at offset: UInt64) -> TailedFile? {
        do throws(TailedFile.Failure) {
            let file = try TailedFile(path, tag: settings.tag(of: path), at: offset)
            join(file)
            watch(file)
            schedule(file)
            return file
        } catch {
            log.limited(
                .warn, kind: "open", subject: ["path": path],
                "cannot read \(path): \(unsafe String(cString: strerror(error.code)))")
            return nil
        }
    }

    /// Files that were replaced while nobody followed them: what was not read of one is read under its new name, where that
    /// is in the same folder. Each folder is looked into once, however many files of it are gone.
    private func recover(_ lines: [PositionFile.Line]) {
        guard !lines.isEmpty else { return }
        let folders = Dictionary(grouping: lines) { line in
            line.path.lastIndex(of: "/").map { String(line.path[..<$0]) } ?? ""
        }
        for (folder, lines) in folders {
            var missing = Dictionary(grouping: lines, by: \.inode)
            for name in FileGlob.names(of: folder) where !missing.isEmpty {
                let path = folder + "/" + name
                var facts = stat()
                guard unsafe lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { continue }
                missing[UInt64(facts.st_ino)]?.removeAll { line in
                    UInt64(facts.st_size) > line.offset && readRest(of: line, at: path)
                }
            }
            for line in missing.values.joined() {
                positions?.remove(line)
                wantsRewrite = true
            }
        }
    }

    /// - Returns: whether the file could be opened.
    private func readRest(of line: PositionFile.Line, at path: String) -> Bool {
        guard let file = try? TailedFile(path, tag: settings.tag(of: line.path), at: line.offset) else { return false }
        log.info("reading the rest of a file that was replaced", ["path": path, "from": line.offset])
        file.position = line
        end(file, .replaced)
        return true
    }

    /// A file that is read to its end and then left.
    func end(_ file: TailedFile, _ ending: TailedFile.Ending) {
        file.ending = ending
        file.deadlineMilliseconds = loop.now + settings.rotateWaitMilliseconds
        leave(file)
        if let place = file.place, byPlace[place.path] === file { byPlace[place.path] = nil }
        endings[ObjectIdentifier(file)] = file
        schedule(file)
    }

    // MARK: - What happens to them

    /// Told of what is written beside a file: the folder that it is really in.
    func watch(_ file: TailedFile) {
        guard let resolved = unsafe realpath(file.path, nil) else { return }
        // Memory of the C library's, which is ours to free.
        defer { unsafe free(resolved) }
        let real = unsafe String(cString: resolved)
        let folder = real.lastIndex(of: "/").map { String(real[..<$0]) } ?? "."
        file.place = (folder, real)
        byPlace[real] = file
        watchedFiles[folder, default: 0] += 1
        guard !isWatchingRefused else { return }
        do throws(LoopError) {
            if watch == nil {
                watch = try FolderWatch(on: loop) { [unowned self] folder, changes in happened(changes, in: folder) }
            }
            try watch?.begin(folder)
        } catch {
            isWatchingRefused = true
            log.warn("files are looked at once a second: \(error)")
        }
    }

    /// A folder is watched until the last of its files is left: another may come under a name that is free for a moment.
    func stopWatching(_ file: TailedFile) {
        guard let place = file.place else { return }
        file.place = nil
        let left = (watchedFiles[place.folder] ?? 1) - 1
        watchedFiles[place.folder] = left > 0 ? left : nil
        if left == 0 { watch?.end(place.folder) }
    }

    func happened(_ changes: [FolderWatch.Change], in folder: String) {
        guard phase == .reading, !isResting else { return }
        var names: [String] = []
        for change in changes {
            switch change {
            case .lost: for file in all { if file.ending == nil { look(at: file) } else { schedule(file) } }
            case .changed(let name): changed("\(folder)/\(name)")
            case .moved(let old, let new):
                let (from, to) = ("\(folder)/\(old)", "\(folder)/\(new)")
                let origin = moved.removeValue(forKey: from)?.origin ?? byPlace[from]?.path
                // Where a name was free for a moment, nobody has followed what came and went under it.
                let named = origin ?? (byPlace[to] == nil && isNamed(from) ? from : nil)
                if let named, byPlace[to] == nil {
                    moved[to] = (named, loop.now)
                    names.append(to)
                }
                changed(to)
            }
        }
        for name in names { readIfMissed(name) }
    }

    /// What came under a path that is followed and was moved on before anybody looked: nobody has read it yet.
    private func readIfMissed(_ path: String) {
        guard let origin = moved[path]?.origin, let facts = FileGlob.facts(of: path), facts.st_mode & S_IFMT == S_IFREG,
            !isTooOld(facts, Clock.now()),
            !endings.values.contains(where: { !$0.isReplaced(by: facts) })
        else { return }
        if readToEnd.has(FileIdentity(facts), FileBirth(ofFile: path), atMilliseconds: loop.now) { return }
        guard !files.values.contains(where: { !$0.isReplaced(by: facts) }), !isNamed(path),
            let file = try? TailedFile(path, tag: settings.tag(of: origin), at: 0), !file.isReplaced(by: facts)
        else { return }
        log.info("reading a file that was replaced before it was looked at", ["path": path])
        file.position = positions?.line(path: origin, inode: file.inode, offset: 0)
        end(file, .replaced)
    }

    /// Whether the next look for files will find it.
    private func isNamed(_ path: String) -> Bool {
        let now = Clock.now()
        func fits(_ pattern: String) -> Bool { FileGlob.matches(FileGlob.filled(pattern, at: now), path) }
        return settings.paths.contains(where: fits) && !settings.excludedPaths.contains(where: fits)
    }

    func changed(_ path: String) {
        if let file = byPlace[path] { return look(at: file) }
        // A file that another has replaced is written under another name.
        guard !endings.isEmpty, let facts = FileGlob.facts(of: path) else { return }
        for file in endings.values where !file.isReplaced(by: facts) { schedule(file) }
    }

    func poll() {
        guard phase == .reading, !isResting else { return }
        for file in all {
            if let interval = settings.multilineFlushMilliseconds, let text = file.text, !file.isHeld,
                loop.now - text.changedAtMilliseconds >= interval
            {
                flushText(of: file)
            }
            if file.isHeld, loop.now >= file.retryAtMilliseconds { file.isHeld = false }
            if file.ending == nil { look(at: file) } else { schedule(file) }
        }
        if !moved.isEmpty { moved = moved.filter { loop.now - $0.value.atMilliseconds < Self.movesKeptMilliseconds } }
        // Longer than the names: a file is left some time after its first move.
        readToEnd.forget(olderThanMilliseconds: 2 * Self.movesKeptMilliseconds, atMilliseconds: loop.now)
        compactPositions()
    }

    /// Leaves out lines that were removed, at most once a second.
    func compactPositions() {
        guard wantsRewrite, loop.now >= nextRewriteMilliseconds else { return }
        wantsRewrite = false
        nextRewriteMilliseconds = loop.now + 1000
        positions?.compact()
    }

    /// Sees whether there is more, or the file was cut or replaced.
    func look(at file: TailedFile) {
        let facts = settings.followsInodes ? nil : FileGlob.facts(of: file.path)
        if let facts, file.isReplaced(by: facts) {
            files[file.path] = nil
            end(file, .replaced)
            if let successor = make(file.path, at: 0) {
                successor.position = positions?.line(path: file.path, inode: successor.inode, offset: 0)
                files[file.path] = successor
                log.info("a file was replaced", ["path": file.path])
            }
            return
        }
        guard let size = facts.map({ UInt64($0.st_size) }) ?? file.size else { return }
        if size < file.readOffset {
            log.info("a file was cut: it is read from its beginning", ["path": file.path])
            if !file.isHeld { flushText(of: file) }
            file.restart()
            if let position = file.position { positions?.set(position, offset: 0) }
        }
        if size != file.readOffset { schedule(file) }
    }
}
