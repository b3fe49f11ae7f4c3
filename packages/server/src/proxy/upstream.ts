import { isIP } from 'node:net'
import { type Issue, issueLines, TallystickError } from '@tallystick/core'
import { type Provider, parseProvider } from '@tallystick/core/provider'
import { addressKind } from '../addresses.ts'
import { WELL_KNOWN } from './well-known.ts'

/** Where requests may go: never said by a request, only by whoever configures the server. */
export interface Upstream {
  readonly name: string
  /** `https:` or `http:`, without a path. */
  readonly origin: URL
  /** What stands before the path of every request; no slash at its end. */
  readonly basePath: string
  /** Who answers and bills; undefined where the path or the model says so. */
  readonly provider: Provider | undefined
  /** It may lie in a private network. */
  readonly isPrivate: boolean
  /** The operator's own key for it, in the header that its provider reads. */
  readonly credential?: { readonly header: string; readonly value: string }
}

export interface UpstreamSettings {
  /** `name=URL [provider=NAME] [private]` each, beside the well-known ones. */
  readonly entries?: readonly string[]
  /** `name=KEY`, with commas. */
  readonly keys?: string
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/
const MAX_UPSTREAMS = 1_000

/**
 * The upstreams by name.
 *
 * @throws TallystickError `invalid_config` with every problem
 * @example readUpstreams({ entries: ['vllm=http://10.0.0.5:8000 provider=openai private'] }).get('vllm')?.isPrivate // true
 */
export function readUpstreams({ entries = [], keys }: UpstreamSettings = {}): ReadonlyMap<string, Upstream> {
  const issues: Issue[] = []
  const found = new Map<string, Upstream>()
  for (const [name, base, provider] of WELL_KNOWN)
    found.set(name, upstreamOf(name, new URL(base), provider, name === 'ollama'))
  entries.slice(0, MAX_UPSTREAMS).forEach((entry, index) => {
    const path = `proxy.upstreams[${index}]`
    const read = readEntry(entry, found)
    if (typeof read === 'string') issues.push({ path, message: read })
    else found.set(read.name, read)
  })
  for (const pair of (keys ?? '').split(',').filter((text) => text.trim() !== '')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, at)).trim()
    const key = pair.slice(at + 1).trim()
    const upstream = found.get(name)
    if (at < 0 || !/^[\x21-\x7e]+$/.test(key))
      issues.push({ path: 'proxy.upstream_keys', message: 'must be `name=KEY`, with commas between several' })
    else if (upstream === undefined)
      issues.push({ path: 'proxy.upstream_keys', message: `names the upstream ${quoted(name)}, which there is not` })
    else found.set(name, { ...upstream, credential: credentialOf(upstream.provider, key) })
  }
  if (issues.length > 0)
    throw new TallystickError('invalid_config', `The proxy's upstreams are not valid:\n${issueLines(issues)}`, {
      issues,
    })
  return found
}

/** An upstream, or what is wrong with the entry. */
function readEntry(entry: string, known: ReadonlyMap<string, Upstream>): Upstream | string {
  const [first = '', ...words] = entry.trim().split(/\s+/)
  const at = first.indexOf('=')
  const [name, base] = [first.slice(0, Math.max(0, at)), first.slice(at + 1)]
  if (!NAME.test(name)) return 'must begin with `name=URL`; a name is of small letters, digits and _ . -'
  let provider = known.get(name)?.provider
  let isPrivate = false
  for (const word of words) {
    const given = /^provider=(.{1,64})$/.exec(word)?.[1]
    if (given !== undefined) provider = parseProvider(given)
    else if (word === 'private') isPrivate = true
    else return `has the word ${quoted(word)}; behind the URL stand \`provider=NAME\` and \`private\` only`
  }
  if (!URL.canParse(base)) return `has no URL behind ${quoted(name)}, such as https://llm.example.com`
  const url = new URL(base)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  if (url.search !== '' || url.hash !== '') return 'must not hold a query or a fragment'
  const upstream = upstreamOf(name, url, provider, isPrivate || url.hostname === 'localhost')
  const host = bareHost(url)
  // An address is connected to as it stands, so it is looked at here; a name when it has been resolved.
  if (isIP(host) !== 0 && !permitsAddress(upstream, host))
    return `goes to ${host}, which no request is sent to unless the entry says \`private\``
  return upstream
}

function upstreamOf(name: string, url: URL, provider: Provider | undefined, isPrivate: boolean): Upstream {
  return { name, origin: new URL(url.origin), basePath: url.pathname.replace(/\/+$/, ''), provider, isPrivate }
}

/**
 * May a connection for the upstream go to this address? Private networks only where the upstream says so; link-local ones,
 * where clouds keep their secrets, only where that very address is written down.
 */
export function permitsAddress(upstream: Upstream, address: string): boolean {
  const kind = addressKind(address)
  if (kind === 'public') return true
  return upstream.isPrivate && (kind === 'private' || address === bareHost(upstream.origin))
}

/** Without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

function credentialOf(provider: Provider | undefined, key: string): NonNullable<Upstream['credential']> {
  if (provider === 'anthropic') return { header: 'x-api-key', value: key }
  if (provider === 'gcp.gemini') return { header: 'x-goog-api-key', value: key }
  if (provider === 'azure.ai.openai') return { header: 'api-key', value: key }
  return { header: 'authorization', value: `Bearer ${key}` }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 64))
