import { createPriceBook } from '@tallystick/core/pricing'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { openOptions } from '../open-options.ts'
import { shownSettings } from '../shown-settings.ts'
import { plainTable } from '../terminal.ts'

/** `tallystick config`: every key, its effective value and where it came from. */
export const registerConfig: RegisterCommand = (program, terminal) => {
  const command = withData(
    program.command('config').description('print the effective configuration and where each value comes from'),
  )
    .option('--host <host>', 'as for serve')
    .option('--port <port>', 'as for serve')
    .option('--log-level <level>', 'as for serve')
    .option('--json', 'print JSON')
  examples(command, ['tallystick config', 'TALLYSTICK_PORT=9000 tallystick config --json'])
  command.action(() => {
    const config = configOf(command, terminal)
    // What `serve` would refuse must not look right here.
    createPriceBook({ overrides: openOptions(config).prices ?? [] })
    const { file, settings } = shownSettings(config)
    const rows = settings.map(({ key, value, source, variable: env, flag, about }) => ({
      key,
      value,
      source,
      env,
      flag,
      about,
    }))
    if (command.opts()['json']) {
      terminal.out(`${JSON.stringify({ file, settings: rows }, null, 2)}\n`)
      return
    }
    const table = plainTable(['key', 'value', 'from', 'variable', 'flag'], ['left', 'left', 'left', 'left', 'left'])
    for (const row of rows) {
      const value = Array.isArray(row.value) ? row.value.join(', ') : row.value
      table.push([row.key, value === null || value === '' ? '-' : String(value), row.source, row.env, row.flag ?? ''])
    }
    terminal.out(`${table.toString()}\n`)
    terminal.out(file === null ? 'No configuration file.\n' : `File: ${file}\n`)
  })
}
