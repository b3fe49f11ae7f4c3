import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { isTallystickError } from '@tallystick/core'
import type { Config } from '../../config/config.ts'
import { VERSION } from '../../version.ts'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { connect } from '../connection.ts'
import { directoryFindings, type Finding, nodeFinding, type State, serverFindings } from '../doctor/checks.ts'

interface Options {
  readonly server?: string
  readonly key?: string
  readonly json?: boolean
}

/** `tallystick doctor`: what is wrong here, and what to do about it. */
export const registerDoctor: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('doctor'))
    .description('says what is wrong and how to mend it; exit code 1 when something fails')
    .option('--server <url>', 'look at this server (default: TALLYSTICK_URL, else whoever holds the data directory)')
    .option('--key <key>', 'key for the server (default: TALLYSTICK_KEY)')
    .option('--json', 'print what was found as JSON')
  examples(command, ['tallystick doctor', 'tallystick doctor --server https://tallystick.example.com --json'])
  command.action(async () => {
    const { server, key, json } = command.opts<Options>()
    const findings: Finding[] = [nodeFinding(process.versions.node)]
    let config: Config | undefined
    try {
      config = configOf(command, terminal)
      findings.push({ name: 'configuration', state: 'ok', detail: config.file ?? 'defaults, flags and environment' })
    } catch (error) {
      const remedy = '`tallystick config` shows every key with its value; docs/config.md explains them.'
      findings.push({ name: 'configuration', state: 'fail', detail: (error as Error).message, remedy })
    }
    if (config !== undefined) findings.push(...(await beyond(config, server, key)))

    const worst = findings.some(({ state }) => state === 'fail')
    if (json) terminal.out(`${JSON.stringify({ report: 'doctor', ok: !worst, findings }, null, 2)}\n`)
    else {
      const { color } = terminal
      const marks: { readonly [S in State]: string } = {
        ok: color.green('ok  '),
        warn: color.yellow('warn'),
        fail: color.red('FAIL'),
      }
      for (const { name, state, detail, remedy } of findings) {
        terminal.out(`${marks[state]}  ${name.padEnd(15)} ${detail}\n`)
        if (remedy !== undefined) terminal.out(`      ${''.padEnd(15)} ${color.cyan(remedy)}\n`)
      }
    }
    if (worst) throw new Exit(EXIT.failed)
  })

  async function beyond(config: Config, server: string | undefined, key: string | undefined): Promise<Finding[]> {
    const named = (server ?? terminal.env['TALLYSTICK_URL'] ?? '') !== ''
    const findings = named ? [] : [...(await directoryFindings(config, terminal.cwd))]
    if (!named && !existsSync(resolve(terminal.cwd, config.text('data_dir')))) return findings
    try {
      const connection = await connect(config, server, terminal, 'read', key)
      try {
        return [...findings, ...(await serverFindings(connection, VERSION, Date.now()))]
      } finally {
        await connection.close()
      }
    } catch (error) {
      const code = isTallystickError(error) ? `${error.code}: ` : ''
      return [
        ...findings,
        {
          name: 'server',
          state: 'fail',
          detail: `${code}${(error as Error).message}`,
          remedy: 'docs/errors.md says what the code means and what to do.',
        },
      ]
    }
  }
}
