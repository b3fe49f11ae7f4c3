import { usdPerMillion } from '../decimal.ts'
import type { DraftModel, DraftTable } from './draft.ts'
import { isObject, type JsonObject, member, type Problems } from './problems.ts'

/**
 * The table `UsageAnalytics.getCostAnalysis` takes: `{ "<backend>": { "input": 0.075, "output": 0.30 } }`, USD per
 * million. The backend's name is the model's.
 */
export function readBridge(value: JsonObject, problems: Problems): DraftTable {
  const models: DraftModel[] = []
  for (const [backend, item] of Object.entries(value)) {
    const path = member('', backend)
    const entry = problems.object(path, item)
    if (entry === undefined || backend === '') continue
    const input = problems.usd(member(path, 'input'), entry['input'], usdPerMillion)
    const output = problems.usd(member(path, 'output'), entry['output'], usdPerMillion)
    if (input !== undefined && output !== undefined)
      models.push({ model: backend, rows: [{ prices: { input, output } }] })
  }
  return { models }
}

export function isBridge(value: JsonObject): boolean {
  const entries = Object.values(value)
  return entries.length > 0 && entries.every((entry) => isObject(entry) && 'input' in entry && 'output' in entry)
}
