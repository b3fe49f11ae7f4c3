import { objectOf } from './usage-item.ts'

/** Token counts as Codex writes them: input includes what was cached, output what was reasoned. */
export interface CodexTotals {
  readonly input: number
  readonly cached: number
  readonly written: number
  readonly output: number
  readonly reasoning: number
}

const MEMBERS = [
  ['input', 'input_tokens'],
  ['cached', 'cached_input_tokens'],
  ['written', 'cache_write_input_tokens'],
  ['output', 'output_tokens'],
  ['reasoning', 'reasoning_output_tokens'],
] as const

const NONE: CodexTotals = { input: 0, cached: 0, written: 0, output: 0, reasoning: 0 }

/** Undefined where there are no figures; a figure that is no count is 0. */
export function readTotals(value: unknown): CodexTotals | undefined {
  const usage = objectOf(value)
  if (usage === undefined) return undefined
  const totals = { ...NONE }
  for (const [name, member] of MEMBERS) {
    const count = usage[member]
    if (Number.isSafeInteger(count) && (count as number) > 0) totals[name] = count as number
  }
  return totals
}

export const sameTotals = (a: CodexTotals, b: CodexTotals): boolean => MEMBERS.every(([name]) => a[name] === b[name])

/** What was used between two running totals. A total that has fallen began anew. */
export function deltaOf(totals: CodexTotals, before: CodexTotals | undefined): CodexTotals {
  if (before === undefined || MEMBERS.some(([name]) => totals[name] < before[name])) return totals
  const delta = { ...NONE }
  for (const [name] of MEMBERS) delta[name] = totals[name] - before[name]
  return delta
}
