import type { Dashboard } from '../../../scripts/grafana/dashboards.mjs'

export interface Query {
  /** `overview: Spend`, with the legend where a panel has several. */
  readonly name: string
  readonly expr: string
  readonly legend: string
}

/** What Grafana puts in place of its variables when all is picked and five minutes are looked at. */
const VARIABLES: readonly (readonly [string, string])[] = [
  ['$__rate_interval', '5m'],
  ['$__range', '5m'],
  ['$provider', '.*'],
  ['$model', '.*'],
]

/** Every query of the dashboards, as Grafana sends it. */
export function queriesOf(dashboards: Iterable<Dashboard>): readonly Query[] {
  return [...dashboards].flatMap(({ uid, panels }) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat, refId }) => ({
        name: `${uid.replace('tallystick-', '')}: ${title}${targets.length === 1 ? '' : ` ${legendFormat || refId}`}`,
        expr: VARIABLES.reduce((text, [variable, value]) => text.replaceAll(variable, value), expr),
        legend: legendFormat,
      })),
    ),
  )
}
