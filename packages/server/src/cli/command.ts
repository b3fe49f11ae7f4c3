import type { Command } from 'commander'
import { type Config, loadConfig } from '../config/config.ts'
import type { ConfigValue } from '../config/keys.ts'
import { ownerUrlProblem } from '../control/owner.ts'
import { endpointProblem, headersProblem } from '../push/settings.ts'
import { traceUrlProblem } from '../traces.ts'
import { listenProblem, storeProblem } from './open-options.ts'
import type { Terminal } from './terminal.ts'

/** One command: declares itself on the program; `run` gets what it needs and returns an exit code. */
export type RegisterCommand = (program: Command, terminal: Terminal) => void

/** Exit codes are part of the interface: 0 ok, 1 failed, 2 usage, 3 budget exceeded. */
export const EXIT = { ok: 0, failed: 1, usage: 2, budget: 3 } as const

/** Thrown by a command that has said everything and only wants its exit code known. */
export class Exit extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** Flags that every command takes which opens data: they are read by the configuration, not by the command. */
export function withData(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (default: tallystick.config.json here, if there is one)')
    .option('--data <dir>', 'data directory')
    .option('--store <url>', 'store: duckdb:PATH, jsonl:PATH or memory:')
    .option('--prices <files>', 'price files that override the catalogue, with commas')
}

/** What only those who use a value can tell of it. */
const CHECKS: ReadonlyMap<string, (value: ConfigValue) => string | undefined> = new Map([
  ['store', (value: ConfigValue) => storeProblem(String(value))],
  ['control.url', unlessUnset(ownerUrlProblem)],
  ['metrics.listen', (value: ConfigValue) => listenProblem(String(value))],
  ['otlp.push.endpoint', unlessUnset(endpointProblem)],
  ['otlp.push.headers', unlessUnset(headersProblem)],
  ['traces.url_template', unlessUnset(traceUrlProblem)],
])

function unlessUnset(problem: (text: string) => string | undefined): (value: ConfigValue) => string | undefined {
  return (value) => (typeof value === 'string' && value !== '' ? problem(value) : undefined)
}

export function configOf(command: Command, terminal: Terminal): Config {
  return loadConfig({
    flags: flagsOf(command.optsWithGlobals<Record<string, unknown>>()),
    env: terminal.env,
    cwd: terminal.cwd,
    checks: CHECKS,
  })
}

/** By their names on the command line: the parser gives `--log-level` as `logLevel`. */
function flagsOf(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const named = Object.entries(options).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    value,
  ])
  return Object.fromEntries(named)
}

/** Lines under a command's help. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
}
