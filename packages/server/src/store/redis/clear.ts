import type { Connection } from './connection.ts'
import type { Part } from './part.ts'
import { scanKeys } from './scan-keys.ts'
import { CLEAR } from './scripts.ts'

/**
 * Removes all events, those of others too. They are hidden at once; their documents are then looked for among all keys (which
 * other programs may share), so that nothing is left of what no index knows.
 */
export async function clearParts(connection: Connection, prefix: string, parts: readonly Part[]): Promise<void> {
  for (const { keys } of parts) await connection.run(CLEAR, [keys.state, keys.byTime, keys.byOrdinal, keys.cleared], [])
  const ours = parts.flatMap(({ keys }) => [
    keys.event(''),
    keys.byTime,
    keys.byModel(''),
    keys.byEndpoint(''),
    keys.cleared,
  ])
  const isOurs = (key: string): boolean => ours.some((begin) => key.startsWith(begin))
  await scanKeys(connection, prefix, (pipeline, key) => {
    if (isOurs(key)) pipeline.unlink(key)
  })
  for (const part of parts) part.lostDocuments = 0
}
