import type { Route } from './route.ts'
import { ACCESS_ROUTES } from './routes/access.ts'
import { ALERT_ROUTES } from './routes/alerts.ts'
import { BUDGET_ROUTES } from './routes/budgets.ts'
import { CONTROL_ROUTES } from './routes/control.ts'
import { EVENT_ROUTES } from './routes/events.ts'
import { FIGURE_ROUTES } from './routes/figures.ts'
import { OPERATION_ROUTES } from './routes/operations.ts'
import { OTLP_ROUTES } from './routes/otlp.ts'
import { PRIVACY_ROUTES } from './routes/privacy.ts'
import { PROTOCOL005_ROUTES } from './routes/protocol005.ts'
import { PROTOCOL012_ROUTES } from './routes/protocol012.ts'
import { PROXY_ROUTES } from './routes/proxy.ts'
import { RECEIVER_ROUTES } from './routes/receivers.ts'
import { REPORT_ROUTES } from './routes/reports.ts'
import { ROUTIIUM_ROUTES } from './routes/routiium.ts'

/** THE table of routes. What is not here is not served. */
export const ROUTES: readonly Route[] = [
  ...EVENT_ROUTES,
  ...FIGURE_ROUTES,
  ...REPORT_ROUTES,
  ...OTLP_ROUTES,
  ...RECEIVER_ROUTES,
  ...PROXY_ROUTES,
  ...PROTOCOL012_ROUTES,
  ...PROTOCOL005_ROUTES,
  ...ROUTIIUM_ROUTES,
  ...BUDGET_ROUTES,
  ...ALERT_ROUTES,
  ...ACCESS_ROUTES,
  ...PRIVACY_ROUTES,
  ...CONTROL_ROUTES,
  ...OPERATION_ROUTES,
]
