import { budgets } from './budgets.mjs'
import { cost } from './cost.mjs'
import { edge } from './edge.mjs'
import { latency } from './latency.mjs'
import { operation } from './operation.mjs'
import { overview } from './overview.mjs'
import { providers } from './providers.mjs'

/** File name below deploy/grafana/dashboards -> the dashboard. */
export const DASHBOARDS = new Map(
  Object.entries({ overview, cost, latency, providers, budgets, operation, edge }).map(([name, dashboard]) => [
    `${name}.json`,
    dashboard,
  ]),
)

/** As it is committed. */
export const dashboardText = (dashboard) => `${JSON.stringify(dashboard, null, 2)}\n`
