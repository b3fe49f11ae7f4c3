import { expect, it } from 'vitest'
import type { GapReport, SourceGap } from '../ingest/invariants.ts'
import { sourceSamples } from './sources.ts'

const gap = (source_id: string, epoch: number, told: number, untold: number): SourceGap => ({
  ...{ source_id, epoch, told, untold },
  ...{ max_seq: 9, seen: 1, missing: told + untold, outstanding: 0 },
})

function report(worst: readonly SourceGap[], more: { told?: number; untold?: number } = {}): GapReport {
  const sum = (of: (one: SourceGap) => number): number => worst.reduce((total, one) => total + of(one), 0)
  return {
    ...{ sources: 1, missing: 0, outstanding: 0, forgotten: 0, reasons: {}, worst },
    told: sum(({ told }) => told) + (more.told ?? 0),
    untold: sum(({ untold }) => untold) + (more.untold ?? 0),
  }
}

it('adds up the lives of a source, and puts what the report does not name under other', () => {
  const { dropped, gaps } = sourceSamples(
    report([gap('a', 1, 3, 10), gap('b', 1, 0, 4), gap('a', 2, 1, 1)], { told: 5, untold: 6 }),
  )
  expect(dropped.map(({ labels, value }) => [labels['source'], value])).toEqual([
    ['a', 4],
    ['b', 0],
    ['other', 5],
  ])
  expect(gaps.map(({ labels, value }) => [labels['source'], value])).toEqual([
    ['a', 11],
    ['b', 4],
    ['other', 6],
  ])
})

it('names a bounded number of sources, a source called other among what is not named', () => {
  const worst = [gap('other', 1, 7, 7), ...Array.from({ length: 99 }, (_, index) => gap(`s${index}`, 1, 1, 2))]
  const { dropped, gaps } = sourceSamples(report(worst))
  expect(dropped.length).toBeLessThanOrEqual(26)
  expect(dropped.filter(({ labels }) => labels['source'] === 'other')).toHaveLength(1)
  expect(dropped.reduce((sum, { value }) => sum + Number(value), 0)).toBe(106)
  expect(gaps.reduce((sum, { value }) => sum + Number(value), 0)).toBe(205)
})

it('says nothing where nothing is missing', () => {
  expect(sourceSamples(report([]))).toEqual({ dropped: [], gaps: [] })
})
