import { usdPerMillion } from '../decimal.ts'
import type { DraftModel, DraftRow, DraftTable, MutablePrices } from './draft.ts'
import { isObject, type JsonObject, member, type Problems } from './problems.ts'

const MEMBERS = [
  ['input_per_million', 'input', true],
  ['output_per_million', 'output', true],
  ['cached_per_million', 'cacheRead', false],
  ['reasoning_per_million', 'reasoning', false],
] as const

/**
 * Routiium's pricing configuration: `{ "models": { "<model>": { "input_per_million": 2.5, "output_per_million": 10,
 * "cached_per_million": 1.25 } }, "default": ... }`, USD.
 *
 * A name in it stands for every longer one too, as its users rely on, but the longest name wins where Routiium took any.
 * Cached tokens without a price cost the input price, and reasoning is priced in place of output, not on top.
 */
export function readRoutiium(value: JsonObject, problems: Problems): DraftTable {
  const models: DraftModel[] = []
  for (const [model, item] of Object.entries(problems.object('models', value['models']) ?? {})) {
    const row = readRow(member('models', model), item, problems)
    if (row && model !== '') models.push({ model, prefix: true, rows: [row] })
  }
  const byDefault =
    value['default'] === undefined || value['default'] === null
      ? undefined
      : readRow('default', value['default'], problems)
  return byDefault ? { models, default: byDefault } : { models }
}

function readRow(path: string, value: unknown, problems: Problems): DraftRow | undefined {
  const entry = problems.object(path, value)
  if (entry === undefined) return undefined
  const prices: MutablePrices = {}
  for (const [key, name, required] of MEMBERS) {
    const usd = entry[key]
    if ((usd === undefined || usd === null) && !required) continue
    const price = problems.usd(`${path}.${key}`, usd, usdPerMillion)
    if (price !== undefined) prices[name] = price
  }
  return { prices }
}

export function isRoutiium(value: JsonObject): boolean {
  return isObject(value['models'])
}
