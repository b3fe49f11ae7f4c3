import type { RepricedEvent, Repricing } from './repriced.ts'

/** What a `reprice` record says beside the new prices. */
export interface RepricingRecord extends Omit<Repricing, 'ordinal'> {
  /** When it was written, ms since 1970 UTC. */
  readonly writtenMs: number
  /** The run that it is a part of, the same in all its records: `<prices>/<run>`. */
  readonly version: string
}

/**
 * The body of a `reprice` record: each price id once, and of each event its ordinal, the difference to what was billed in
 * nano-USD, and the place of its price id among `prices`.
 *
 * @example
 * repricingBody({ writtenMs: 1, version: 'v', fromMs: 5, toMs: 9, events: [{ ordinal: 3, differenceNanoUsd: -7, priceId: 'p' }] })
 * // '"r":1,"version":"v","from":5,"to":9,"prices":["p"],"events":[[3,-7,0]]'
 */
export function repricingBody({ writtenMs, version, fromMs, toMs, events }: RepricingRecord): string {
  const places = new Map<string, number>()
  const rows = events.map(({ ordinal, differenceNanoUsd, priceId }) => {
    const place = places.get(priceId) ?? places.size
    places.set(priceId, place)
    return [ordinal, differenceNanoUsd, place]
  })
  const record = { r: writtenMs, version, from: fromMs, to: toMs, prices: [...places.keys()], events: rows }
  return JSON.stringify(record).slice(1, -1)
}

/** Reads it back; undefined for a record that is none of ours. */
export function repricingOf(ordinal: number, body: Readonly<Record<string, unknown>>): Repricing | undefined {
  const { from: fromMs, to: toMs, prices, events: rows } = body
  if (typeof fromMs !== 'number' || typeof toMs !== 'number' || !Array.isArray(prices) || !Array.isArray(rows))
    return undefined
  const events: RepricedEvent[] = []
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row)) return undefined
    const [of, differenceNanoUsd, place] = row as readonly unknown[]
    const priceId: unknown = prices[place as number]
    if (!isInteger(of) || !isInteger(differenceNanoUsd) || typeof priceId !== 'string') return undefined
    events.push({ ordinal: of, differenceNanoUsd, priceId })
  }
  return { ordinal, fromMs, toMs, events }
}

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)
