import { lookup as systemLookup } from 'node:dns'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Clock } from '@tallystick/core/event'
import { retryAfterMs } from '../../retry.ts'
import type { HostPolicy } from './hosts.ts'
import type { Outcome } from './outcome.ts'

/** More of an answer is not read: its status has said all. */
const MAX_ANSWER_BYTES = 64 * 1024

export interface PostOptions {
  readonly hosts: HostPolicy
  readonly clock: Clock
  readonly timeoutMs: number
  /** Cuts off what is under way. */
  readonly stop?: AbortSignal
  /** Resolves names; the system's resolver when absent. */
  readonly lookup?: LookupFunction
}

export type Post = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<Outcome>

class Refused extends Error {}

/**
 * Posts JSON once, to permitted addresses only. The name is looked up once and the connection goes to what was checked, so
 * that an answer which changes in between (DNS rebinding) gains nothing; redirects are not followed.
 */
export function createPost(options: PostOptions): Post {
  const { hosts, clock, timeoutMs, stop, lookup = systemLookup as LookupFunction } = options
  const checkedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, [])
      const addresses = (Array.isArray(found) ? found : [found]) as { address: string; family: number }[]
      // One that is not permitted among several is how a name tries.
      const wrong = addresses.find(({ address }) => !hosts.permits(hostname, address))
      const [first] = addresses
      if (wrong !== undefined || first === undefined) {
        return callback(new Refused('the host stands for an address that is not permitted'), [])
      }
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }

  return (url, headers, body) =>
    new Promise((resolve) => {
      const problem = hosts.urlProblem(url)
      if (problem !== undefined) return resolve({ ok: false, final: true, detail: `the address ${problem}` })
      const target = new URL(url)
      const request = target.protocol === 'https:' ? httpsRequest : httpRequest
      const bytes = Buffer.from(body)
      const sent = request(target, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers, 'content-length': bytes.byteLength },
        lookup: checkedLookup,
        // A connection that was made for one host is used for it alone, and once.
        agent: false,
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stop === undefined ? [] : [stop])]),
      })
      sent.on('response', (response) => {
        resolve(outcomeOf(response, clock))
        drain(response)
      })
      sent.on('error', (error) =>
        resolve(stop?.aborted === true ? { ok: false, detail: 'the server stopped' } : failureOf(error, timeoutMs)),
      )
      sent.end(bytes)
    })
}

function outcomeOf({ statusCode = 0, headers }: IncomingMessage, clock: Clock): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { ok: true, detail: `answered ${statusCode}` }
  if (statusCode >= 300 && statusCode < 400) {
    return { ok: false, detail: `answered ${statusCode}; redirects are not followed` }
  }
  const waitMs = retryAfterMs(headers['retry-after'], clock)
  // 410 Gone is how a receiver says that it wants no more.
  return {
    ok: false,
    detail: `answered ${statusCode}`,
    ...(statusCode === 410 ? { final: true } : {}),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  }
}

/** Reads the rest so that the receiver is not cut off in the middle of a short answer, and cuts it off in a long one. */
function drain(response: IncomingMessage): void {
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength
    if (bytes > MAX_ANSWER_BYTES) response.destroy()
  })
  response.on('error', () => undefined)
}

/** Codes only: the messages of the runtime hold addresses, and those of TLS whole certificates. */
function failureOf(error: Error, timeoutMs: number): Outcome {
  if (error instanceof Refused) return { ok: false, final: true, detail: error.message }
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return { ok: false, detail: `no answer within ${timeoutMs} ms` }
  return { ok: false, detail: `failed: ${(error as { code?: string }).code ?? 'connection error'}` }
}
