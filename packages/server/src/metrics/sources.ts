import type { ValueSample } from '@tallystick/core/metrics'
import type { GapReport } from '../ingest/invariants.ts'

/** Sources that are named; the rest is `other`. */
const MAX_SOURCES = 25
const OTHER = 'other'

/** What sources have dropped, and what of theirs is missing, by source. */
export interface SourceSamples {
  readonly dropped: readonly ValueSample[]
  readonly gaps: readonly ValueSample[]
}

/**
 * The worst of the sources by name, and the rest together, so that the sums are those of the report. A source is the sum of its
 * lives, and of all tenants that have one of that name.
 */
export function sourceSamples({ worst, told, untold }: GapReport): SourceSamples {
  const sources = new Map<string, { dropped: number; missing: number }>()
  const rest = { dropped: told, missing: untold }
  for (const gap of worst) {
    const source = gap.source_id.toWellFormed()
    const known = sources.get(source)
    if (known === undefined && (sources.size >= MAX_SOURCES || source === OTHER)) continue
    const figures = known ?? { dropped: 0, missing: 0 }
    sources.set(source, figures)
    figures.dropped += gap.told
    figures.missing += gap.untold
    rest.dropped -= gap.told
    rest.missing -= gap.untold
  }
  if (rest.dropped > 0 || rest.missing > 0) sources.set(OTHER, rest)
  const samples = (of: 'dropped' | 'missing'): readonly ValueSample[] =>
    [...sources].map(([source, figures]) => ({ labels: { source }, value: figures[of] }))
  return { dropped: samples('dropped'), gaps: samples('missing') }
}
