import { writeExposition } from '../exposition/write.ts'
import type { MetricRegistry, SnapshotOptions } from '../registry.ts'
import { type ParsedSample, parseExposition } from './parse.ts'

/** All samples of a registry as a scraper reads them. */
export function scrape(metrics: MetricRegistry, options: SnapshotOptions = {}): ParsedSample[] {
  const families = parseExposition(writeExposition(metrics.snapshot(options), 'text'))
  return [...families.values()].flatMap(({ samples }) => samples)
}

/** The same as lines, e.g. `llm_edge_cache_hits_total{tier="L1"} 1`, without buckets. */
export function linesOf(metrics: MetricRegistry, options: SnapshotOptions = {}): string[] {
  return writeExposition(metrics.snapshot(options), 'text')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket{'))
}

/** The sum of a family's samples over all series whose labels match, exactly. Samples of whole numbers only. */
export function sumOf(
  samples: readonly ParsedSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): bigint {
  return samples
    .filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
    .reduce((sum, { value }) => sum + BigInt(value), 0n)
}
