import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DASHBOARDS, dashboardText } from './grafana/dashboards.mjs'
import { ROOT } from './steps.mjs'

/** `node scripts/deploy.mjs` after a build: rewrites the rules and dashboards below deploy/ from their definitions. */
const { DEFAULT_RULES, renderRules } = await import(join(ROOT, 'packages/server/dist/metrics/rules/rules.js'))

const head = `# Every kind of alert with its defaults, as \`tallystick alerts rules --format prometheus\` prints the rules of a server: load that in
# place of this file where you have rules of your own. Written by \`node scripts/deploy.mjs\`.
`
writeFileSync(join(ROOT, 'deploy/prometheus/rules/alerts.yaml'), `${head}${renderRules(DEFAULT_RULES)}`)

for (const [name, dashboard] of DASHBOARDS)
  writeFileSync(join(ROOT, 'deploy/grafana/dashboards', name), dashboardText(dashboard))
