import { setTimeout as sleep } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import type { Command } from 'commander'
import { configOf, examples, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { collect, filterPair } from '../pairs.ts'
import { grouped, type Terminal } from '../terminal.ts'
import { cents } from './columns.ts'
import { clockIn, systemZone } from './periods.ts'

interface TailFlags {
  readonly server?: string
  readonly key?: string
  readonly lines: string
  readonly filter: readonly string[]
  readonly timezone?: string
  readonly once?: boolean
  readonly json?: boolean
}

/** An event as the API writes it. */
type WireEvent = Readonly<Record<string, unknown>>

const POLL_MS = 1000
/** Events are listed by their own instant; one that is told of this late is still shown. */
const LATE_MS = 5 * 60_000
const PAGE = 1000
const MOST_LINES = 1000

/** `tallystick tail`: requests as they come in. */
export function registerTail(program: Command, terminal: Terminal): void {
  const command = withData(program.command('tail').description('requests as they come in, the newest last'))
    .option('-n, --lines <count>', 'begin with the last so many', '10')
    .option('--filter <pair>', 'DIMENSION=VALUE or DIMENSION!=VALUE; repeat for more', collect, [])
    .option('-z, --timezone <zone>', 'IANA zone of the clock times (default: that of this machine)')
    .option('--once', 'print these and end')
    .option('--server <url>', 'ask this server (default: TALLYSTICK_URL, else whoever holds the data directory)')
    .option('--key <key>', 'key for the server (default: TALLYSTICK_KEY)')
    .option('--json', 'print each event as a line of JSON')
  examples(command, [
    'tallystick tail',
    'tallystick tail --filter success=false',
    'tallystick tail -n 100 --once --json',
  ])
  command.action(async () => {
    const flags = command.opts<TailFlags>()
    const lines = /^\d{1,4}$/.test(flags.lines) ? Number(flags.lines) : -1
    if (lines < 0 || lines > MOST_LINES)
      throw new TallystickError('usage', `--lines takes a whole number from 0 to ${MOST_LINES}, not ${flags.lines}`)
    const connection = await connect(configOf(command, terminal), flags.server, terminal, 'read', flags.key)
    const zone = flags.timezone ?? systemZone()
    const filters = flags.filter.map((pair): [string, string] => {
      const { name, not, value } = filterPair(pair)
      return [not ? `${name}!` : name, value]
    })
    const newest = async (limit: number, fromMs?: number): Promise<readonly WireEvent[]> => {
      const search = new URLSearchParams([['limit', String(Math.max(1, limit))], ...filters])
      if (fromMs !== undefined) search.set('from', String(fromMs))
      const path = `/api/v1/events?consistency=applied&${search}`
      const { events } = await answerOf<{ readonly events: readonly WireEvent[] }>(await connection.call(path))
      return events.toReversed()
    }
    const print = (event: WireEvent): void =>
      terminal.out(flags.json ? `${JSON.stringify(event)}\n` : `${lineOf(event, zone, terminal)}\n`)
    const left = new AbortController()
    const forget = terminal.onInterrupt?.(() => left.abort())
    try {
      // More than is printed: what came before these lines is no news either.
      const begun = await newest(flags.once ? lines : PAGE)
      for (const event of begun.slice(begun.length - lines)) print(event)
      if (flags.once === true) return
      // Nobody else can write to a directory that is open here.
      if (connection.url === undefined) {
        terminal.err('No server holds this directory, so nothing comes in; `tallystick serve` begins one.\n')
        return
      }
      await follow(begun, newest, print, terminal, left.signal)
    } finally {
      forget?.()
      await connection.close()
    }
  })
}

/** Each event once, in the order of its instant as far as it comes in time. */
async function follow(
  begun: readonly WireEvent[],
  newest: (limit: number, fromMs: number) => Promise<readonly WireEvent[]>,
  print: (event: WireEvent) => void,
  terminal: Terminal,
  left: AbortSignal,
): Promise<void> {
  let seen = new Map(begun.map((event) => [identity(event), instant(event)]))
  let lastMs = Math.max(Date.now() - LATE_MS, ...begun.map(instant))
  while (!left.aborted) {
    await sleep(POLL_MS, undefined, { signal: left }).catch(() => undefined)
    if (left.aborted) return
    const fromMs = lastMs - LATE_MS
    const page = await newest(PAGE, fromMs)
    const fresh = page.filter((event) => !seen.has(identity(event)))
    if (fresh.length === PAGE) terminal.err(`more than ${grouped(PAGE)} at once; the rest is not shown\n`)
    for (const event of fresh) print(event)
    lastMs = Math.max(lastMs, ...fresh.map(instant))
    seen = new Map(
      [...seen, ...fresh.map((event) => [identity(event), instant(event)] as const)].filter(
        ([, ms]) => ms >= lastMs - LATE_MS,
      ),
    )
  }
}

const instant = (event: WireEvent): number => Number(event['timestamp_ms'])
const identity = ({ tenant_id, agent_id, source_id, event_id }: WireEvent): string =>
  JSON.stringify([tenant_id, agent_id, source_id, event_id])

/** `12:03:04  gpt-4o  200  1.2 s  1,234 in  567 out  $0.01  agent` */
function lineOf(event: WireEvent, zone: string, { color }: Terminal): string {
  const at = `${clockIn(instant(event), zone).slice(11)}:${String(Math.floor(instant(event) / 1000) % 60).padStart(2, '0')}`
  const kind = String(event['kind'] ?? '')
  const failed = event['success'] === false
  const name = printable(event['response_model'] ?? event['request_model'] ?? event['tool_name'] ?? kind)
  const outcome = printable(event['status_code'] ?? event['error_type'] ?? (failed ? 'failed' : 'ok'))
  const cost = event['cost_nano_usd']
  const parts = [
    color.dim(at),
    name.slice(0, 32).padEnd(32),
    (failed ? color.red : color.green)(outcome.slice(0, 12).padEnd(5)),
    secondsOf(event['duration_ms']).padStart(8),
    `${grouped(Number(event['input_tokens'] ?? 0)).padStart(9)} in`,
    `${grouped(Number(event['output_tokens'] ?? 0)).padStart(8)} out`,
    (typeof cost === 'number' || typeof cost === 'string'
      ? cents(cost)
      : kind.startsWith('llm')
        ? 'unpriced'
        : '-'
    ).padStart(9),
    printable(event['agent_id'] ?? event['user_id'] ?? ''),
  ]
  return parts.join('  ').trimEnd()
}

/** What comes from outside may move the cursor of a terminal. */
const printable = (value: unknown): string => String(value).replace(/\p{Cc}/gu, '?')

const secondsOf = (ms: unknown): string =>
  typeof ms !== 'number' ? '-' : ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
