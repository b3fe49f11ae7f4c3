import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERRORS, type ErrorCode, issueLines, TallystickError } from '@tallystick/core'
import type { Config } from '../config/config.ts'
import type { Tallystick } from '../open.ts'
import { openOptions } from './open-options.ts'
import type { Terminal } from './terminal.ts'

/**
 * What a command talks to: a server by its address, or the data directory opened in this process when no server holds
 * it. Either answers the same requests.
 */
export interface Connection {
  /** Address of the server, or undefined when the data directory is open in this process. */
  readonly url: string | undefined
  call(path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

/** File in the data directory by which commands find the server that holds it. */
export const SERVER_FILE = 'server.json'

/**
 * Connects to `serverUrl` if given, else to the server that holds the data directory, else opens the directory.
 *
 * A server is shown `key`, else that of TALLYSTICK_KEY. With `use` `read` a directory that does not exist is an error: made empty, it would answer a mistyped name with zeros.
 *
 * @throws TallystickError `server_unreachable`, `data_dir_unusable`, or what opening the directory throws.
 */
export async function connect(
  config: Config,
  serverUrl: string | undefined,
  terminal: Terminal,
  use: 'read' | 'write',
  key?: string,
): Promise<Connection> {
  const named = serverUrl ?? terminal.env['TALLYSTICK_URL']
  if (named !== undefined && named !== '') return remote(named, terminal, key)
  const holder = await runningServer(config.text('data_dir'))
  if (holder !== undefined) return remote(holder, terminal, key)

  const options = openOptions(config)
  if (use === 'read' && !existsSync(options.dataDir))
    throw new TallystickError(
      'data_dir_unusable',
      `There is no data directory ${options.dataDir}. Name the right one with --data.`,
    )
  // Most of what there is to load, which nobody needs who talks to a server.
  const { openTallystick } = await import('../open.ts')
  return connectionTo(await openTallystick(options))
}

/** What is open in this process. */
export function connectionTo(tallystick: Tallystick): Connection {
  return {
    url: undefined,
    call: async (path, init) => tallystick.fetch(new Request(`http://localhost${path}`, init), TRUSTED),
    close: () => tallystick.close(),
  }
}

/** Whoever can open the directory holds all that is in it. */
const TRUSTED = { trusted: true }

/** The address of the live server that holds `dataDir`, if there is one. */
export async function runningServer(dataDir: string): Promise<string | undefined> {
  let url: unknown
  try {
    url = (JSON.parse(readFileSync(join(dataDir, SERVER_FILE), 'utf8')) as { url?: unknown }).url
  } catch {
    return undefined
  }
  if (typeof url !== 'string') return undefined
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) })
    return answer.ok ? url : undefined
  } catch {
    return undefined
  }
}

function remote(url: string, terminal: Terminal, given: string | undefined): Connection {
  let base: URL
  try {
    base = new URL(url)
  } catch {
    throw new TallystickError(
      'usage',
      `${url} is no address; --server and TALLYSTICK_URL take one such as http://127.0.0.1:8088`,
    )
  }
  const key = given ?? terminal.env['TALLYSTICK_KEY']
  return {
    url: base.origin,
    call: async (path, init = {}) => {
      const headers = new Headers(init.headers)
      if (key) headers.set('authorization', `Bearer ${key}`)
      try {
        return await fetch(new URL(path, base), { ...init, headers })
      } catch (cause) {
        throw new TallystickError('server_unreachable', `No Tallystick answers at ${base.origin}.`, { cause })
      }
    },
    close: async () => {},
  }
}

/** The JSON of an answer; a problem becomes the error it describes. */
export async function answerOf<T>(response: Response): Promise<T> {
  const text = await response.text()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (cause) {
    throw new TallystickError(
      'server_unreachable',
      `The server answered ${response.status} with something that is not JSON.`,
      { cause },
    )
  }
  if (response.ok) return body as T
  const problem = problemIn(body)
  const issues = problem.issues ?? []
  const code =
    problem.code !== undefined && Object.hasOwn(ERRORS, problem.code) ? (problem.code as ErrorCode) : 'internal_error'
  const { title = `status ${response.status}`, detail = title } = problem
  // With one problem the detail says it; with several it may say the first few only.
  throw new TallystickError(code, issues.length > 1 ? `${title}:\n${issueLines(issues)}` : detail, { issues })
}

interface ToldProblem {
  readonly code?: string
  readonly detail?: string
  readonly title?: string
  readonly issues?: readonly { readonly path: string; readonly message: string }[]
}

/** What a refusal says, in the shape of native routes or of Protocol 012. */
function problemIn(body: unknown): ToldProblem {
  const { error } = (body ?? {}) as { error?: { message?: string; details?: DialectDetails } }
  if (typeof error !== 'object' || error === null) return (body ?? {}) as ToldProblem
  const { details = {}, message } = error
  const issues = (details.fields ?? []).map(({ field, message: text }) => ({ path: field, message: text }))
  return {
    issues,
    ...(details.reason === undefined ? {} : { code: details.reason }),
    ...(message === undefined ? {} : { detail: message }),
  }
}

interface DialectDetails {
  readonly reason?: string
  readonly fields?: readonly { readonly field: string; readonly message: string }[]
}
