import { CONVENTIONAL_FAMILIES } from '@tallystick/core/metrics'
import type { AlertKindSpec, Measured } from '../../alert/kind.ts'
import type { RuleSettings } from '../../alert/settings.ts'
import type { AlertRule } from '../../state/alert.ts'
import { OPERATION_FAMILIES } from '../families.ts'
import { counterOf, gaugeOf, histogramOf } from './measures.ts'
import { duration, risen, type Selector, selectorText } from './promql.ts'

const HOLDS = { above: '>', from: '>=', below: '<' } as const

/** What a rule of Prometheus looks at: a vector that is there while the rule holds. */
export interface Asked {
  readonly rule: Pick<AlertRule, 'filters'>
  readonly settings: RuleSettings
}

/**
 * The rule as an expression, its value in dollars, seconds, requests, events or a share of one.
 *
 * @throws NotRendered when the series do not tell what it asks
 */
export function expressionOf(asked: Asked): string {
  const { measured } = asked.settings.spec
  return EXPRESSION[measured.of](measured as never, asked)
}

const EXPRESSION: {
  readonly [O in Measured['of']]: (measured: Extract<Measured, { of: O }>, asked: Asked) => string
} = {
  figure({ measure }, { rule, settings }) {
    const window = duration(settings.windowMs)
    const [, quantity, percentile] = /^(\w+)_p(\d+)$/.exec(measure) ?? []
    if (quantity !== undefined) {
      const { selector, unitsPerOne } = histogramOf(quantity, rule.filters)
      const buckets = selectorText({ ...selector, name: `${selector.name}_bucket` })
      const value = `histogram_quantile(0.${percentile}, sum by (le) (rate(${buckets}[${window}])))`
      return withEnough(`${value} ${limit(settings, unitsPerOne)}`, { rule, settings })
    }
    const { selector, unitsPerOne } = counterOf(measure, rule.filters)
    const value = `sum(${risen(selector, window)})`
    const { holds } = settings.spec
    if (holds !== 'below') return withEnough(`${value} ${limit(settings, unitsPerOne)}`, { rule, settings })
    // Before somebody has looked for a whole window, silence says nothing.
    const held = `${orNone(value, selector, window)} ${limit(settings, unitsPerOne)}\nand count(up offset ${window})`
    return withEnough(held, { rule, settings })
  },

  share({ part, whole, by }, { rule, settings }) {
    const window = duration(settings.windowMs)
    const sum = by === undefined ? 'sum' : `sum by (${by}) `
    const [some, all] = [part, whole].map((measure) => selectorText(counterOf(measure, rule.filters).selector))
    const value = `${sum}(increase(${some}[${window}]))\n/ ${sum}(increase(${all}[${window}]))`
    // Half a basis point less: sums of the same floats in another order must not come out below a whole.
    const threshold = settings.spec.holds === 'from' ? settings.threshold - 0.5 : settings.threshold
    return withEnough(`${value}\n${HOLDS[settings.spec.holds]} ${threshold / 10_000}`, { rule, settings }, by)
  },

  growth({ measure, days }, { rule, settings }) {
    const window = duration(settings.windowMs)
    const series = selectorText(counterOf(measure, rule.filters).selector)
    const earlier = Array.from({ length: days }, (_, day) => {
      const spent = `sum(increase(${series}[${window}] offset ${day + 1}d)) > 0`
      return `label_replace(${spent}, "day", "${day + 1}", "", "")`
    })
    const value = `sum(increase(${series}[${window}]))\n/ avg(\n  ${earlier.join('\n  or ')}\n)`
    return withEnough(`${value}\n${limit(settings, 100)}`, { rule, settings })
  },

  sources({ count }, { rule, settings }) {
    const family = count === 'told' ? OPERATION_FAMILIES.dropped : OPERATION_FAMILIES.gaps
    const gauge = selectorText(gaugeOf(family, rule.filters))
    // What has been missing for longer than the window has been told of.
    const news = `${gauge} - (${gauge} offset ${duration(settings.windowMs)} or 0 * ${gauge})`
    return `sum by (source) (${news}) ${limit(settings, 1)}`
  },

  crossings(_, { rule, settings }) {
    const gauge = selectorText(gaugeOf(CONVENTIONAL_FAMILIES.budgetUsed, rule.filters))
    return `max by (budget) (${gauge}) ${limit(settings, 100)}`
  },
}

const limit = ({ spec, threshold }: { spec: AlertKindSpec; threshold: number }, unitsPerOne: number): string =>
  `${HOLDS[spec.holds]} ${threshold / unitsPerOne}`

/** Series that are not there are none. */
function orNone(value: string, selector: Selector, window: string): string {
  return `(\n  ${value}\n  or sum(absent_over_time(${selectorText(selector)}[${window}])) - 1\n)`
}

/** With fewer requests than the rule wants nothing is concluded. */
function withEnough(expression: string, { rule, settings }: Asked, by?: string): string {
  if (settings.minRequests === 0) return expression
  const requests = selectorText(counterOf('requests', rule.filters).selector)
  const sum = by === undefined ? 'sum' : `sum by (${by}) `
  return `${expression}\nand ${sum}(increase(${requests}[${duration(settings.windowMs)}])) >= ${settings.minRequests}`
}
