import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { dismissEarlyThread, startThreadEarly } from '../../store/duckdb/thread.ts'
import { VERSION } from '../../version.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { SERVER_FILE } from '../connection.ts'
import { createLogger } from '../logger.ts'
import { openOptions } from '../open-options.ts'
import { shownSettings } from '../shown-settings.ts'
import type { Terminal } from '../terminal.ts'

/** `tallystick serve`: opens the data directory and answers HTTP until a signal. */
export const registerServe: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('serve').description('start the server and the dashboard'))
    .option('--host <host>', 'address to listen on (127.0.0.1)')
    .option('--port <port>', 'port to listen on (8088; 0 takes a free one)')
    .option('--log-level <level>', 'silent, error, warn, info or debug')
    .option('--no-first-key', 'beyond loopback, refuse to start without keys instead of making the first one')
    .option('--json', 'print the address as JSON')
  examples(command, [
    'tallystick serve',
    'tallystick serve --port 9000 --data /var/lib/tallystick',
    'tallystick serve --store memory:',
  ])
  command.action(async () => {
    const config = configOf(command, terminal)
    const dataDir = resolve(config.text('data_dir'))
    const logger = createLogger(config.text('log.level'))
    const options = openOptions(config)
    if (options.store?.startsWith('duckdb:')) startThreadEarly()
    const { openTallystick } = await import('../../open.ts')
    const makesKey = command.opts()['firstKey'] !== false && config.flag('auth.first_key')
    const onFirstKey = (key: string): void => tellFirstKey(key, terminal)
    const tallystick = await openTallystick({
      ...options,
      configuration: shownSettings(config),
      logger,
      ...(makesKey ? { onFirstKey } : {}),
    }).finally(dismissEarlyThread)
    const { url } = await tallystick
      .listen({ host: config.text('http.host'), port: config.integer('http.port') })
      .catch(async (error) => {
        // The store's thread would keep the process alive.
        await tallystick.close()
        throw error
      })

    mkdirSync(dataDir, { recursive: true })
    const file = join(dataDir, SERVER_FILE)
    writeFileSync(file, `${JSON.stringify({ url, pid: process.pid, version: VERSION })}\n`)

    const metricsUrl = tallystick.metricsUrl()
    const metrics = metricsUrl === undefined ? {} : { metrics_url: metricsUrl }
    if (command.opts()['json'])
      terminal.out(`${JSON.stringify({ url, pid: process.pid, version: VERSION, data_dir: dataDir, ...metrics })}\n`)
    else welcome(url, metricsUrl, terminal)
    // A person has just been told; a log that is kept has not.
    if (!terminal.interactive) logger.info({ url, data_dir: dataDir, version: VERSION, ...metrics }, 'serving')

    await new Promise<void>((done) => {
      let stopping = false
      const stop = (signal: NodeJS.Signals): void => {
        // A second signal means now: what was acknowledged is safe in the journal either way. An exit of our own would end the
        // store's thread in the middle of its work, which can abort the process and leave a core behind.
        if (stopping) {
          process.removeAllListeners(signal)
          process.kill(process.pid, signal)
          return
        }
        stopping = true
        rmSync(file, { force: true })
        terminal.err('Stopping: finishing what is under way ...\n')
        if (!terminal.interactive) logger.info({ pid: process.pid }, 'stopping')
        tallystick.close().then(done, (error) => {
          logger.error({ error: String(error) }, 'close failed')
          done()
        })
      }
      process.on('SIGINT', stop)
      process.on('SIGTERM', stop)
    })
  })
}

/** To a person, not to the log: that is kept, and sent on. */
function tellFirstKey(key: string, { err, color }: Terminal): void {
  err(
    [
      '',
      'Other machines can reach this server, so it asks for a key. This is the first, and it is shown only now:',
      '',
      `  ${color.bold(key)}`,
      '',
      'Send it as `Authorization: Bearer KEY`, log in with it in a browser, or set TALLYSTICK_KEY for commands.',
      'It may do everything; make others for what sends and reads: `tallystick keys create --help`.',
      '',
      '',
    ].join('\n'),
  )
}

/** The address on `out`, what to try next on `err`. */
function welcome(url: string, metricsUrl: string | undefined, terminal: Terminal): void {
  const { color } = terminal
  terminal.out(`Tallystick ${VERSION} answers at ${color.bold(url)}\n`)
  terminal.err(
    [
      ...(metricsUrl === undefined ? [] : ['', `Metrics for Prometheus at ${metricsUrl}`]),
      '',
      'Try next:',
      `  1. Open ${color.cyan(url)} in a browser.`,
      '  2. Send an event:',
      `     curl ${url}/api/v1/events -H 'content-type: application/json' \\`,
      `       -d '{"provider":"openai","model":"gpt-4o","input_tokens":1200,"output_tokens":80,"duration_ms":900}'`,
      '  3. Import a CSV file of requests:',
      '     npx tallystick import csv FILE --map timestamp=TIME,input_tokens=IN,output_tokens=OUT --set provider=openai,model=gpt-4o',
      '',
      '',
    ].join('\n'),
  )
}
