import { isTallystickError } from '@tallystick/core'
import { Command, CommanderError } from 'commander'
import { VERSION } from '../version.ts'
import { EXIT, Exit, examples, type RegisterCommand } from './command.ts'
import { processTerminal, type Terminal } from './terminal.ts'

/** The command that stands for none. */
const OVERVIEW = 'overview'
const USAGE_REPORTS = ['daily', 'weekly', 'monthly', 'session', 'models', 'agents', 'blocks'] as const

/** THE table of commands, in the order of the help. Each is loaded only when it is asked for: a start waits for nothing else. */
const COMMANDS: ReadonlyMap<string, () => Promise<RegisterCommand>> = new Map([
  [OVERVIEW, async () => (await import('./usage/overview.ts')).registerOverview],
  ['serve', async () => (await import('./commands/serve.ts')).registerServe],
  ['proxy', async () => (await import('./commands/proxy.ts')).registerProxy],
  ...USAGE_REPORTS.map((name): readonly [string, () => Promise<RegisterCommand>] => [
    name,
    async () => (await import('./commands/usage.ts')).registerUsage(name),
  ]),
  ['tail', async () => (await import('./usage/tail.ts')).registerTail],
  ['top', async () => (await import('./usage/top.ts')).registerTop],
  ['statusline', async () => (await import('./usage/statusline.ts')).registerStatusline],
  ['import', async () => (await import('./commands/import.ts')).registerImport],
  ['query', async () => (await import('./commands/query.ts')).registerQuery],
  ['receipt', async () => (await import('./commands/receipt.ts')).registerReceipt],
  ['analytics', async () => (await import('./commands/analytics.ts')).registerAnalytics],
  ['export', async () => (await import('./commands/export.ts')).registerExport],
  ['budgets', async () => (await import('./commands/budgets.ts')).registerBudgets],
  ['report', async () => (await import('./commands/report.ts')).registerReport],
  ['recommendations', async () => (await import('./commands/recommendations.ts')).registerRecommendations],
  ['what-if', async () => (await import('./commands/what-if.ts')).registerWhatIf],
  ['reconcile', async () => (await import('./commands/reconcile.ts')).registerReconcile],
  ['reprice', async () => (await import('./commands/reprice.ts')).registerReprice],
  ['keys', async () => (await import('./commands/keys.ts')).registerKeys],
  ['alerts', async () => (await import('./commands/alerts.ts')).registerAlerts],
  ['status', async () => (await import('./commands/status.ts')).registerStatus],
  ['mcp', async () => (await import('./commands/mcp.ts')).registerMcp],
  ['prices', async () => (await import('./commands/prices.ts')).registerPrices],
  ['config', async () => (await import('./commands/config.ts')).registerConfig],
  ['verify', async () => (await import('./commands/verify.ts')).registerVerify],
  ['rebuild', async () => (await import('./commands/rebuild.ts')).registerRebuild],
  ['migrate', async () => (await import('./commands/migrate.ts')).registerMigrate],
  ['schema', async () => (await import('./commands/schema.ts')).registerSchema],
  ['backup', async () => (await import('./commands/backup.ts')).registerBackup],
  ['erase', async () => (await import('./commands/erase.ts')).registerErase],
  ['hold', async () => (await import('./commands/hold.ts')).registerHold],
  ['restore', async () => (await import('./commands/restore.ts')).registerRestore],
  ['bench', async () => (await import('./commands/bench.ts')).registerBench],
  ['doctor', async () => (await import('./commands/doctor.ts')).registerDoctor],
  ['completion', async () => (await import('./commands/completion.ts')).registerCompletion],
])

/** Runs one command line and sets the exit code of the process. */
export async function main(args: readonly string[]): Promise<void> {
  process.exitCode = await runCommand(args, processTerminal(process.env))
}

/** Runs one command line against a terminal and returns the exit code; never throws. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const { program, words } = await programFor(args, terminal)
  try {
    await program.parseAsync([...words], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    return report(error, terminal)
  }
}

/** The program with as many commands as that command line needs, and the words that it has to parse. */
export async function programFor(
  args: readonly string[],
  terminal: Terminal,
): Promise<{ readonly program: Command; readonly words: readonly string[] }> {
  const words = beginsWithFlag(args) ? [OVERVIEW, ...args] : args
  const named = COMMANDS.get(words[0] ?? '')
  const isWhole = named === undefined && words[0] !== '--version'
  const program = isWhole ? await wholeProgram(terminal) : newProgram(terminal)
  if (named !== undefined) (await named())(program, terminal)
  return { program, words }
}

/** Nothing, or flags only: then the overview is meant. */
const beginsWithFlag = ([first]: readonly string[]): boolean =>
  first === undefined || (first.startsWith('-') && !['-h', '--help', '--version'].includes(first))

/** The program with every command declared, as help and completion need it. */
export async function wholeProgram(terminal: Terminal): Promise<Command> {
  const program = newProgram(terminal)
  for (const load of COMMANDS.values()) (await load())(program, terminal)
  return program
}

function newProgram(terminal: Terminal): Command {
  const program = new Command('tallystick')
    .description('Usage and cost analytics for LLM traffic: counted once, priced exactly.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows what can be said)')
  return examples(program, [
    'tallystick                            usage today and on the last days',
    'tallystick serve',
    'tallystick query --from 7d --group-by model',
    'tallystick import csv --help',
  ])
}

/** Errors that another command line would not have. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'usage',
  'invalid_config',
  'invalid_query',
  'invalid_rule',
  'invalid_period',
  'unknown_parameter',
  'unknown_value',
  'unknown_measure',
  'unknown_dimension',
])

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof Exit) return error.exitCode
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (isTallystickError(error)) {
    terminal.err(`${terminal.color.red('error')} ${error.code}: ${error.message}\n`)
    return USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.failed
  }
  terminal.err(`${terminal.color.red('error')} ${error instanceof Error ? error.message : String(error)}\n`)
  return EXIT.failed
}
