import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import type { Environment } from '../record.ts'

const TRIES = 5
const LONGEST_WAIT_MS = 30_000
const TIMEOUT_MS = 120_000

/**
 * GET of somebody's API. What may pass (no connection, 429, 5xx) is tried again a few times, as late as `Retry-After` says.
 * Redirects are not followed: a key sent in a header of its own would go along to wherever they lead.
 *
 * @returns undefined for 404
 * @throws TallystickError `unauthorized` when the key is refused, `server_unreachable`, `bad_answer`
 */
export async function get(url: URL, headers: Readonly<Record<string, string>>): Promise<Response | undefined> {
  for (let attempt = 1; ; attempt++) {
    const response = await once(url, headers, attempt === TRIES)
    if (response?.ok) return response
    const status = response?.status
    const waitMs = Math.min(LONGEST_WAIT_MS, retryAfterMs(response) ?? 250 * 2 ** attempt)
    await response?.body?.cancel()
    if (status === 404) return undefined
    if (status === 401 || status === 403)
      throw new TallystickError('unauthorized', `${url.origin} refuses the key (status ${status}).`)
    if (status !== undefined && status >= 300 && status < 400)
      throw new TallystickError('bad_answer', `${url.origin} leads elsewhere (status ${status}). Name that address.`)
    if (status !== undefined && status !== 429 && status < 500)
      throw new TallystickError('bad_answer', `${url.origin}${url.pathname} answered with status ${status}.`)
    if (attempt === TRIES)
      throw new TallystickError('server_unreachable', `${url.origin}${url.pathname} answered with status ${status}.`)
    await sleep(waitMs)
  }
}

async function once(url: URL, headers: Readonly<Record<string, string>>, last: boolean): Promise<Response | undefined> {
  try {
    return await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (cause) {
    if (last) throw new TallystickError('server_unreachable', `Nothing answers at ${url.origin}.`, { cause })
    return undefined
  }
}

function retryAfterMs(response: Response | undefined): number | undefined {
  const seconds = response?.headers.get('retry-after')
  return seconds !== null && seconds !== undefined && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined
}

/** @throws TallystickError `usage` */
export function baseUrl(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new TallystickError('usage', `${option} ${text} is no address such as https://litellm.example.com`)
}

/** An address below another, which may have a path of its own. */
export function below(base: URL, path: string, search: URLSearchParams): URL {
  const url = new URL(base)
  url.pathname = `${base.pathname.replace(/\/+$/, '')}${path}`
  url.search = search.toString()
  return url
}

/**
 * A key, from a file or from one of the variables. It is never an argument: those are seen by everybody on the machine.
 *
 * @throws TallystickError `usage` when there is none, `file_unreadable`
 */
export function keyFrom(env: Environment, names: readonly string[], file: string | undefined): string {
  if (file !== undefined) {
    try {
      const key = readFileSync(file, 'utf8').trim()
      if (key !== '') return key
    } catch (cause) {
      throw new TallystickError('file_unreadable', `The key file ${file} cannot be read.`, { cause })
    }
    throw new TallystickError('file_unreadable', `The key file ${file} is empty.`)
  }
  for (const name of names) {
    const key = env[name]?.trim()
    if (key) return key
  }
  throw new TallystickError('usage', `Put the key into ${names.join(' or ')}, or name a file with --key-file.`)
}
