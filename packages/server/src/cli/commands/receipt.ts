import { TallystickError } from '@tallystick/core'
import { instantOf } from '../age.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { collect, filterPair } from '../pairs.ts'
import { type EventReceipt, receiptText } from '../receipt-text.ts'

interface Options {
  readonly at?: string
  readonly filter: readonly string[]
  readonly server?: string
  readonly json?: boolean
}

/** `tallystick receipt`: how the cost of one request came about. */
export const registerReceipt: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('receipt').description('how the cost of one event came about'))
    .argument('<event-id>', 'id of the event, as query results and exports have it')
    .option('--at <instant>', 'when it happened, RFC 3339 or ms: nothing else is searched then')
    .option(
      '--filter <pair>',
      'DIMENSION=VALUE, such as agent_id=support-bot, where several events have the id; repeat for more',
      collect,
      [],
    )
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the event and its receipt as JSON')
  examples(command, [
    'tallystick receipt 01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
    'tallystick receipt a-2 --filter agent_id=support-bot --json',
  ])
  command.action(async (eventId: string) => {
    const options = command.opts<Options>()
    const path = addressOf(eventId, options)
    const connection = await connect(configOf(command, terminal), options.server, terminal, 'read')
    try {
      const answer = await answerOf<EventReceipt>(await connection.call(path))
      terminal.out(options.json ? `${JSON.stringify(answer, null, 2)}\n` : receiptText(answer))
    } finally {
      await connection.close()
    }
  })
}

function addressOf(eventId: string, { at, filter }: Options): string {
  // An address has no place for such a part.
  if (/^\.{0,2}$/.test(eventId)) throw new TallystickError('usage', `${eventId || 'Nothing'} is no id of an event`)
  const parameters = new URLSearchParams({ consistency: 'applied' })
  if (at !== undefined) parameters.set('timestamp_ms', String(instantOf('--at', at, 'UTC', Date.now())))
  for (const pair of filter) {
    const { name, not, value } = filterPair(pair)
    parameters.append(not ? `${name}!` : name, value)
  }
  return `/api/v1/events/${encodeURIComponent(eventId)}?${parameters}`
}
