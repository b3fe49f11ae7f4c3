import { isTallystickError } from '@tallystick/core'
import { systemClock } from '@tallystick/core/event'
import type { Api } from '../../mcp/api.ts'
import { VERSION } from '../../version.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { Reach } from '../reach.ts'
import { readsLogs } from '../usage/figure-source.ts'

interface Flags {
  readonly server?: string
  readonly key?: string
  readonly logs?: boolean
}

/** A model that works on a question asks several things in a row; whoever starts a server does not wait longer than this. */
const REST_MS = 2_000
/** Logs are read as a whole, and hold nobody up. */
const LOGS_REST_MS = 20_000

/** `tallystick mcp`: usage and cost as tools of a coding agent. */
export const registerMcp: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('mcp'))
    .description('answer a coding agent over the Model Context Protocol (standard input and output)')
    .option('--server <url>', 'ask this server (default: TALLYSTICK_URL, else whoever holds the data directory)')
    .option('--key <key>', 'key for the server (default: TALLYSTICK_KEY, which others cannot see)')
    .option(
      '--logs',
      'read the logs of coding agents on this machine (default where there is neither server nor directory)',
    )
  examples(command, [
    'tallystick mcp',
    'tallystick mcp --logs',
    'tallystick mcp --data /var/lib/tallystick',
    'TALLYSTICK_KEY=tsk_... tallystick mcp --server https://tallystick.example.com',
    'claude mcp add tallystick -- npx tallystick mcp --data "$PWD/data"',
  ])
  command.action(async () => {
    const flags = command.opts<Flags>()
    const { server, key } = flags
    const config = configOf(command, terminal)
    let fromLogs = false
    const reach = new Reach(
      async () => {
        fromLogs = readsLogs(config, flags, terminal)
        if (!fromLogs) return connect(config, server, terminal, 'read', key)
        const { connectToLogs } = await import('../usage/log-connection.ts')
        return connectToLogs(config, terminal)
      },
      () => (fromLogs ? LOGS_REST_MS : REST_MS),
    )
    const named = server ?? terminal.env['TALLYSTICK_URL'] ?? ''
    // An address that is none is the mistake of whoever wrote the configuration, and told of at once.
    if (named !== '') await connect(config, server, terminal, 'read', key)

    const [{ createToolServer }, { serveStdio }] = await Promise.all([
      import('../../mcp/server.ts'),
      import('../../mcp/stdio.ts'),
    ])
    const stop = new AbortController()
    const leave = (): void => stop.abort()
    process.once('SIGINT', leave).once('SIGTERM', leave)
    const tools = await createToolServer({
      api: apiOver(reach),
      clock: systemClock,
      version: VERSION,
      onError: (error) => terminal.err(`${told(error)}\n`),
    })
    try {
      await serveStdio(tools, { input: process.stdin, output: process.stdout }, stop.signal)
    } finally {
      process.off('SIGINT', leave).off('SIGTERM', leave)
      await reach.close()
    }
  })
}

function apiOver(reach: Reach): Api {
  return {
    async ask({ path, parameters = [], body }, signal) {
      const search = searchOf(parameters)
      const response = await reach.call(search === '' ? path : `${path}?${search}`, {
        ...(signal === undefined ? {} : { signal }),
        ...(body === undefined
          ? {}
          : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      return answerOf<unknown>(response)
    },
  }
}

function searchOf(parameters: Iterable<readonly [string, string]>): string {
  const search = new URLSearchParams()
  for (const [name, value] of parameters) search.append(name, value)
  return search.toString()
}

/** Standard output is the protocol's; whoever looks for what is wrong finds this in the log of the client. */
function told(error: unknown): string {
  if (isTallystickError(error)) return `tallystick mcp: ${error.code}: ${error.message}`
  return `tallystick mcp: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}
