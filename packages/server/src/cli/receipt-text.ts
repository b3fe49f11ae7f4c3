import { dollars, grouped, plainTable } from './terminal.ts'

interface Line {
  readonly component: string
  readonly count: number | null
  readonly price_nano_usd: number | null
  readonly per: number | null
  readonly multiplier_permille: number | null
  readonly cost_nano_usd: number
  readonly rounded: boolean
}

/** What `GET /api/v1/events/:event_id` tells, as far as it is printed. */
export interface EventReceipt {
  readonly event: Readonly<Record<string, unknown>>
  readonly receipt: {
    readonly cost_nano_usd: number | null
    readonly cost_basis: string | null
    readonly list_nano_usd: number | null
    readonly lines: readonly Line[]
    readonly lines_from: 'price' | 'record' | null
    readonly price: {
      readonly id: string
      readonly source: string | null
      readonly provider: string | null
      readonly model: string | null
      readonly above_input_tokens: number | null
      readonly service_tier: string | null
      readonly flag: string | null
    } | null
    readonly reported: {
      readonly by: string
      readonly cost_nano_usd: number
      readonly difference_nano_usd: number | null
    } | null
    readonly repriced: {
      readonly cost_nano_usd: number
      readonly difference_nano_usd: number
      readonly price_id: string | null
      readonly lines: readonly Line[]
    } | null
    readonly unpriced: {
      readonly why: string
      readonly remedy: string
      readonly about: string | null
      readonly now_nano_usd: number | null
    } | null
  }
}

/** A receipt as a person reads it: what was asked for, each multiplication, the sum, and where the prices are from. */
export function receiptText({ event, receipt }: EventReceipt): string {
  const lines = [headLine(event), '']
  if (receipt.lines.length > 0) lines.push(tableOf(receipt.lines, 'list price', receipt.list_nano_usd), '')
  const told = [
    ['cost', amount(receipt.cost_nano_usd), basisOf(receipt)],
    ...(receipt.reported ? [reportedRow(receipt.reported)] : []),
    ...(receipt.repriced ? [repricedRow(receipt.repriced)] : []),
  ] as readonly (readonly string[])[]
  for (const [name = '', figure = '', note = ''] of told)
    lines.push(`${name.padEnd(11)}${figure}${note && `  ${note}`}`)
  if (receipt.price) lines.push(`${'price'.padEnd(11)}${priceOf(receipt.price)}`)
  if (receipt.lines_from === 'record') lines.push('', 'The price row is gone; these are the parts that were recorded.')
  if (receipt.unpriced) lines.push('', ...unpricedLines(receipt.unpriced))
  return `${lines.join('\n')}\n`
}

/** What comes from outside may move the cursor of a terminal. */
const plain = (value: unknown): string => String(value).replace(/\p{Cc}/gu, '?')

function headLine(event: EventReceipt['event']): string {
  const model = event['response_model'] ?? event['request_model'] ?? event['tool_name'] ?? event['kind']
  const parts = [new Date(Number(event['timestamp_ms'])).toISOString(), event['provider'], model, event['agent_id']]
  return parts
    .filter((part) => part !== undefined)
    .map(plain)
    .join('  ')
}

function tableOf(lines: readonly Line[], name: string, sum: number | null): string {
  const table = plainTable(['', 'count', 'unit price', 'amount'], ['left', 'right', 'right', 'right'])
  for (const line of lines)
    table.push([
      plain(line.component.replace(/^unit:/, '').replaceAll('_', ' ')),
      line.count === null ? '' : grouped(line.count),
      unitPrice(line),
      `${line.rounded ? '~ ' : ''}${exact(line.cost_nano_usd)}`,
    ])
  table.push([name, '', '', sum === null ? '' : exact(sum)])
  const note = lines.some(({ rounded }) => rounded) ? '\n~ rounded half to even to a nano-USD' : ''
  return `${table}${note}`
}

/** All nine decimals, so that a column of amounts can be added up by eye. */
function exact(nanoUsd: number): string {
  const [whole = '', decimals = ''] = dollars(nanoUsd).split('.')
  return `${whole}.${decimals.padEnd(9, '0')}`
}

function unitPrice({ multiplier_permille: permille, per, price_nano_usd: price }: Line): string {
  if (price === null || per === null) return ''
  const times = permille === 1_000 || permille === null ? '' : ` x ${permille / 1_000}`
  return `${dollars(price)} / ${per === 1_000_000 ? '1M' : grouped(per)}${times}`
}

const amount = (nanoUsd: number | null): string => (nanoUsd === null ? 'unpriced' : dollars(nanoUsd))

function basisOf({ cost_basis: basis, reported }: EventReceipt['receipt']): string {
  if (reported) return `as the ${reported.by} reported it`
  return basis === 'override' ? 'list price, by a price file' : basis === 'catalogue' ? 'list price' : ''
}

function reportedRow(reported: NonNullable<EventReceipt['receipt']['reported']>): readonly string[] {
  const difference = reported.difference_nano_usd
  const note = difference === null ? 'there is no list price to compare it with' : `${signed(difference)} to list price`
  return ['reported', dollars(reported.cost_nano_usd), note]
}

function repricedRow(repriced: NonNullable<EventReceipt['receipt']['repriced']>): readonly string[] {
  const by = repriced.price_id === null ? '' : `, by ${plain(repriced.price_id)}`
  return [
    'repriced',
    dollars(repriced.cost_nano_usd),
    `${signed(repriced.difference_nano_usd)} to what was billed${by}`,
  ]
}

const signed = (nanoUsd: number): string => `${nanoUsd > 0 ? '+' : ''}${dollars(nanoUsd)}`

function priceOf(price: NonNullable<EventReceipt['receipt']['price']>): string {
  const notes = [
    price.source && `${price.source}, ${[price.provider, price.model].filter((part) => part !== null).join('/')}`,
    price.above_input_tokens !== null && `long context: above ${grouped(price.above_input_tokens)} input tokens`,
    price.service_tier && `service tier ${price.service_tier}`,
    price.flag === 'before_first_row' && 'older than the first known price, which was taken',
    price.flag === 'unknown_service_tier' && 'no price for this service tier is known: the standard one was taken',
  ].filter((note) => typeof note === 'string')
  return [plain(price.id), ...(notes.length > 0 ? [`(${plain(notes.join('; '))})`] : [])].join('  ')
}

function unpricedLines(unpriced: NonNullable<EventReceipt['receipt']['unpriced']>): readonly string[] {
  return [
    unpriced.about === null ? unpriced.why : `${unpriced.why} (${plain(unpriced.about)})`,
    ...(unpriced.now_nano_usd === null
      ? []
      : [`At the prices in force now it comes to ${dollars(unpriced.now_nano_usd)}.`]),
    unpriced.remedy,
  ]
}
