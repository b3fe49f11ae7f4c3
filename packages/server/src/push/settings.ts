import { TallystickError } from '@tallystick/core'
import type { Temporality } from './encode.ts'

/** Where figures are pushed, and how. */
export interface PushSettings {
  /** Address of a collector's OTLP/HTTP receiver; `/v1/metrics` is added unless it is there. */
  readonly endpoint: string
  /** `name=value` with commas; values percent-encoded, as in `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: string
  /** Between pushes, integer ms; a minute when absent. */
  readonly intervalMs?: number
  /** `cumulative` when absent, as Prometheus wants it. */
  readonly temporality?: Temporality
  /** One push may take this long, integer ms; ten seconds when absent. */
  readonly timeoutMs?: number
  /** `gzip` when absent. */
  readonly compression?: 'gzip' | 'none'
  /** What `OTEL_SEMCONV_STABILITY_OPT_IN` says. */
  readonly optIn?: string
}

const PATH = '/v1/metrics'
/** A token of HTTP. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i
/** Ours to say. */
const TAKEN: ReadonlySet<string> = new Set(['content-type', 'content-encoding', 'content-length', 'host'])

/** What is wrong with an endpoint; undefined when nothing is. */
export function endpointProblem(endpoint: string): string | undefined {
  if (!URL.canParse(endpoint)) return 'must be an absolute URL such as http://collector:4318'
  const { protocol, username, password, search, hash } = new URL(endpoint)
  if (protocol !== 'http:' && protocol !== 'https:') return 'must begin with http:// or https://'
  if (username !== '' || password !== '') return 'must not hold a user name or password; use otlp.push.headers'
  return search === '' && hash === '' ? undefined : 'must not hold a query or a fragment'
}

/** @example pushUrl('http://collector:4318') // 'http://collector:4318/v1/metrics' */
export function pushUrl(endpoint: string): string {
  const url = new URL(endpoint)
  const path = url.pathname.replace(/\/+$/, '')
  url.pathname = path.endsWith(PATH) ? path : `${path}${PATH}`
  return url.href
}

/** What is wrong with a list of headers, without what is in it: it is secret. */
export function headersProblem(text: string): string | undefined {
  const wrong = pairsOf(text).findIndex(
    ([name, value]) => !NAME.test(name) || TAKEN.has(name.toLowerCase()) || !/^[\t\x20-\x7e\x80-\xff]+$/.test(value),
  )
  return wrong < 0 ? undefined : `must be name=value with commas between; entry ${wrong + 1} is not a header to send`
}

export function readHeaders(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(pairsOf(text))
}

function pairsOf(text: string): readonly (readonly [name: string, value: string])[] {
  return text
    .split(',')
    .filter((entry) => entry.trim() !== '')
    .map((entry) => {
      const at = entry.indexOf('=')
      return [entry.slice(0, Math.max(0, at)).trim(), decoded(entry.slice(at + 1).trim())]
    })
}

/** Empty, which no header is, where it cannot be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** @throws TallystickError `invalid_config` */
export function assertSettings({ endpoint, headers = '' }: PushSettings): void {
  const issues = [
    { path: 'otlp.push.endpoint', message: endpointProblem(endpoint) },
    { path: 'otlp.push.headers', message: headersProblem(headers) },
  ].flatMap(({ path, message }) => (message === undefined ? [] : [{ path, message }]))
  const [first] = issues
  if (first !== undefined) throw new TallystickError('invalid_config', `${first.path} ${first.message}.`, { issues })
}
