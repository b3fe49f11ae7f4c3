import type { Interval } from '@tallystick/core/query'
import { formatRange } from '../lib/instants.ts'
import { measureLabel } from '../lib/measures.ts'
import { eachInterval, PRESETS, type Range } from '../lib/range.ts'
import type { ViewFilter } from '../lib/url-state.ts'
import { dimensionLabel, inSentence, valueLabel } from '../lib/words.ts'
import type { Asked } from './asked.ts'

const MOST_NAMED = 3

/**
 * What is asked, in a sentence.
 *
 * @example
 * sentenceOf({ measures: ['cost_nano_usd'], by: ['model', 'agent_id'], compare: true, ... }, { range: { preset: '7d' }, ... })
 * // 'Spend by model and agent, last 7 days, compared with the 7 days before'
 */
export function sentenceOf(
  { measures, by, compare, steps }: Pick<Asked, 'measures' | 'by' | 'compare' | 'steps'>,
  scope: {
    readonly range: Range
    readonly zone: string
    readonly interval: Interval
    readonly filters: readonly ViewFilter[]
  },
): string {
  const split =
    by.length === 0
      ? ''
      : ` by ${listed(
          by.map((name) => inSentence(dimensionLabel(name))),
          'and',
        )}`
  const each = steps ? ` per ${eachInterval(scope.interval)}` : ''
  const only = scope.filters.map(conditionOf).join(', ')
  const parts = [
    `${capital(measuresOf(measures))}${each}${split}`,
    ...(only === '' ? [] : [only]),
    rangeOf(scope.range, scope.zone),
    ...(compare && hasBefore(scope.range) ? [`compared with ${beforeOf(scope.range)}`] : []),
  ]
  return parts.join(', ')
}

/** Nothing precedes all time. */
export function hasBefore(range: Range): boolean {
  return !('preset' in range && range.preset === 'all')
}

function measuresOf(measures: readonly string[]): string {
  const names = measures.map((name) => inSentence(measureLabel(name)))
  if (names.length <= MOST_NAMED) return listed(names, 'and')
  return `${names.slice(0, MOST_NAMED - 1).join(', ')} and ${names.length - MOST_NAMED + 1} more`
}

function conditionOf({ name, values, negate }: ViewFilter): string {
  const said = listed(
    values.map((value) => valueLabel(name, value)),
    'or',
  )
  return `${inSentence(dimensionLabel(name))} ${negate ? 'not ' : ''}${said}`
}

function rangeOf(range: Range, zone: string): string {
  if ('fromMs' in range) return formatRange(range.fromMs, range.toMs, zone)
  const label = PRESETS.find(({ preset }) => preset === range.preset)?.label ?? ''
  return label.charAt(0).toLowerCase() + label.slice(1)
}

function beforeOf(range: Range): string {
  if ('fromMs' in range) return 'the equally long period before'
  const label = PRESETS.find(({ preset }) => preset === range.preset)?.label ?? ''
  return `${label.replace('Last', 'the')} before`
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** @example listed(['a', 'b', 'c'], 'and') // 'a, b and c' */
function listed(names: readonly string[], last: string): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`
}
