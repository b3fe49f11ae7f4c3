import { Members } from '../members.ts'
import { MOST_LOOKUPS } from '../openapi/price-lookup.ts'
import { type Handler, json } from '../route.ts'
import { priceJson } from './prices.ts'
import { readJson } from './query.ts'

const NAME_LENGTH = 1_024

/** `POST /api/v1/prices/lookup`: what models cost, and which row says so. */
export const lookUpPrices: Handler = async ({ app, request }) => {
  const members = new Members(await readJson(request, app), ['at_ms', 'models'])
  const atMs = members.integer('at_ms', 0) ?? app.clock.now()
  const asked = members.list('models', MOST_LOOKUPS, modelOf)
  if (!members.has('models')) members.wrong('models', 'must be given')
  members.assertRight()
  return json({
    at_ms: atMs,
    version: app.about.catalogueVersion(),
    models: (asked ?? []).map(({ provider, model }) => {
      const found = app.prices.resolve(provider, model, atMs)
      return { provider: provider ?? null, model, price: found === undefined ? null : priceJson(found) }
    }),
  })
}

/** @returns what is wrong with it, in words, when something is */
function modelOf(entry: unknown): { readonly provider: string | undefined; readonly model: string } | string {
  if (typeof entry !== 'object' || entry === null) return 'must be an object of `provider` and `model`'
  const { provider, model, ...more } = entry as { [name: string]: unknown }
  if (Object.keys(more).length > 0) return 'has no members but `provider` and `model`'
  if (!isName(model)) return `needs a \`model\` of 1 to ${NAME_LENGTH} characters`
  if (provider === undefined || provider === null) return { provider: undefined, model }
  return isName(provider) ? { provider, model } : `has a \`provider\` that is no text of 1 to ${NAME_LENGTH} characters`
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= NAME_LENGTH
