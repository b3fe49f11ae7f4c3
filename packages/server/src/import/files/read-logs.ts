import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ImportRecord, ReadOptions } from '../record.ts'
import { type FileMark, isFileMark, isUnchanged, RESTED_MS } from './file-mark.ts'
import { type FoundFile, findFiles } from './find.ts'
import { LogFile } from './log-file.ts'
import type { LogFormat } from './log-format.ts'

/** Reading gives way after this long, so that what was read can be sent meanwhile. */
const TURN_MS = 10

/**
 * Reads the logs of a tool: files that have changed since their marks, from where they were read to, the oldest first. What
 * another file, or another run, has told of already is left out and counted.
 */
export async function* readLogs(options: ReadOptions, format: LogFormat): AsyncGenerator<ImportRecord, void, void> {
  const { progress, marks } = options
  const problems: ImportRecord[] = []
  const files = findFiles(
    options.paths,
    (path) => format.isLog(path),
    (where, error) => problems.push(unreadable(where, error)),
  )
  if (format.rank !== undefined) {
    const rank = format.rank
    files.sort((a, b) => rank(a.path) - rank(b.path))
  }
  yield* problems
  progress.files += files.length
  const changed: { readonly file: FoundFile; readonly mark: FileMark | undefined }[] = []
  for (const file of files) {
    const mark = marks.get(file.path)
    const known = isFileMark(mark) ? mark : undefined
    const rested = options.nowMs - file.mtimeMs >= RESTED_MS
    const left = options.sinceMs !== undefined && file.mtimeMs < options.sinceMs
    if (left || (known !== undefined && isUnchanged(known, file) && !(known.held && rested))) {
      progress.filesDone++
      progress.unchanged++
    } else {
      progress.bytes += file.size
      changed.push({ file, mark: known })
    }
  }

  let turnMs = performance.now()
  for (const { file, mark } of changed) {
    const bytesBefore = progress.bytesDone
    let reading: LogFile | undefined
    try {
      reading = new LogFile(file, mark, format, options)
      for (const records of reading.records()) {
        for (const record of records) yield record
        if (performance.now() - turnMs > TURN_MS) {
          await nextTurn()
          turnMs = performance.now()
        }
      }
    } catch (error) {
      yield unreadable(file.path, error as Error)
    } finally {
      reading?.close()
    }
    progress.filesDone++
    progress.bytesDone = bytesBefore + file.size
  }
}

const unreadable = (where: string, error: Error): ImportRecord => ({
  problem: { code: 'file_unreadable', message: error.message },
  where,
})
