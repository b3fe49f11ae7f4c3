import type { Connection } from './connection.ts'
import type { Part } from './part.ts'

/** What can be done to a key that was found. */
export interface KeyPipeline {
  unlink(key: string): unknown
  srem(key: string, ...members: string[]): unknown
}

const STEP = 1_000

/** Goes through the keys that begin with a prefix on every node, some at a time, while Redis answers others in between. */
export async function scanKeys(
  connection: Connection,
  prefix: string,
  each: (pipeline: KeyPipeline, key: string) => void,
): Promise<void> {
  await connection.each(async (node) => {
    let cursor = '0'
    do {
      const [next, keys] = await node.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', STEP)
      const pipeline = node.pipeline()
      for (const key of keys) each(pipeline, key)
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
      cursor = next
    } while (cursor !== '0')
  })
}

/** Takes names out of all sets of models and endpoints, of which nobody knows any more in which they are. */
export async function dropFromSets(
  connection: Connection,
  prefix: string,
  parts: readonly Part[],
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return
  const sets = parts.flatMap(({ keys }) => [keys.byModel(''), keys.byEndpoint('')])
  await scanKeys(connection, prefix, (pipeline, key) => {
    if (!sets.some((begin) => key.startsWith(begin))) return
    for (let at = 0; at < names.length; at += STEP) pipeline.srem(key, ...names.slice(at, at + STEP))
  })
}
