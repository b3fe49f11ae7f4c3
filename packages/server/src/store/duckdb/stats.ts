import { stat } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoreStats } from '../store.ts'
import { readRows } from './chunk-reader.ts'
import { readMeta } from './meta.ts'
import { lateEvents, type Meta } from './schema.ts'

/** What the store holds, within one snapshot; `bytes` are those of its files. */
export async function storeStats(connection: DuckDBConnection, path: string): Promise<StoreStats> {
  const [row] = await readRows(connection, 'SELECT count(*), min(timestamp_ms), max(timestamp_ms) FROM events')
  const [events, oldestMs, newestMs] = row as [number, number | null, number | null]
  const meta = (await readMeta(connection)) as Meta
  const sizes = await Promise.all(
    ['', '.wal'].map((suffix) =>
      stat(path + suffix).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return {
    events,
    expired: meta.expired_events,
    cleared: meta.cleared_events,
    appliedOrdinal: meta.applied_ordinal,
    oldestMs,
    newestMs,
    sealedToMs: meta.watermark_ms,
    lateEvents: lateEvents(meta),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  }
}
