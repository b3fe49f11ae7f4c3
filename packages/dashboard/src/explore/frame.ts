import type { ResultRow } from '@tallystick/core/query'
import { amountSeries, type Buckets, type Frame, groupKey, type Series } from '../lib/frames.ts'
import { measureLabel } from '../lib/measures.ts'

/** What is not split: one series. */
export function wholeFrame(axis: Buckets, rows: readonly ResultRow[], measure: string): Frame {
  const values = amountSeries(axis, rows, measure)
  return { ...axis, series: [{ name: measure, label: measureLabel(measure), colour: '--mark', values }] }
}

/**
 * The period before as lines over a frame, step by step: the first of then at the first of now. Of a stack it is one line,
 * of lines one each, in the colour of its group.
 *
 * @param by what the rows are split by; nothing for one line
 */
export function earlierLines(
  frame: Frame,
  axis: Buckets,
  rows: readonly ResultRow[],
  by: readonly string[],
  measure: string,
): readonly Series[] {
  const aligned = (of: readonly ResultRow[]): Series['values'] => {
    const values = amountSeries(axis, of, measure)
    return frame.starts.map((_, index) => values[index] ?? null)
  }
  if (by.length === 0) return [{ name: 'before', label: 'Period before', colour: '--text', values: aligned(rows) }]
  const groups = new Map<string, ResultRow[]>()
  for (const row of rows) {
    const key = groupKey(
      by.map((name) => row[name] ?? null),
      row['other'] === true,
    )
    const known = groups.get(key)
    if (known) known.push(row)
    else groups.set(key, [row])
  }
  return frame.series.flatMap(({ name, label, colour, group }) => {
    const of = group === undefined ? undefined : groups.get(name)
    return of === undefined ? [] : [{ name: `before ${name}`, label: `${label}, before`, colour, values: aligned(of) }]
  })
}
