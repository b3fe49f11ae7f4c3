import { resolve } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { configOf, examples, type RegisterCommand } from '../command.ts'
import { runningServer } from '../connection.ts'
import { createLogger } from '../logger.ts'
import { proxySettings } from '../open-options.ts'

/** `tallystick proxy`: the capture proxy by itself, whose events go to a server. */
export const registerProxy: RegisterCommand = (program, terminal) => {
  const command = program
    .command('proxy')
    .description('start the capture proxy by itself, for a server elsewhere')
    .option(
      '--server <url>',
      'where events go (default: TALLYSTICK_URL, else the server that holds the data directory)',
    )
    .option('--key <key>', 'API key with the scope `ingest` (default: TALLYSTICK_KEY)')
    .option('--config <file>', 'configuration file (default: tallystick.config.json here, if there is one)')
    .option('--data <dir>', 'data directory')
    .option('--host <host>', 'loopback address to listen on (127.0.0.1)')
    .option('--port <port>', 'port to listen on (8089; 0 takes a free one)', '8089')
    .option('--log-level <level>', 'silent, error, warn, info or debug')
    .option('--json', 'print the address as JSON')
  examples(command, [
    'tallystick proxy --server https://tallystick.example.com --key tsk_...',
    'OPENAI_BASE_URL=http://127.0.0.1:8089/proxy/openai/v1 node app.js',
  ])
  command.action(async () => {
    const options = command.opts<{ server?: string; key?: string; json?: boolean }>()
    const config = configOf(command, terminal)
    const named = options.server ?? terminal.env['TALLYSTICK_URL']
    const url = named || (await runningServer(config.text('data_dir')))
    if (url === undefined || !URL.canParse(url))
      throw new TallystickError(
        'usage',
        'Name the server that events go to with --server or TALLYSTICK_URL. `tallystick serve` has a proxy of its own and needs no other.',
      )
    const key = options.key ?? terminal.env['TALLYSTICK_KEY']
    const logger = createLogger(config.text('log.level'))
    const { openSidecar } = await import('../../sidecar.ts')
    const sidecar = await openSidecar({
      proxy: proxySettings(config),
      server: { url, ...(key ? { key } : {}) },
      host: config.text('http.host'),
      port: config.integer('http.port'),
      dataDir: resolve(config.text('data_dir')),
      allowedHosts: config.list('http.allowed_hosts'),
      allowedOrigins: config.list('http.allowed_origins'),
      logger,
    })
    if (options.json)
      terminal.out(`${JSON.stringify({ url: sidecar.url, pid: process.pid, server: new URL(url).origin })}\n`)
    else {
      terminal.out(`Tallystick's proxy answers at ${terminal.color.bold(`${sidecar.url}/proxy/NAME`)}\n`)
      terminal.err(`Events go to ${new URL(url).origin}.\n`)
    }
    await new Promise<void>((done) => {
      let stopping = false
      const stop = (signal: NodeJS.Signals): void => {
        if (stopping) {
          process.removeAllListeners(signal)
          process.kill(process.pid, signal)
          return
        }
        stopping = true
        terminal.err('Stopping: finishing what is under way ...\n')
        sidecar.close().then(
          ({ pending }) => {
            if (pending > 0) terminal.err(`${pending} events could not be sent and are lost.\n`)
            done()
          },
          (error) => {
            logger.error({ error: String(error) }, 'close failed')
            done()
          },
        )
      }
      process.on('SIGINT', stop)
      process.on('SIGTERM', stop)
    })
  })
}
