import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isTallystickError } from '@tallystick/core'
import type { Config } from '../../config/config.ts'
import { answerOf, type Connection } from '../connection.ts'
import { byteSize, grouped } from '../terminal.ts'

/** How something is. `warn`: it works, and yet somebody should look. */
export type State = 'ok' | 'warn' | 'fail'

export interface Finding {
  /** What was looked at. */
  readonly name: string
  readonly state: State
  readonly detail: string
  /** What to do about it; absent where nothing is wrong. */
  readonly remedy?: string
}

const NODE = [20, 19] as const
const ROOM_BYTES = 1_000_000_000
const LITTLE_BYTES = 100_000_000
const CLOCK_MS = 5_000

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const fits = major > NODE[0] || (major === NODE[0] && minor >= NODE[1])
  return fits
    ? { name: 'Node', state: 'ok', detail: version }
    : { name: 'Node', state: 'fail', detail: `${version} is too old`, remedy: 'Install Node 20.19 or newer.' }
}

/** The folder that holds everything, and the room on its disk. */
export async function directoryFindings(config: Config, cwd: string): Promise<readonly Finding[]> {
  const path = resolve(cwd, config.text('data_dir'))
  const name = 'data directory'
  try {
    if (!(await stat(path)).isDirectory())
      return [{ name, state: 'fail', detail: `${path} is no directory`, remedy: 'Name another with --data.' }]
    await access(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? [
          {
            name,
            state: 'warn',
            detail: `${path} does not exist`,
            remedy: 'It is made by `tallystick serve`; or name the right one with --data.',
          },
        ]
      : [
          {
            name,
            state: 'fail',
            detail: `${path} cannot be read and written`,
            remedy: 'Give this user the directory: chown -R.',
          },
        ]
  }
  const { bavail, bsize } = await statfs(path)
  const free = bavail * bsize
  const space = { name: 'disk', detail: `${byteSize(free)} free at ${path}` }
  return [
    { name, state: 'ok', detail: path },
    free >= ROOM_BYTES
      ? { ...space, state: 'ok' }
      : {
          ...space,
          state: free < LITTLE_BYTES ? 'fail' : 'warn',
          remedy: 'Make room: when the disk is full events are refused (and nothing is lost that was acknowledged).',
        },
  ]
}

interface Status {
  readonly version: string
  readonly now_ms: number
  readonly readiness: { readonly status: string; readonly reasons: readonly string[]; readonly store_error?: string }
  readonly store: {
    readonly backend_type: string
    readonly events: number
    readonly newest_ms: number | null
    readonly lag_events: number
    readonly malformed_lines?: number
  }
  readonly journal: { readonly quarantined_lines: number } | null
}

/** What a server, or the directory opened here, says of itself. */
export async function serverFindings(connection: Connection, version: string, nowMs: number): Promise<Finding[]> {
  let status: Status
  try {
    status = await answerOf<Status>(await connection.call('/api/v1/status'))
  } catch (error) {
    return [refused(error)]
  }
  const findings: Finding[] = [
    {
      name: 'server',
      state: status.version === version ? 'ok' : 'warn',
      detail: `${connection.url ?? 'none runs; the directory was opened here'}, ${status.version}`,
      ...(status.version === version ? {} : { remedy: `This command is ${version}; install the same of both.` }),
    },
  ]
  const { reasons, store_error: storeError, status: readiness } = status.readiness
  findings.push({
    name: 'readiness',
    state: readiness === 'unavailable' ? 'fail' : readiness === 'ready' ? 'ok' : 'warn',
    detail: [readiness.replace('_', ' '), ...reasons, ...(storeError === undefined ? [] : [storeError])].join('; '),
    ...(readiness === 'ready' ? {} : { remedy: 'docs/health.md says what each reason means.' }),
  })
  const apart = status.now_ms - nowMs
  if (Math.abs(apart) > CLOCK_MS)
    findings.push({
      name: 'clock',
      state: 'warn',
      detail: `the server's clock is ${grouped(Math.round(Math.abs(apart) / 1000))} s ${apart > 0 ? 'ahead' : 'behind'}`,
      remedy: 'Set both by NTP: events more than a day ahead are rejected.',
    })
  findings.push({
    name: 'store',
    state: status.store.lag_events > 0 ? 'warn' : 'ok',
    detail:
      `${status.store.backend_type}, ${grouped(status.store.events)} events` +
      `${status.store.newest_ms === null ? '' : `, the newest of ${new Date(status.store.newest_ms).toISOString()}`}` +
      `${status.store.lag_events > 0 ? `, ${grouped(status.store.lag_events)} yet to be applied` : ''}`,
    ...(status.store.lag_events > 0 ? { remedy: 'They are safe in the journal; wait, then look again.' } : {}),
  })
  const damaged = status.journal?.quarantined_lines ?? 0
  if (damaged > 0)
    findings.push({
      name: 'journal',
      state: 'warn',
      detail: `${grouped(damaged)} damaged records are in quarantine`,
      remedy: '`tallystick verify` tells which events are concerned; docs/durability.md what can be done.',
    })
  findings.push(...(await lawFindings(connection)))
  return findings
}

interface Invariants {
  readonly balanced: boolean
  readonly sources?: { readonly missing?: number }
}

/** Does everything that came in stand somewhere? And is every price known? */
async function lawFindings(connection: Connection): Promise<Finding[]> {
  try {
    const { balanced } = await answerOf<Invariants>(await connection.call('/api/v1/invariants'))
    const law: Finding = balanced
      ? { name: 'conservation', state: 'ok', detail: 'what was received is what was accepted, repeated or rejected' }
      : {
          name: 'conservation',
          state: 'fail',
          detail: 'what was received is not what became of it',
          remedy: 'Run `tallystick verify`, and report it with what it prints.',
        }
    const body = JSON.stringify({
      from: 0,
      measures: ['requests'],
      filters: { cost_basis: ['unpriced'] },
      group_by: ['model'],
      limit: 3,
    })
    const headers = { 'content-type': 'application/json' }
    const { rows } = await answerOf<{ readonly rows: readonly Record<string, unknown>[] }>(
      await connection.call('/api/v1/query', { method: 'POST', headers, body }),
    )
    const unpriced = rows.reduce((sum, row) => sum + Number(row['requests'] ?? 0), 0)
    if (unpriced === 0) return [law, { name: 'prices', state: 'ok', detail: 'every request has one' }]
    const models = rows.flatMap((row) => (row['other'] === true ? [] : [String(row['model'] ?? 'unknown')]))
    return [
      law,
      {
        name: 'prices',
        state: 'warn',
        detail: `${grouped(unpriced)} requests have none: ${models.join(', ')}`,
        remedy: 'Give the models prices in a file (--prices; docs/prices.md).',
      },
    ]
  } catch (error) {
    return [refused(error)]
  }
}

function refused(error: unknown): Finding {
  const code = isTallystickError(error) ? error.code : 'internal_error'
  const keyed = code === 'unauthorized' || code === 'forbidden'
  return {
    name: 'server',
    state: 'fail',
    detail: (error as Error).message,
    remedy: keyed
      ? 'Give a key that may read with --key or TALLYSTICK_KEY (`tallystick keys create` makes one).'
      : 'Is it running, and is the address right? `tallystick serve` starts one.',
  }
}
