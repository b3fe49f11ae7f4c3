import { createReadStream, readdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import type { ImportRecord, ReadOptions, WireEvent } from '../record.ts'
import { RowProblem } from './fields.ts'
import { type ExportRow, readRows } from './rows.ts'

/** A file of an export. */
export interface ExportFile {
  readonly path: string
  readonly stats: Stats
}

const EXPORTS = /\.(json|jsonl|ndjson|csv)(\.gz)?$/i

/**
 * The files that were named, and those of folders that were, which have the ending of an export.
 *
 * @throws TallystickError `usage` when nothing was named, `file_unreadable`
 */
export function exportFiles(paths: readonly string[]): readonly ExportFile[] {
  if (paths.length === 0) throw new TallystickError('usage', 'Name the file of the export, or its folder.')
  const found = paths.flatMap((path) => filesAt(path, true))
  if (found.length === 0)
    throw new TallystickError('file_unreadable', `There is no JSON, JSONL or CSV file in ${paths.join(', ')}.`)
  return found
}

function filesAt(path: string, named: boolean): readonly ExportFile[] {
  try {
    const stats = statSync(path)
    if (!stats.isDirectory()) return named || EXPORTS.test(path) ? [{ path, stats }] : []
    return readdirSync(path)
      .sort()
      .flatMap((name) => filesAt(join(path, name), false))
  } catch (cause) {
    throw new TallystickError('file_unreadable', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** The rows of a file, counted in `progress` as they are read. */
export function fileRows(file: ExportFile, { progress }: Pick<ReadOptions, 'progress'>) {
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(file.path) as AsyncIterable<Buffer>) {
      progress.bytesDone += chunk.length
      yield chunk
    }
  }
  return readRows(bytes(), file.path)
}

/**
 * What the files say, as an import takes it. A file that has not changed since all of it was taken is passed over.
 *
 * @param eventOf an item, or undefined for a row that is none; throws {@link RowProblem}
 */
export async function* fileRecords(
  files: readonly ExportFile[],
  options: ReadOptions,
  eventOf: (row: ExportRow) => WireEvent | undefined,
): AsyncGenerator<ImportRecord> {
  const { progress, marks, sinceMs } = options
  for (const file of files) {
    const mark = { key: file.path, value: [file.stats.size, file.stats.mtimeMs, file.stats.ino] }
    if (JSON.stringify(marks.get(mark.key)) === JSON.stringify(mark.value)) {
      progress.unchanged++
      progress.bytesDone += file.stats.size
    } else {
      const taken = { all: true }
      yield* marked(fileRecordsOf(file, options, eventOf), taken)
      if (taken.all && sinceMs === undefined) yield { mark }
    }
    progress.filesDone++
  }
}

/** Notes whether something was left out, for then the file is read again next time. */
async function* marked(records: AsyncIterable<ImportRecord>, taken: { all: boolean }): AsyncGenerator<ImportRecord> {
  for await (const record of records) {
    if ('problem' in record) taken.all = false
    yield record
  }
}

async function* fileRecordsOf(
  file: ExportFile,
  options: ReadOptions,
  eventOf: (row: ExportRow) => WireEvent | undefined,
): AsyncGenerator<ImportRecord> {
  try {
    yield* rowRecords(fileRows(file, options), eventOf, options.sinceMs)
  } catch (error) {
    const { code, message } = error as TallystickError
    const system = typeof code === 'string' && /^E[A-Z]+$/.test(code)
    if (!system && code !== 'file_unreadable') throw error
    yield { problem: { code: 'file_unreadable', message }, where: file.path }
  }
}

/** Each row as an event, or as what is wrong with it. */
export async function* rowRecords(
  rows: AsyncIterable<
    { readonly row: ExportRow; readonly where: string } | { readonly problem: string; readonly where: string }
  >,
  eventOf: (row: ExportRow) => WireEvent | undefined,
  sinceMs: number | undefined,
): AsyncGenerator<ImportRecord> {
  for await (const read of rows) {
    const { where } = read
    if ('problem' in read) {
      yield { problem: { code: 'invalid_json', message: read.problem }, where }
      continue
    }
    let item: WireEvent | undefined
    try {
      item = eventOf(read.row)
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error
      yield { problem: { code: error.code, message: error.message }, where }
      continue
    }
    if (item === undefined) continue
    if (sinceMs !== undefined && (item['timestamp_ms'] as number) < sinceMs) continue
    yield { item, where }
  }
}

/** Says how much there is to read. */
export function announce(files: readonly ExportFile[], { progress }: ReadOptions, passes = 1): void {
  progress.files = files.length
  progress.bytes = files.reduce((sum, { stats }) => sum + stats.size, 0) * passes
}
