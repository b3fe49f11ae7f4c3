import { indexed } from './documents.ts'
import type { Part } from './part.ts'

const STEP_NAMES = 500

/**
 * Takes out what came through the journal, and what is known of it, so that the journal can be applied from its start. What was
 * applied goes first: wherever it ends, what is left is written over by the same events.
 */
export async function resetPart(part: Part): Promise<void> {
  const { state, byOrdinal } = part.keys
  await part.connection.command('UNLINK', state)
  for (;;) {
    const names = (await part.connection.command('ZREVRANGE', byOrdinal, 0, STEP_NAMES - 1)) as string[]
    if (names.length === 0) return
    const lost: string[] = []
    const events = await part.events(names, (name) => lost.push(name))
    const known = events.map(({ name, event }) => ({ name, ...indexed(event) }))
    await part.remove([...known, ...lost.map((name) => ({ name, model: '', endpoint: '' }))], { expired: false })
  }
}
