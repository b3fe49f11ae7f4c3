import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { type ProviderFigures, providerTable, type ServerStatus, statusLines } from '../status-text.ts'

interface StatusOptions {
  readonly server?: string
  readonly json?: boolean
}

interface Providers {
  readonly window_ms: number
  readonly whole: boolean
  readonly providers: readonly ProviderFigures[]
}

/** `tallystick status`: how the server does, and how the providers do. */
export const registerStatus: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('status'))
    .description('how the server and the providers do; exit code 1 when events cannot be kept')
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print both answers as JSON')
  examples(command, ['tallystick status', 'tallystick status --server https://tallystick.example.com --json'])
  command.action(async () => {
    const { server, json } = command.opts<StatusOptions>()
    const connection = await connect(configOf(command, terminal), server, terminal, 'read')
    try {
      const status = await answerOf<ServerStatus>(await connection.call('/api/v1/status'))
      const health = await answerOf<Providers>(await connection.call('/api/v1/providers/health'))
      if (json) terminal.out(`${JSON.stringify({ status, providers: health }, null, 2)}\n`)
      else {
        terminal.out(`${statusLines(status)}\n\n`)
        terminal.out(
          health.providers.length === 0
            ? 'No requests to providers of late.\n'
            : `${providerTable(health.providers, health.window_ms)}\n`,
        )
        if (!health.whole) terminal.err('More providers were named than are watched; the rest is not here.\n')
      }
      if (status.readiness.status === 'unavailable') throw new Exit(EXIT.failed)
    } finally {
      await connection.close()
    }
  })
}
