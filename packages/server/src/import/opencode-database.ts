import { basename } from 'node:path'
import { Emission } from './files/emission.ts'
import { RESTED_MS } from './files/file-mark.ts'
import { type FoundFile, findFiles } from './files/find.ts'
import type { Draft } from './files/log-format.ts'
import { opencodeDraft } from './opencode-message.ts'
import type { ImportRecord, ReadOptions } from './record.ts'
import { logState, Pages } from './sqlite/pages.ts'
import { rowsOf, tablesOf } from './sqlite/table.ts'
import { objectOf, textOf } from './usage-item.ts'

export const isOpencodeDatabase = (path: string): boolean => /^opencode.*\.db$/.test(basename(path))

/** Tables of messages, the older first: a session that stands in both is read from the older one alone. */
const TABLES = ['message', 'session_message']
/** How often a database is read anew that was written to meanwhile. */
const ATTEMPTS = 3

/** Reads the databases of opencode in which something has changed; each has a row for each message, with its JSON in `data`. */
export async function* readOpencodeDatabases(options: ReadOptions): AsyncGenerator<ImportRecord, void, void> {
  const { progress, marks, nowMs } = options
  const problems: ImportRecord[] = []
  const files = findFiles(options.paths, isOpencodeDatabase, (path, error) =>
    // What is neither there nor a folder was said already.
    isOpencodeDatabase(path) ? problems.push(unreadable(path, error)) : undefined,
  ).filter(({ path }) => isOpencodeDatabase(path))
  yield* problems
  progress.files += files.length
  for (const file of files) {
    const mark = JSON.stringify([file.size, file.mtimeMs, file.ino, logState(file.path)])
    if (marks.get(file.path) === mark) progress.unchanged++
    else {
      progress.bytes += file.size
      try {
        const emission = new Emission(options)
        let held = 0
        for (const draft of draftsOf(file)) {
          if (!draft.final && nowMs - file.mtimeMs < RESTED_MS) held++
          else {
            const record = emission.record(draft, `${file.path}, message ${draft.name}`)
            if (record !== undefined) yield record
          }
        }
        progress.held += held
        if (held === 0 && !emission.leftOut) yield { mark: { key: file.path, value: mark } }
      } catch (error) {
        yield unreadable(file.path, error as Error)
      }
      progress.bytesDone += file.size
    }
    progress.filesDone++
  }
}

function draftsOf({ path }: FoundFile): readonly Draft[] {
  for (let attempt = 1; ; attempt++) {
    const pages = new Pages(path)
    try {
      const drafts = readDrafts(pages)
      if (!pages.changed) return drafts
      if (attempt === ATTEMPTS) throw new Error('The database is being written to; import again when it is at rest.')
    } catch (error) {
      // Pages of two moments do not fit together.
      if (attempt === ATTEMPTS || !pages.changed) throw error
    } finally {
      pages.close()
    }
  }
}

function readDrafts(pages: Pages): Draft[] {
  const tables = tablesOf(pages)
  const drafts: Draft[] = []
  const sessions = new Set<string>()
  for (const name of TABLES) {
    const table = tables.get(name)
    if (table === undefined) continue
    const found: Draft[] = []
    for (const row of rowsOf(pages, table)) {
      const session = textOf(row.get('session_id'))
      if (session !== undefined && sessions.has(session)) continue
      const message = parsed(row.get('data'))
      if (message === undefined) continue
      const type = textOf(row.get('type'))
      const draft = opencodeDraft(type === undefined ? message : { type, ...message }, {
        id: textOf(row.get('id')),
        session,
      })
      if (draft !== undefined) found.push(draft)
    }
    for (const { item } of found) sessions.add(String(item['session_id']))
    drafts.push(...found)
  }
  return drafts
}

function parsed(data: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof data !== 'string' || !data.includes('"tokens"')) return undefined
  try {
    return objectOf(JSON.parse(data))
  } catch {
    return undefined
  }
}

const unreadable = (where: string, error: Error): ImportRecord => ({
  problem: { code: 'file_unreadable', message: error.message },
  where,
})
