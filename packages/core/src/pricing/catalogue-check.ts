import type { Issue } from '../errors.ts'
import { isObject } from './overrides/problems.ts'
import { TOKEN_PRICE_NAMES } from './price.ts'

/** At most so many problems are told of one file; a file of another kind would have thousands. */
const MAX_ISSUES = 100

/** What is wrong with a snapshot that came from a file. One that passes can be costed with without ever throwing. */
export function checkCatalogue(data: unknown): Issue[] {
  const issues: Issue[] = []
  const add = (path: string, message: string): void => {
    if (issues.length < MAX_ISSUES) issues.push({ path, message })
  }
  if (!isObject(data) || data['format'] !== 1) {
    add('format', 'must be 1: a snapshot that scripts/generate-catalogue.mjs wrote')
    return issues
  }
  for (const name of ['source', 'version', 'sha256']) {
    if (typeof data[name] !== 'string' || data[name] === '') add(name, 'must be a non-empty string')
  }
  each(data['providers'], 'providers', add, (provider, at) => {
    if (!isObject(provider) || typeof provider['id'] !== 'string') {
      add(at, 'must be an object with an id')
      return
    }
    if (provider['fallbacks'] !== undefined && !isStrings(provider['fallbacks']))
      add(`${at}.fallbacks`, 'must be an array of strings')
    each(provider['models'], `${at}.models`, add, (model, inModel) => {
      const [id, aliases, rows, contextTokens] = Array.isArray(model) ? model : []
      if (typeof id !== 'string' || !isWellFormed(id) || !isStrings(aliases)) {
        add(inModel, 'must be [id, aliases, rows]')
        return
      }
      each(rows, `${inModel}[2]`, add, checkRow)
      if (contextTokens !== undefined && !isCount(contextTokens)) add(`${inModel}[3]`, 'must be an integer')
    })
  })
  return issues

  function checkRow(row: unknown, at: string): void {
    if (!isObject(row)) {
      add(at, 'must be an object')
      return
    }
    checkPrices(row['prices'], `${at}.prices`)
    if (row['fromMs'] !== undefined && !isCount(row['fromMs'])) add(`${at}.fromMs`, 'must be an integer')
    if (row['hours'] !== undefined && !isPair(row['hours'])) add(`${at}.hours`, 'must be two integers')
    if (row['tiers'] !== undefined) {
      each(row['tiers'], `${at}.tiers`, add, (tier, inTier) => {
        if (!Array.isArray(tier) || !isCount(tier[0])) add(inTier, 'must be [threshold, prices]')
        else checkPrices(tier[1], `${inTier}[1]`)
      })
    }
    if (row['units'] === undefined) return
    if (!isObject(row['units'])) {
      add(`${at}.units`, 'must be an object')
      return
    }
    for (const rate of Object.values(row['units'])) {
      if (!isPair(rate) || rate[1] === 0) add(`${at}.units`, 'must hold [nanoUsd, per] with integers, per above 0')
    }
  }

  function checkPrices(prices: unknown, at: string): void {
    if (!isObject(prices)) {
      add(at, 'must be an object')
      return
    }
    for (const [name, price] of Object.entries(prices)) {
      if (!(TOKEN_PRICE_NAMES as readonly string[]).includes(name))
        add(at, `holds ${JSON.stringify(name.slice(0, 80))}, which is no kind of token`)
      else if (!isCount(price)) add(`${at}.${name}`, 'must be an integer of nano-USD from 0 to 2^53 - 1')
    }
  }
}

function each(
  list: unknown,
  path: string,
  add: (path: string, message: string) => void,
  check: (item: unknown, path: string) => void,
): void {
  if (!Array.isArray(list)) add(path, 'must be an array')
  else for (const [index, item] of list.entries()) check(item, `${path}[${index}]`)
}

/** Ids become parts of price ids by percent-encoding, which refuses lone surrogates. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isPair(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isCount)
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
