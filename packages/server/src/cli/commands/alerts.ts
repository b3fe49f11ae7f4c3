import { readFileSync } from 'node:fs'
import { TallystickError } from '@tallystick/core'
import { type Command, Option } from 'commander'
import { parseAmount, parseSpan } from '../alert-amounts.ts'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, type Connection, connect } from '../connection.ts'
import { collect, filterPair } from '../pairs.ts'
import { plainTable, type Terminal } from '../terminal.ts'

interface Shared {
  readonly server?: string
  readonly json?: boolean
}

interface AddOptions extends Shared {
  readonly name?: string
  readonly threshold?: string
  readonly window?: string
  readonly for?: string
  readonly minRequests?: string
  readonly tenant?: string
  readonly filter: readonly string[]
  readonly webhook: readonly string[]
  readonly secretFile?: string
  readonly slack: readonly string[]
  readonly mail: readonly string[]
  readonly disabled?: boolean
}

interface Target {
  readonly kind: string
  readonly url?: string
  readonly to?: string
}

interface Rule {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly enabled: boolean
  readonly firing: number
  readonly error: string | null
  readonly targets: readonly Target[]
}

interface Rules {
  readonly rules: readonly Rule[]
  readonly kinds: readonly { readonly kind: string; readonly unit: string }[]
}

interface Alert {
  readonly id: string
  readonly severity: string
  readonly title: string
  readonly fired_ms: number
  readonly resolved_ms: number | null
  readonly acknowledged_by: string | null
}

interface Tested {
  readonly results: readonly { readonly target: Target; readonly ok: boolean; readonly detail: string }[]
}

const RULES = '/api/v1/alerts/rules'

/** `tallystick alerts`: what fires, and the rules by which it does. */
export const registerAlerts: RegisterCommand = (program, terminal) => {
  const group = examples(program.command('alerts').description('alerts and their rules'), [
    'tallystick alerts list',
    'tallystick alerts add provider_down --slack https://hooks.slack.com/services/T0/B0/x',
    'tallystick alerts test 01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
  ])
  registerList(group, terminal)
  registerRules(group, terminal)
  registerAdd(group, terminal)
  registerRemove(group, terminal)
  registerTest(group, terminal)
}

function registerList(group: Command, terminal: Terminal): void {
  const command = shared(group.command('list').description('what fires now and what did, newest first'))
    .option('--state <state>', 'all, firing or resolved', 'all')
    .option('--limit <alerts>', 'alerts to list', '50')
  examples(command, ['tallystick alerts list --state firing', 'tallystick alerts list --limit 10 --json'])
  command.action(() =>
    asking<Shared & { state: string; limit: string }>(command, terminal, 'read', async (connection, options) => {
      const search = new URLSearchParams({ state: options.state, limit: options.limit })
      const answer = await answerOf<{ alerts: readonly Alert[] }>(await connection.call(`/api/v1/alerts?${search}`))
      if (options.json) return terminal.out(`${JSON.stringify(answer, null, 2)}\n`)
      if (answer.alerts.length === 0) return terminal.out('No alerts.\n')
      const table = plainTable(['since', 'state', 'severity', 'title'], ['left', 'left', 'left', 'left'])
      for (const alert of answer.alerts) table.push([time(alert.fired_ms), stateOf(alert), alert.severity, alert.title])
      terminal.out(`${table}\n`)
    }),
  )
}

function registerRules(group: Command, terminal: Terminal): void {
  const command = shared(group.command('rules').description('the rules, and how their last evaluation went')).addOption(
    new Option('--format <format>', 'a table, or a rule file of Prometheus')
      .choices(['table', 'prometheus'])
      .default('table'),
  )
  examples(command, ['tallystick alerts rules', 'tallystick alerts rules --format prometheus > tallystick.rules.yaml'])
  command.action(() =>
    asking<Shared & { format: string }>(command, terminal, 'read', async (connection, { json, format }) => {
      if (format === 'prometheus') {
        const response = await connection.call(`${RULES}/prometheus`)
        return terminal.out(response.ok ? await response.text() : await answerOf<string>(response))
      }
      const answer = await answerOf<Rules>(await connection.call(RULES))
      if (json) return terminal.out(`${JSON.stringify(answer, null, 2)}\n`)
      if (answer.rules.length === 0) return terminal.out('No rules. Add one: tallystick alerts add --help\n')
      const table = plainTable(['id', 'name', 'kind', 'state', 'targets'], ['left', 'left', 'left', 'left', 'left'])
      for (const rule of answer.rules)
        table.push([rule.id, rule.name, rule.kind, ruleState(rule), rule.targets.map(targetText).join(', ') || '-'])
      terminal.out(`${table}\n`)
    }),
  )
}

function registerAdd(group: Command, terminal: Terminal): void {
  const command = shared(
    group
      .command('add')
      .description('add a rule; what is not said is as its kind has it')
      .argument(
        '<kind>',
        'budget, spend_rate, cost_spike, error_rate, latency_p95, cache_hit_rate, provider_down, no_data, source_gap, unpriced or dropped',
      ),
  )
    .option('--name <text>', 'a line for people')
    .option('--threshold <amount>', '2.5%, $20, 30s, or a whole number in the unit of the kind')
    .option('--window <span>', 'over how long it is measured: 5m, 1h, 1d')
    .option('--for <span>', 'for how long it must hold before it fires')
    .option('--min-requests <count>', 'with fewer in the window nothing is concluded')
    .option('--tenant <id>', 'look at the traffic of one tenant')
    .option('--filter <pair>', 'DIMENSION=VALUE; repeat for more', collect, [])
    .option('--webhook <url>', 'post JSON there; repeat for more', collect, [])
    .option('--secret-file <file>', 'file with the secret that signs for webhooks, or - for standard input')
    .option('--slack <url>', "post Slack's format there; repeat for more", collect, [])
    .option('--mail <address>', 'send mail there; repeat for more', collect, [])
    .option('--disabled', 'keep it without evaluating it')
  examples(command, [
    'tallystick alerts add spend_rate --threshold $20 --window 1h --filter tags.team=search --mail ops@example.com',
    'tallystick alerts add error_rate --threshold 5% --webhook https://example.com/hook --secret-file ./secret',
    'tallystick alerts add budget --slack https://hooks.slack.com/services/T0/B0/x',
  ])
  command.action((kind: string) =>
    asking<AddOptions>(command, terminal, 'write', async (connection, options) => {
      const { kinds } = await answerOf<Rules>(await connection.call(RULES))
      const unit = kinds.find((row) => row.kind === kind)?.unit
      const response = await connection.call(RULES, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ruleOf(kind, unit, options)),
      })
      const { rule } = await answerOf<{ rule: Rule }>(response)
      if (options.json) return terminal.out(`${JSON.stringify({ rule }, null, 2)}\n`)
      terminal.out(`${rule.id}\n`)
      terminal.err(`Added ${rule.name}. Try it: tallystick alerts test ${rule.id}\n`)
    }),
  )
}

function registerRemove(group: Command, terminal: Terminal): void {
  const command = shared(group.command('remove').description('remove a rule; its history stays').argument('<id>'))
  examples(command, ['tallystick alerts remove 01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f'])
  command.action((id: string) =>
    asking<Shared>(command, terminal, 'write', async (connection, { json }) => {
      const response = await connection.call(`${RULES}/${encodeURIComponent(id)}`, { method: 'DELETE' })
      const answer = await answerOf<object>(response)
      if (json) terminal.out(`${JSON.stringify(answer)}\n`)
      else terminal.err('Removed.\n')
    }),
  )
}

function registerTest(group: Command, terminal: Terminal): void {
  const command = shared(
    group.command('test').description("send a test to a rule's targets and say what they answered").argument('<id>'),
  )
  examples(command, ['tallystick alerts test 01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f'])
  command.action((id: string) =>
    asking<Shared>(command, terminal, 'write', async (connection, { json }) => {
      const response = await connection.call(`${RULES}/${encodeURIComponent(id)}/test`, { method: 'POST' })
      const answer = await answerOf<Tested>(response)
      if (json) terminal.out(`${JSON.stringify(answer, null, 2)}\n`)
      else if (answer.results.length === 0) terminal.err('The rule has no targets: it is shown, and told to nobody.\n')
      else
        for (const { target, ok, detail } of answer.results)
          terminal.out(`${ok ? 'ok' : 'failed'}  ${targetText(target)}: ${detail}\n`)
      if (answer.results.some(({ ok }) => !ok)) throw new Exit(EXIT.failed)
    }),
  )
}

function shared(command: Command): Command {
  return withData(command)
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the answer as JSON')
}

async function asking<O extends Shared>(
  command: Command,
  terminal: Terminal,
  use: 'read' | 'write',
  ask: (connection: Connection, options: O) => Promise<void>,
): Promise<void> {
  const options = command.opts<O>()
  const connection = await connect(configOf(command, terminal), options.server, terminal, use)
  try {
    await ask(connection, options)
  } finally {
    await connection.close()
  }
}

function ruleOf(kind: string, unit: string | undefined, options: AddOptions): object {
  const filters = new Map<string, string[]>()
  for (const pair of options.filter) {
    const { name, not, value } = filterPair(pair)
    if (not) throw new TallystickError('usage', `--filter ${pair}: a rule takes DIMENSION=VALUE only`)
    filters.set(name, [...(filters.get(name) ?? []), value])
  }
  const secret = options.secretFile === undefined ? undefined : readSecret(options.secretFile)
  return {
    kind,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.threshold === undefined ? {} : { threshold: parseAmount('--threshold', options.threshold, unit) }),
    ...(options.window === undefined ? {} : { window_ms: parseSpan('--window', options.window) }),
    ...(options.for === undefined ? {} : { for_ms: parseSpan('--for', options.for) }),
    ...(options.minRequests === undefined
      ? {}
      : { min_requests: parseAmount('--min-requests', options.minRequests, 'requests') }),
    ...(options.tenant === undefined ? {} : { tenant_id: options.tenant }),
    filters: Object.fromEntries(filters),
    targets: [
      ...options.webhook.map((url) => ({ kind: 'webhook', url, ...(secret === undefined ? {} : { secret }) })),
      ...options.slack.map((url) => ({ kind: 'slack', url })),
      ...options.mail.map((to) => ({ kind: 'mail', to })),
    ],
    enabled: options.disabled !== true,
  }
}

function readSecret(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8').trim()
  } catch (cause) {
    throw new TallystickError(
      'file_unreadable',
      `The secret's file ${path} cannot be read: ${(cause as Error).message}`,
      { cause },
    )
  }
}

const targetText = ({ kind, url, to }: Target): string => `${kind} ${url ?? to}`
const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
const stateOf = ({ resolved_ms, acknowledged_by }: Alert): string =>
  resolved_ms !== null ? `until ${time(resolved_ms)}` : acknowledged_by === null ? 'firing' : 'firing, seen to'
const ruleState = ({ enabled, firing, error }: Rule): string =>
  enabled ? (error !== null ? `failed: ${error}` : firing > 0 ? `${firing} firing` : 'quiet') : 'off'
