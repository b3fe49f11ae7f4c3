import { TallystickError } from '@tallystick/core'
import { divideHalfEven } from '@tallystick/core/event'
import { parseQuery } from '@tallystick/core/query'
import type { Handler } from '../route.ts'
import { type Asked, protocolQuery, UNKNOWN_PROVIDER } from './asked.ts'
import { completedBy, type Figures, sumOf } from './completed.ts'
import { integer } from './money.ts'

/** Longest names, in characters. */
const MAX_PROJECT = 1_000
const MAX_PROVIDER = 100
const NANO_USD_PER_CENT = 10_000_000n

/** `GET /api/v1/usage/aggregate`: tokens, requests and cents of all completed requests, by provider. */
export const usageAggregate: Handler = protocolQuery((asked) => usageOf(asked, {}))

/** `GET /api/v1/usage/by-project/{project_id}`: the same of those with the tag `project`. */
export const usageByProject: Handler = protocolQuery((asked) =>
  usageOf(asked, { 'tags.project': [nameIn(asked.url, 'project_id', MAX_PROJECT)] }),
)

/** `GET /api/v1/usage/by-provider/{provider}`: the same of one provider. */
export const usageByProvider: Handler = protocolQuery(async (asked) => {
  const provider = nameIn(asked.url, 'provider', MAX_PROVIDER)
  const names = provider === UNKNOWN_PROVIDER ? [provider, null] : [provider]
  const groups = await completedBy(narrowed(asked, { provider: names }), [])
  return providerRow(provider, sumOf(groups))
})

async function usageOf(asked: Asked, filters: object): Promise<object> {
  const groups = await completedBy(narrowed(asked, filters), ['provider'])
  const providers = new Map<string, Figures>()
  for (const figures of groups) {
    const name = figures.values[0] ?? UNKNOWN_PROVIDER
    providers.set(name, sumOf([figures, ...(providers.has(name) ? [providers.get(name) as Figures] : [])]))
  }
  const sum = sumOf(groups)
  const ranked = [...providers].sort(([a, { totalTokens: x }], [b, { totalTokens: y }]) =>
    x === y ? (a < b ? -1 : 1) : x > y ? -1 : 1,
  )
  return {
    total_tokens: integer(sum.totalTokens),
    total_requests: integer(sum.requests),
    total_cost_cents: cents(sum.spendNanoUsd),
    total_cost_nano_usd: integer(sum.spendNanoUsd),
    providers: ranked.map(([name, figures]) => providerRow(name, figures)),
  }
}

/** Beside the period and the filters of any query, which the old routes did not know. */
function narrowed(asked: Asked, filters: object): Asked {
  return { ...asked, filters: [...asked.filters, ...parseQuery({ filters }, asked).filters] }
}

function providerRow(provider: string, { requests, spendNanoUsd, totalTokens }: Figures): object {
  return {
    provider,
    tokens: integer(totalTokens),
    requests: integer(requests),
    cost_cents: cents(spendNanoUsd),
    cost_nano_usd: integer(spendNanoUsd),
  }
}

/** Rounded half to even once, from the exact sum: cents of the parts need not add up to those of the whole, nano-USD do. */
function cents(nanoUsd: bigint): number | string {
  return integer(divideHalfEven(nanoUsd, NANO_USD_PER_CENT))
}

/** The name at the end of the path. */
function nameIn(url: URL, what: string, max: number): string {
  const raw = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  let name: string
  try {
    name = decodeURIComponent(raw)
  } catch {
    throw invalid(what, 'is not valid percent-encoded UTF-8')
  }
  if (name.trim() === '') throw invalid(what, 'must not be blank')
  if ([...name].length > max) throw invalid(what, `must be at most ${max} characters`)
  return name
}

function invalid(path: string, message: string): TallystickError {
  return new TallystickError('invalid_query', `${path} ${message}.`, { issues: [{ path, message }] })
}
