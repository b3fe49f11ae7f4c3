import { type Issue, issueLines, TallystickError } from '../../errors.ts'
import { fingerprint } from '../fingerprint.ts'
import { byPrecedence, type ModelPrices, type PriceRow } from '../price.ts'
import { providerId } from '../providers.ts'
import { isBridge, readBridge } from './bridge.ts'
import type { DraftModel, DraftRow, DraftTable } from './draft.ts'
import { isLitellm, readLitellm } from './litellm.ts'
import { type JsonObject, Problems } from './problems.ts'
import { isRoutiium, readRoutiium } from './routiium.ts'
import { readTallystick } from './tallystick.ts'

/**
 * Forms of price files: ours, LiteLLM's (USD per token), Routiium's and smart-ai-bridge's (USD per million).
 */
export type OverrideFormat = 'tallystick' | 'litellm' | 'routiium' | 'bridge'

/** A price file, read. */
export interface OverrideSource {
  /** What to call it in messages: its path. */
  readonly name: string
  /** Its JSON, as text or parsed. */
  readonly content: unknown
  /** Recognised by its members when absent. */
  readonly format?: OverrideFormat
}

export interface ParsedOverrides {
  /** One table per source, in their order. */
  readonly tables: readonly (readonly ModelPrices[])[]
  /** Of the last source that has one. */
  readonly defaultRow: PriceRow | undefined
  /** Of everything in force; undefined when there is nothing. */
  readonly fingerprint: string | undefined
}

const READERS: { readonly [K in OverrideFormat]: (value: JsonObject, problems: Problems) => DraftTable } = {
  tallystick: readTallystick,
  litellm: readLitellm,
  routiium: readRoutiium,
  bridge: readBridge,
}

/**
 * Tables of price files.
 *
 * @throws TallystickError `invalid_prices` with every issue of every source, the name of the source before each path
 */
export function parseOverrides(sources: readonly OverrideSource[]): ParsedOverrides {
  const issues: Issue[] = []
  const tables: (readonly ModelPrices[])[] = []
  let defaultRow: PriceRow | undefined
  for (const source of sources) {
    const problems = new Problems()
    const draft = readSource(source, problems)
    issues.push(
      ...problems.issues.map(({ path, message }) => ({
        path: path === '' ? source.name : `${source.name}: ${path}`,
        message,
      })),
    )
    if (draft === undefined) continue
    tables.push(draft.models.map(finish))
    if (draft.default) defaultRow = withId(draft.default, undefined, 'default')
  }
  if (issues.length > 0)
    throw new TallystickError('invalid_prices', `Prices are not valid:\n${issueLines(issues)}`, { issues })
  const ids = tables.map((models) => models.map((prices) => [prices.aliases, prices.rows.map((row) => row.id)]))
  const used = sources.length > 0
  return {
    tables,
    defaultRow,
    fingerprint: used ? fingerprint(JSON.stringify([ids, defaultRow?.id ?? null])) : undefined,
  }
}

/** What is wrong with price files; empty when they can be loaded. */
export function validateOverrides(sources: readonly OverrideSource[]): readonly Issue[] {
  return sources.flatMap((source) => {
    const problems = new Problems()
    readSource(source, problems)
    return problems.issues.map(({ path, message }) => ({
      path: path === '' ? source.name : `${source.name}: ${path}`,
      message,
    }))
  })
}

function readSource(source: OverrideSource, problems: Problems): DraftTable | undefined {
  let content = source.content
  if (typeof content === 'string') {
    try {
      content = JSON.parse(content)
    } catch (cause) {
      return problems.add('', `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
  }
  const value = problems.object('', content)
  if (value === undefined) return undefined
  const format = source.format ?? detect(value)
  if (format === undefined) {
    return problems.add(
      '',
      "is in no known form: ours has `prices`, Routiium's `models`, LiteLLM's `input_cost_per_token`, a bridge's `input` and `output`",
    )
  }
  return READERS[format](value, problems)
}

function detect(value: JsonObject): OverrideFormat | undefined {
  if (Array.isArray(value['prices']) || (value['default'] !== undefined && Object.keys(value).length === 1))
    return 'tallystick'
  if (isRoutiium(value)) return 'routiium'
  if (isLitellm(value)) return 'litellm'
  return isBridge(value) ? 'bridge' : undefined
}

function finish(draft: DraftModel): ModelPrices {
  const provider = providerId(draft.provider)
  const rows = draft.rows.map((row) => withId(row, provider, draft.model)).sort(byPrecedence)
  return {
    source: 'override',
    model: draft.model,
    aliases: draft.aliases ?? [],
    rows,
    ...(provider !== undefined && { provider }),
    ...(draft.prefix && { prefix: draft.prefix }),
  }
}

function withId(row: DraftRow, provider: string | undefined, model: string): PriceRow {
  const { maxOutputTokens, ...priced } = row
  const content = JSON.stringify([provider ?? null, model, priced], (_key, value) =>
    value instanceof Map ? [...value] : value,
  )
  return { ...row, id: `override/${fingerprint(content)}`, model, ...(provider !== undefined && { provider }) }
}
