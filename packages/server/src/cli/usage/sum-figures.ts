import { FIGURE_NAMES, type Figures } from './figures.ts'

/** The sum of figures; a cost is null only where none of them has one. */
export function sumFigures(parts: readonly Figures[]): Figures {
  const sums = FIGURE_NAMES.map((name) => {
    const known = parts.flatMap((part) => (part[name] === null ? [] : [BigInt(part[name])]))
    if (known.length === 0) return [name, name === 'cost_nano_usd' ? null : 0]
    const sum = known.reduce((a, b) => a + b)
    return [name, sum <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sum) : String(sum)]
  })
  return Object.fromEntries(sums) as Figures
}
