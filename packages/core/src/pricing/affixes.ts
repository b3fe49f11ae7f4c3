import { providerId } from './providers.ts'

/**
 * The forms of a model name, from the name as it stands to the barest, by taking away what is *known* to say nothing
 * about the price: snapshot dates, `-latest`, vendor and region prefixes. Never an unknown ending: what `gpt-7` costs
 * says nothing about `gpt-7-max`.
 *
 * Order: a region of Bedrock is kept as long as anything else can be dropped (regions have prices of their own); then
 * the suffix is kept as long as a vendor prefix can be dropped (dated snapshots may have prices of their own).
 */
export interface NameForm {
  readonly name: string
  /** The provider that a dropped prefix names (`groq/llama-3.3-70b-versatile`). */
  readonly provider?: string
  /** Something was taken away. */
  readonly reduced: boolean
}

/**
 * The names under which a model may be meant, in small letters, from the one as it stands to the barest: without what is known to
 * say nothing of which model it is.
 *
 * @example modelNames('models/gpt-4o-2024-08-06') // ['models/gpt-4o-2024-08-06', 'gpt-4o-2024-08-06', 'models/gpt-4o', 'gpt-4o']
 */
export function modelNames(model: string): readonly string[] {
  return [...new Set(nameForms(model, undefined).map(({ name }) => name.toLowerCase()))]
}

const REGION = /^(?:us|eu|ap|apac|jp|au|ca|sa|me|af|in|us-gov|global)\.(?=[a-z0-9-]+\.)/
/** Region and vendor before dots: nobody else's ids look so. */
const BEDROCK_ID = /^(?:[a-z0-9-]+\.){1,2}[a-z][a-z0-9.-]*(?::\d{1,2})?$/
const BEDROCK_VENDOR = /^[a-z0-9-]+\.(?=[a-z])/
const PUBLISHER_PATH = /^(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/([^/]+)\/models\//
const GENERIC_PATH = /^models\//
const NAMED_PREFIX = /^([a-z0-9_.-]+)[/:](?=.)/
const FINE_TUNED = /^(ft:[^:]+):.*$/
/** A later version without a date is another product: Titan's `-v2` costs a fifth of its `-v1`. */
const BEDROCK_VERSION = /(?:-v1|(?<=-20\d{6})-v\d{1,2})(?::\d{1,2})?$/
const SNAPSHOT = /(?:-|@)(20\d\d)(-?)(\d\d)\2(\d\d)$/
const MOVING = /(?:-latest|@latest|@default)$/

export function nameForms(model: string, provider: string | undefined): NameForm[] {
  const forms: NameForm[] = []
  const add = (name: string, named: string | undefined): void => {
    if (name === '' || forms.some((form) => form.name === name && form.provider === named)) return
    const reduced = name !== model
    forms.push(named === undefined ? { name, reduced } : { name, provider: named, reduced })
  }
  const bedrock = provider === 'aws' || (provider === undefined && BEDROCK_ID.test(model))
  for (const inRegion of bedrock ? withAndWithout(model, REGION) : [model]) {
    for (const dated of suffixForms(inRegion, bedrock)) {
      add(dated, undefined)
      for (const bare of prefixForms(dated, provider, bedrock)) add(bare.name, bare.provider)
    }
  }
  return forms
}

function suffixForms(name: string, bedrock: boolean): string[] {
  const forms = [name]
  let rest = name.replace(FINE_TUNED, '$1')
  if (rest !== name) forms.push(rest)
  if (bedrock) {
    rest = rest.replace(BEDROCK_VERSION, '')
    if (rest !== forms.at(-1)) forms.push(rest)
  }
  const undated = withoutDate(rest).replace(MOVING, '')
  if (undated !== rest) forms.push(undated)
  return forms
}

function withoutDate(name: string): string {
  const match = SNAPSHOT.exec(name)
  if (!match) return name
  const [month, day] = [Number(match[3]), Number(match[4])]
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? name.slice(0, match.index) : name
}

function prefixForms(
  name: string,
  provider: string | undefined,
  bedrock: boolean,
): { name: string; provider?: string }[] {
  const path = PUBLISHER_PATH.exec(name)
  if (path) {
    const publisher = providerId(path[1])
    const rest = name.slice(path[0].length)
    return publisher === undefined || provider !== undefined ? [{ name: rest }] : [{ name: rest, provider: publisher }]
  }
  const generic = GENERIC_PATH.exec(name)
  if (generic) return [{ name: name.slice(generic[0].length) }]
  const named = NAMED_PREFIX.exec(name)
  if (named && named[1] !== 'ft') {
    const vendor = providerId(named[1])
    const rest = name.slice(named[0].length)
    if (vendor === undefined) return [{ name: rest }, ...prefixForms(rest, provider, bedrock)]
    // a second prefix may not lead on to a second provider: the first one bills
    const deeper = prefixForms(rest, vendor, vendor === 'aws').filter((form) => (form.provider ?? vendor) === vendor)
    return [{ name: rest, provider: vendor }, ...deeper.map((form) => ({ name: form.name, provider: vendor }))]
  }
  return bedrock && BEDROCK_VENDOR.test(name) ? [{ name: name.replace(BEDROCK_VENDOR, ''), provider: 'aws' }] : []
}

function withAndWithout(name: string, prefix: RegExp): string[] {
  const rest = name.replace(prefix, '')
  return rest === name ? [name] : [name, rest]
}
