import { CONVENTIONAL_FAMILIES, type MetricFamily, ROUTIIUM_FAMILIES, SEED_FAMILIES } from '@tallystick/core/metrics'
import { OPERATION_FAMILIES } from '../../../packages/server/src/metrics/families.ts'
import { namesIn } from './promql.ts'

/** A name that a query may use. */
interface Known {
  readonly labels: readonly string[]
  /** Absent where any value may stand for it: it is nobody's counter. */
  readonly family?: MetricFamily
}

/** What every scrape adds. */
const OF_THE_TARGET = ['job', 'instance']
/** Labels whose values are few, and told in the help of their family. */
const CLOSED: ReadonlySet<string> = new Set(['status', 'type', 'state', 'outcome', 'kind'])
const RISING: ReadonlySet<string> = new Set(['rate', 'irate', 'increase'])

const families: readonly MetricFamily[] = [
  SEED_FAMILIES,
  CONVENTIONAL_FAMILIES,
  ROUTIIUM_FAMILIES,
  OPERATION_FAMILIES,
].flatMap((table) => Object.values<MetricFamily>(table))

const KNOWN: ReadonlyMap<string, Known> = new Map([
  // Of Prometheus itself.
  ['up', { labels: [] }],
  ...families.flatMap((family): [string, Known][] => {
    const { name, type, labels } = family
    if (type !== 'histogram') return [[name, { labels, family }]]
    return [
      [`${name}_bucket`, { labels: [...labels, 'le'], family }],
      [`${name}_sum`, { labels, family }],
      [`${name}_count`, { labels, family }],
    ]
  }),
])

/** Series that rules record, with the labels by which they are grouped. */
export type Recorded = ReadonlyMap<string, readonly string[]>

/**
 * What is wrong with an expression: names that no table of families has, labels that a family has not, values that a label never has, and
 * functions that mean nothing for it.
 *
 * @param shown labels that a legend or the words of an alert name
 */
export function lint(expression: string, recorded: Recorded = new Map(), shown: readonly string[] = []): string[] {
  const problems: string[] = []
  const { uses, groupings, made } = namesIn(expression)
  const labels = new Set([...OF_THE_TARGET, ...made])
  for (const { name, matchers, within } of uses) {
    const own = recorded.get(name)
    const known: Known | undefined = own === undefined ? KNOWN.get(name) : { labels: own }
    if (known === undefined) {
      problems.push(`no metric ${name}`)
      continue
    }
    for (const label of known.labels) labels.add(label)
    for (const { label, operator, value } of matchers) {
      if (![...known.labels, ...OF_THE_TARGET].includes(label)) problems.push(`${name} has no label ${label}`)
      else if (CLOSED.has(label) && !value.startsWith('$') && /^=~?$/.test(operator))
        for (const one of value.split('|'))
          if (!known.family?.help.includes(one)) problems.push(`${label} of ${name} is never ${one}`)
    }
    const rising = within !== undefined && RISING.has(within)
    if (rising && known.family?.type === 'gauge') problems.push(`${within} of the gauge ${name}`)
    if (!rising && (known.family?.type === 'counter' || known.family?.type === 'histogram') && !isPresence(expression))
      problems.push(`${name} is a counter: without rate or increase it says how long the process has run`)
    if (name.endsWith('_bucket') && known.labels.includes('le') && !groupings.includes('le'))
      problems.push(`${name} without le`)
  }
  for (const label of [...groupings, ...shown]) if (!labels.has(label)) problems.push(`nothing has a label ${label}`)
  return problems
}

/** `x unless x offset w` and `absent_over_time(x)` look at whether a series is there. */
const isPresence = (expression: string): boolean => /\bunless\b|\babsent_over_time\b/.test(expression)

/** Labels that `{{label}}` of a legend, or `{{ $labels.label }}` of a template, name. */
export const labelsShown = (text: string): string[] =>
  [...text.matchAll(/\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}/g)].map((match) => match[1] as string)
