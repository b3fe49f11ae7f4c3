import { TallystickError } from '@tallystick/core'
import { createPriceBook, type PriceRow, type Resolution, type UnitPrices } from '@tallystick/core/pricing'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { parseInstant } from '../import/instant.ts'
import { openOptions } from '../open-options.ts'
import { dollars, plainTable } from '../terminal.ts'

interface Options {
  readonly provider?: string
  readonly at?: string
  readonly json?: boolean
}

/** `tallystick prices show MODEL`: which price holds for a model at an instant, and why that one. */
export const registerPrices: RegisterCommand = (program, terminal) => {
  const group = examples(program.command('prices').description('look into the price catalogue'), [
    'tallystick prices show gpt-4o',
  ])
  const command = withData(
    group
      .command('show')
      .description('the price of a model, and the rule that found it')
      .argument('<model>', 'name as requests give it'),
  )
    .option('--provider <name>', 'who bills; without it the publishers are asked in a fixed order')
    .option('--at <instant>', 'price of that instant (default: now)')
    .option('--json', 'print JSON')
  examples(command, [
    'tallystick prices show gpt-4o',
    'tallystick prices show claude-sonnet-4-5-20250929 --provider anthropic --at 2025-10-01',
  ])
  command.action((model: string) => {
    const options = command.opts<Options>()
    if (model.trim() === '') throw new TallystickError('usage', 'The name of a model is missing.')
    const atMs = options.at === undefined ? Date.now() : parseInstant(options.at, 'UTC')
    if (atMs === undefined)
      throw new TallystickError('usage', `--at ${options.at} is not an instant such as 2025-10-01`)
    const book = createPriceBook({ overrides: openOptions(configOf(command, terminal)).prices ?? [] })
    const found = book.resolve(options.provider, model, atMs)
    if (options.json) {
      const answer = found === undefined ? null : { ...found, row: plain(found.row) }
      terminal.out(
        `${JSON.stringify({ model, provider: options.provider ?? null, at_ms: atMs, prices: book.version, found: answer }, null, 2)}\n`,
      )
    } else if (found === undefined) {
      terminal.err(
        `No price is known for ${model}${options.provider === undefined ? '' : ` at ${options.provider}`}: its requests are unpriced.\n`,
      )
    } else terminal.out(description(model, found, book.version))
    if (found === undefined) throw new Exit(EXIT.failed)
  })
}

const LABELS: readonly (readonly [keyof UnitPrices, string])[] = [
  ['input', 'input'],
  ['cacheRead', 'cache read'],
  ['cacheWrite', 'cache write'],
  ['cacheWrite1h', 'cache write, 1 h'],
  ['output', 'output'],
  ['reasoning', 'reasoning'],
  ['inputAudio', 'audio input'],
  ['outputAudio', 'audio output'],
  ['inputImage', 'image input'],
  ['outputImage', 'image output'],
  ['cacheAudioRead', 'cache read, audio'],
  ['cacheImageRead', 'cache read, image'],
]

function description(model: string, found: Resolution, version: string): string {
  const { row } = found
  const cards = [
    { name: 'USD per million tokens', prices: row.prices },
    ...(row.tiers ?? []).map((tier) => ({ name: `above ${tier.aboveInputTokens} input`, prices: tier.prices })),
    ...[...(row.serviceTiers ?? [])].flatMap(([name, { prices, tiers = [] }]) => [
      { name, prices },
      ...tiers.map((tier) => ({ name: `${name} above ${tier.aboveInputTokens} input`, prices: tier.prices })),
    ]),
  ]
  const table = plainTable(['', ...cards.map((card) => card.name)], ['left', ...cards.map(() => 'right' as const)])
  for (const [name, label] of LABELS) {
    const prices = cards.map((card) => card.prices[name])
    if (prices.some((price) => price !== undefined))
      table.push([label, ...prices.map((price) => (price === undefined ? '-' : dollars(price)))])
  }
  const lines = [
    `${model} is billed as ${found.model}${found.provider === undefined ? '' : ` by ${found.provider}`} (${found.match} match, ${found.source})`,
    table.toString(),
    ...[...(row.units ?? [])].map(([unit, rate]) => `${unit}: ${dollars(rate.nanoUsd)} per ${rate.per}`),
    ...[...(row.multipliers ?? [])].map(([tier, permille]) => `service tier ${tier}: x ${permille / 1000}`),
    ...(row.timeOfDay === undefined
      ? []
      : [`every day from ${timeOfDay(row.timeOfDay.fromMs)} to ${timeOfDay(row.timeOfDay.toMs)} UTC`]),
    `in force ${since(row)}${found.beforeFirstRow ? '; the instant asked for is earlier, and this is the first price known' : ''}`,
    `price id ${found.priceId}, prices ${version}`,
  ]
  return `${lines.join('\n')}\n`
}

function since(row: PriceRow): string {
  const from =
    row.effectiveFromMs === undefined
      ? 'since before it was recorded'
      : `from ${new Date(row.effectiveFromMs).toISOString()}`
  return row.effectiveToMs === undefined ? from : `${from} until ${new Date(row.effectiveToMs).toISOString()}`
}

const timeOfDay = (ms: number): string => new Date(ms).toISOString().slice(11, 16)

/** Maps do not survive JSON. */
function plain(row: PriceRow): unknown {
  return JSON.parse(
    JSON.stringify(row, (_, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value)),
  )
}
