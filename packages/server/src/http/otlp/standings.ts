import type { Draft } from '../../format/otlp/draft.ts'
import { millisOf } from '../../format/otlp/ids.ts'
import type { PointGroup } from '../../format/otlp/metrics/groups.ts'
import { growthSince, standingOf } from '../../format/otlp/metrics/growth.ts'
import { requestOfGroup } from '../../format/otlp/metrics/request.ts'
import type { Sender } from '../../format/otlp/who.ts'
import type { Change, ControlState } from '../../state/state.ts'
import type { TelemetryStanding } from '../../state/telemetry.ts'
import { oldest } from './oldest.ts'

/** Series of cumulative metrics that are remembered; those that have been silent longest make room. */
const MAX_SERIES = 20_000

/** What cumulative metrics have grown by, and what must be kept of them first. */
export interface Steps {
  readonly drafts: readonly Draft[]
  readonly changes: readonly Change[]
  /** To be called once the drafts have been taken. */
  readonly taken: () => void
}

/**
 * Where cumulative metrics stood, so that each step is counted once.
 *
 * The new standing is made durable before its event is, with the event in it. If the process ends in between, the event is sent
 * again, under the same id, with whatever comes next of its series, or with the exporter's own repeat.
 */
export class Standings {
  readonly #state: ControlState
  /** Series whose last event is known to have been taken. */
  readonly #taken = new Set<string>()

  constructor(state: ControlState) {
    this.#state = state
  }

  /**
   * The steps of some groups of one body.
   *
   * @param countedFromMs since when metrics are what is counted of the group's source; negative: from its beginning. What it had
   * grown to by then has been told of by another signal
   */
  steps(
    groups: readonly PointGroup[],
    owner: string,
    sender: Sender,
    countedFromMs: (group: PointGroup) => number,
  ): Steps {
    const rows = this.#state.rows('telemetryStandings')
    const latest = new Map<string, TelemetryStanding>()
    const drafts: Draft[] = []
    for (const group of [...groups].sort(byTime)) {
      const id = seriesKey(group, owner)
      const last = latest.get(id) ?? rows.get(id)
      const growth = growthSince(last, group)
      if (last?.event !== undefined && !latest.has(id) && !this.#taken.has(id)) drafts.push(last.event as Draft)
      if (growth.kind !== 'grown') continue
      const fromMs = countedFromMs(group)
      const counts = fromMs < 0 || (last !== undefined && millisOf(BigInt(last.timeNanos)) >= fromMs)
      const request = counts ? requestOfGroup(group, growth.values, growth.fromNanos, sender) : undefined
      if (request !== undefined) drafts.push(request.draft)
      const standing = standingOf(group, last)
      latest.set(id, {
        ...standing,
        values: standing.values as Readonly<Record<string, number>>,
        ...(request === undefined ? {} : { event: { ...request.draft } }),
      })
    }
    for (const id of latest.keys()) this.#taken.delete(id)
    return {
      drafts,
      changes: this.#changes(latest, rows),
      taken: () => {
        for (const id of latest.keys()) this.#taken.add(id)
      },
    }
  }

  #changes(
    latest: ReadonlyMap<string, TelemetryStanding>,
    rows: ReadonlyMap<string, TelemetryStanding>,
  ): readonly Change[] {
    const changes: Change[] = [...latest].map(([id, row]) => ({ table: 'telemetryStandings', id, row }))
    if (changes.length === 0) return changes
    for (const id of oldest(rows, MAX_SERIES, ({ timeNanos }) => millisOf(BigInt(timeNanos)))) {
      if (latest.has(id)) continue
      this.#taken.delete(id)
      changes.push({ table: 'telemetryStandings', id, row: undefined })
    }
    return changes
  }
}

/** Both are hashes of a fixed length, the owner's text last. */
const seriesKey = ({ id }: PointGroup, owner: string): string => `${id}${owner}`

const byTime = (a: PointGroup, b: PointGroup): number =>
  a.timeNanos < b.timeNanos ? -1 : a.timeNanos > b.timeNanos ? 1 : 0
