import { ERRORS, type ErrorCode, TallystickError } from '@tallystick/core'

/**
 * Says that a server asks which has a copy of the control state: for `itself`, or for `another` that it passes on. The answer
 * tells the position that it led to.
 */
export const FOLLOWER_HEADER = 'tallystick-follower'
/** In an answer to a follower: the position at which what was asked for is in the copy. */
export const POSITION_HEADER = 'tallystick-control-position'

/** The server that owns the control state, as the others reach it. */
export interface Owner {
  readonly url: string
  /** @throws TallystickError `control_unavailable` when there is no answer */
  ask(path: string, init?: AskInit): Promise<Response>
}

export interface AskInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>> | Headers
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** We ask, with our own key, and not somebody through us. */
  readonly ours?: true
}

export interface OwnerOptions {
  readonly url: string
  /** With the scope `admin` and of no tenant; absent: the owner asks nobody who they are. */
  readonly key?: string
}

const TIMEOUT_MS = 30_000

/** @throws TallystickError `invalid_config` */
export function createOwner({ url: text, key }: OwnerOptions): Owner {
  const url = baseOf(text)
  return {
    url,
    async ask(path, { headers, body, method = 'GET', timeoutMs = TIMEOUT_MS, signal, ours }: AskInit = {}) {
      const sent = new Headers(headers)
      sent.set(FOLLOWER_HEADER, ours === true ? 'itself' : 'another')
      if (ours === true && key !== undefined) sent.set('authorization', `Bearer ${key}`)
      const late = AbortSignal.timeout(timeoutMs)
      try {
        return await fetch(url + path, {
          method,
          headers: sent,
          ...(body === undefined ? {} : { body }),
          // What it answers decides nothing of where keys go.
          redirect: 'manual',
          signal: signal === undefined ? late : AbortSignal.any([late, signal]),
        })
      } catch (cause) {
        throw away(url, reasonOf(cause, timeoutMs), cause)
      }
    },
  }
}

/** What is wrong where the address of an owner is not one. */
export function ownerUrlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'must be an address such as http://10.0.0.5:8088'
  if (url.username !== '' || url.password !== '') return 'must hold no credentials; the key is control.key'
  return url.search === '' && url.hash === '' ? undefined : 'must end with the path'
}

function baseOf(text: string): string {
  const problem = ownerUrlProblem(text)
  if (problem !== undefined)
    throw new TallystickError('invalid_config', `control.url ${problem}.`, {
      issues: [{ path: 'control.url', message: problem }],
    })
  return new URL(text).href.replace(/\/+$/, '')
}

export const away = (url: string, why: string, cause?: unknown): TallystickError =>
  new TallystickError(
    'control_unavailable',
    `The owner of the control state, ${url}, cannot be asked: ${why}.`,
    cause === undefined ? {} : { cause },
  )

/** @throws TallystickError `control_unavailable` for an answer that is a refusal */
export async function assertAnswered({ url }: Pick<Owner, 'url'>, response: Response): Promise<void> {
  if (response.ok) return
  const code = codeIn(await response.json().catch(() => undefined))
  throw away(url, `it answers ${response.status}${code === undefined ? '' : ` ${code}`}`)
}

/** The code of a problem; undefined for what is none of ours. */
export function codeIn(problem: unknown): ErrorCode | undefined {
  const { code } = (typeof problem === 'object' && problem !== null ? problem : {}) as { readonly code?: unknown }
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined
}

/** Codes only: messages of the runtime may hold more. */
function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: unknown } }
  if (name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  if (name === 'AbortError') return 'the request was given up'
  return typeof cause?.code === 'string' ? cause.code : 'the connection failed'
}
