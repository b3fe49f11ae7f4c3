import { TallystickError } from '@tallystick/core'
import type { StoreCapabilities, StoreStats } from '../store/store.ts'

/** What is to come into it. */
export interface Incoming {
  readonly journalId: string
  /** Highest ordinal that the old store has applied. */
  readonly appliedOrdinal: number
}

/**
 * Events of one journal do not go among those of another: their ordinals mean something else there.
 *
 * @throws TallystickError `usage`
 */
export function assertTakes(
  { events, foreign = 0, appliedOrdinal, journalId }: StoreStats,
  { durable }: StoreCapabilities,
  incoming: Incoming,
): void {
  const refuse = (why: string): never => {
    throw new TallystickError('usage', `The new store ${why}`)
  }
  if (!durable) refuse('keeps nothing over a restart; name one that does.')
  if (foreign > 0)
    refuse(
      `holds ${foreign} documents that others have written into its file. Name another file, or move that one away.`,
    )
  // A store that several journals share was told whose events are asked for, and has none of them yet.
  const known = journalId === incoming.journalId && (appliedOrdinal > 0 || events === 0)
  if (!known && (events > 0 || appliedOrdinal > 0))
    refuse(`holds ${events} events of another journal than that of the data directory. Name an empty one.`)
  if (known && appliedOrdinal > incoming.appliedOrdinal)
    refuse(
      `has come further than the old one (record ${appliedOrdinal}, not ${incoming.appliedOrdinal}). Did you mean the other way round? With --reset it is emptied and filled again.`,
    )
}
