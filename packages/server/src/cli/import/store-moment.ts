import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreMoment } from '../../import/state.ts'
import type { Connection } from '../connection.ts'

interface Status {
  readonly started_ms: number
  readonly readiness: { readonly durable_ordinal: number }
  readonly store: { readonly cleared_events?: number }
  readonly journal: { readonly id: string; readonly quarantined_lines: number } | null
}

/**
 * What the store behind a connection can be recognised by. Undefined where the key may not ask: an import that cannot tell
 * one store from another remembers nothing of what it read.
 */
export async function storeMoment(connection: Connection): Promise<StoreMoment | undefined> {
  const response = await connection.call('/api/v1/status')
  if (!response.ok) return undefined
  const { journal, readiness, store, started_ms } = (await response.json()) as Status
  // A store without a journal is gone when its process is. A journal of all tenants is not shown to one of them.
  if (journal === null) return { store: `started ${started_ms}`, ordinal: 0 }
  const { id, quarantined_lines } = journal
  return {
    store: `${id} lost ${quarantined_lines} cleared ${store.cleared_events ?? 0}`,
    ordinal: readiness.durable_ordinal,
  }
}

/** Changes with every write to the journal of a data directory. Undefined where there is none. */
export function directoryState(dataDir: string): string | undefined {
  const folder = join(dataDir, 'journal')
  try {
    const files = readdirSync(folder)
      .sort()
      .map((name) => {
        const { size, mtimeMs, ino } = statSync(join(folder, name))
        return [name, size, mtimeMs, ino]
      })
    return createHash('sha256').update(JSON.stringify(files)).digest('hex')
  } catch {
    return undefined
  }
}
