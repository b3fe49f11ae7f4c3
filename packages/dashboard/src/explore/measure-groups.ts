import { MEASURES, type Measure, QUANTITY_OF } from '@tallystick/core/query'

const isSumOf = (unit: Measure['unit'], measure: Measure): boolean => measure.of === 'sum' && measure.unit === unit
const isLatency = (measure: Measure): boolean =>
  'quantity' in measure && measure.unit === 'ms' && QUANTITY_OF.get(measure.quantity)?.cells === 'sketch'

/** All measures, those that go together in one group, the most asked first. */
export const MEASURE_GROUPS: readonly { readonly label: string; readonly measures: readonly Measure[] }[] = (() => {
  const kinds: readonly { readonly label: string; readonly has: (measure: Measure) => boolean }[] = [
    { label: 'Counts', has: ({ of }) => of === 'counter' },
    { label: 'Money, USD', has: (measure) => isSumOf('nano_usd', measure) },
    { label: 'Tokens', has: (measure) => isSumOf('tokens', measure) },
    { label: 'Ratios, %', has: ({ of }) => of === 'ratio' },
    { label: 'Latency', has: isLatency },
    { label: 'Other sums', has: ({ of }) => of === 'sum' },
    { label: 'Money of one request', has: ({ unit }) => unit === 'nano_usd' },
    { label: 'Tokens of one request', has: ({ unit }) => unit === 'tokens' },
    { label: 'Others of one request', has: () => true },
  ]
  const grouped = kinds.map(({ label }) => ({ label, measures: [] as Measure[] }))
  for (const measure of MEASURES) grouped[kinds.findIndex(({ has }) => has(measure))]?.measures.push(measure)
  return grouped
})()
