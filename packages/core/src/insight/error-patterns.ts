import type { UsageEvent } from '../event/index.ts'
import { BoundedGroups } from './groups.ts'

/** Failures that are the same but for numbers and ids. */
export interface ErrorPattern {
  /** `unknown` where only a message is known. */
  readonly type: string
  readonly code: string | undefined
  /** Where no code says more. */
  readonly statusCode: number | undefined
  /** Of the earliest failure. */
  readonly message: string | undefined
  /** The earliest messages that differ, three at the most. */
  readonly samples: readonly string[]
  readonly count: number
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}

const MAX_SAMPLES = 3
const UNKNOWN = 'unknown'

interface Pattern {
  readonly type: string
  readonly code: string | undefined
  readonly statusCode: number | undefined
  count: number
  firstSeenMs: number
  lastSeenMs: number
  /** The earliest messages with when each was first seen, in that order. */
  samples: { readonly text: string; readonly atMs: number }[]
}

/** Gathers the failures among events; the result does not depend on their order. */
export class ErrorPatterns {
  readonly #patterns: BoundedGroups<{ pattern: Pattern | undefined }>

  /** @param limit most patterns kept apart; further ones share one named `other` */
  constructor(limit: number) {
    this.#patterns = new BoundedGroups(4, limit, () => ({ pattern: undefined }))
  }

  /** Counts the event if it failed and says why. */
  add({ success, errorType, errorCode, statusCode, errorMessage, timestampMs }: UsageEvent): void {
    if (success !== false) return
    // A status says what went wrong where nothing else does.
    const status = errorCode === undefined ? statusCode : undefined
    if (errorType === undefined && errorCode === undefined && status === undefined && errorMessage === undefined) return
    const type = errorType ?? UNKNOWN
    const name = [type, errorCode ?? '', String(status ?? ''), normalisedMessage(errorMessage ?? '')]
    const slot = this.#patterns.at(name)
    slot.pattern ??= {
      type,
      code: errorCode,
      statusCode: status,
      count: 0,
      firstSeenMs: timestampMs,
      lastSeenMs: timestampMs,
      samples: [],
    }
    const { pattern } = slot
    pattern.count++
    pattern.firstSeenMs = Math.min(pattern.firstSeenMs, timestampMs)
    pattern.lastSeenMs = Math.max(pattern.lastSeenMs, timestampMs)
    if (errorMessage !== undefined) pattern.samples = withSample(pattern.samples, errorMessage, timestampMs)
  }

  /** The most frequent ones, the earlier first among equals. */
  top(count: number): readonly ErrorPattern[] {
    return this.#patterns.groups
      .map(({ name, value }) => {
        const { samples, ...figures } = value.pattern as Pattern
        const texts = samples.map(({ text }) => text)
        const [type = UNKNOWN] = name
        const shared = type !== figures.type
        return {
          ...figures,
          ...(shared && { type, code: undefined, statusCode: undefined }),
          message: texts[0],
          samples: texts,
        }
      })
      .sort((a, b) => b.count - a.count || a.firstSeenMs - b.firstSeenMs || (a.type < b.type ? -1 : 1))
      .slice(0, count)
  }
}

function withSample(samples: Pattern['samples'], text: string, atMs: number): Pattern['samples'] {
  const known = samples.find((sample) => sample.text === text)
  if (known !== undefined && known.atMs <= atMs) return samples
  const last = samples.at(-1)
  const full = known === undefined && samples.length === MAX_SAMPLES
  if (full && last !== undefined && !isEarlier({ text, atMs }, last)) return samples
  return [...samples.filter((sample) => sample !== known), { text, atMs }]
    .sort((a, b) => (isEarlier(a, b) ? -1 : 1))
    .slice(0, MAX_SAMPLES)
}

function isEarlier(a: Pattern['samples'][number], b: Pattern['samples'][number]): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.text < b.text)
}

const UUID = /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi
const HEX = /\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi
const NUMBER = /\d+(?:[.,:]\d+)*/g

/**
 * A message without what differs from one failure to the next: ids, numbers, white space.
 *
 * @example normalisedMessage('timeout after 5000 ms') // 'timeout after # ms'
 */
export function normalisedMessage(message: string): string {
  return message.replace(UUID, '#').replace(HEX, '#').replace(NUMBER, '#').replace(/\s+/g, ' ').trim()
}
