import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { QueryResult } from '@tallystick/core/query'
import type { Config } from '../../config/config.ts'
import { answerOf, type Connection, connect } from '../connection.ts'
import type { Terminal } from '../terminal.ts'

/** Whom figures are asked of. */
export interface FigureSource {
  /** As JSON output names it. */
  readonly source: SourceName
  /** One line for people. */
  readonly told: string
  /** Asks a query of the native API (docs/wire.md). @throws TallystickError as the API does */
  query(body: Readonly<Record<string, unknown>>): Promise<QueryResult>
  /** The rest of the API; absent for logs, which are no server. */
  readonly connection?: Connection
  close(): Promise<void>
}

/** A server at an address, a data directory, or logs of the coding agents on this machine. */
export type SourceName =
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'logs'; readonly tools: readonly string[]; readonly files: number; readonly unreadable: number }

/** Flags that say whom to ask. */
export interface SourceFlags {
  readonly server?: string
  readonly key?: string
  readonly logs?: boolean
}

/** Is there neither a server nor a directory that was named, nor one in its usual place? Then logs are what there is. */
export function readsLogs(config: Config, flags: SourceFlags, terminal: Terminal): boolean {
  if (flags.logs) return true
  const named = flags.server ?? terminal.env['TALLYSTICK_URL'] ?? ''
  const chosen = config.settings.get('data_dir')?.source !== 'default'
  return named === '' && !chosen && !existsSync(resolve(terminal.cwd, config.text('data_dir')))
}

/**
 * The server that was named, else the one that holds the data directory, else the directory; where there is none of these,
 * or with `logs`, what coding agents have logged on this machine.
 *
 * @param sinceMs nothing older will be asked for: logs that were last written before are not read
 * @throws TallystickError `server_unreachable`, `data_dir_unusable` for a directory that was named and is not there
 */
export async function openFigures(
  config: Config,
  flags: SourceFlags,
  terminal: Terminal,
  sinceMs: number | undefined,
): Promise<FigureSource> {
  const path = resolve(terminal.cwd, config.text('data_dir'))
  if (!readsLogs(config, flags, terminal)) {
    const connection = await connect(config, flags.server, terminal, 'read', flags.key)
    return {
      source: connection.url === undefined ? { kind: 'directory', path } : { kind: 'server', url: connection.url },
      told: connection.url ?? path,
      query: async (body) =>
        answerOf<QueryResult>(
          await connection.call('/api/v1/query?consistency=applied', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          }),
        ),
      connection,
      close: () => connection.close(),
    }
  }
  const { readAgentLogs } = await import('./agent-logs.ts')
  return readAgentLogs(config, terminal, sinceMs)
}
