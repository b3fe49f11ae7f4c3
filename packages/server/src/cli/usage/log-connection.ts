import type { Config } from '../../config/config.ts'
import { type Connection, connectionTo } from '../connection.ts'
import { openOptions } from '../open-options.ts'
import type { Terminal } from '../terminal.ts'
import { eachLogged } from './agent-logs.ts'

const BATCH = 1_000
/** As far back as anybody asks of a machine's own logs: a month, whatever its length. */
const SHOWN_MS = 31 * 86_400_000

/**
 * What the coding agents of this machine have logged in the last 31 days, as a server would answer of it: read now, kept in
 * memory, written nowhere.
 */
export async function connectToLogs(config: Config, terminal: Terminal): Promise<Connection> {
  const nowMs = Date.now()
  const items: object[] = []
  await eachLogged(terminal, nowMs - SHOWN_MS, nowMs, ({ eventId }, item) => {
    items.push({ ...(item as object), event_id: eventId })
  })
  const { openTallystick } = await import('../../open.ts')
  const { prices = [], dataDir } = openOptions(config)
  const store = `memory:?max_events=${Math.max(1, items.length)}`
  const tallystick = await openTallystick({ dataDir, store, prices })
  for (let at = 0; at < items.length; at += BATCH)
    await tallystick.ingest.submit({ items: items.slice(at, at + BATCH), door: 'import' })
  return connectionTo(tallystick)
}
