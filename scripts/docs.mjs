import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiPages } from './api-docs.mjs'
import { ROOT } from './steps.mjs'

/** `node scripts/docs.mjs` after a build: rewrites the tables of docs/ that derive from tables of the code, and docs/api. */
const { ERRORS } = await import(join(ROOT, 'packages/core/dist/errors.js'))
const { DIMENSIONS, FIELDS, FIELD_NAMES, wireName } = await import(join(ROOT, 'packages/core/dist/event/index.js'))
const { COUNTERS, QUANTITIES } = await import(join(ROOT, 'packages/core/dist/query/index.js'))
const { CONFIG_KEYS } = await import(join(ROOT, 'packages/server/dist/config/keys.js'))
const { ALERT_KINDS } = await import(join(ROOT, 'packages/server/dist/alert/kinds.js'))
const { CONVENTIONAL_FAMILIES, ROUTIIUM_FAMILIES, SEED_FAMILIES } = await import(
  join(ROOT, 'packages/core/dist/metrics/index.js')
)
const { OPERATION_FAMILIES } = await import(join(ROOT, 'packages/server/dist/metrics/families.js'))
const { span, written } = await import(join(ROOT, 'packages/server/dist/alert/words.js'))

const table = (head, rows) =>
  [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n')

const limit = (spec) => {
  if (spec.type === 'string') return `text, at most ${spec.max} bytes`
  if (spec.type === 'text') return `text, cut to ${spec.max} bytes`
  if (spec.type === 'integer') return spec.max === Number.MAX_SAFE_INTEGER ? 'integer >= 0' : `integer 0 to ${spec.max}`
  if (spec.type === 'ratio') return 'number 0 to 1'
  if (spec.type === 'enum') return spec.values.map((value) => `\`${value}\``).join(', ')
  if (spec.type === 'strings') return `at most ${spec.count} texts of ${spec.max} bytes`
  if (spec.type === 'counts') return `at most ${spec.count} names with integers >= 0`
  if (spec.type === 'tags') return `at most ${spec.count} names with texts`
  if (spec.type === 'detail') return `object, at most ${spec.max} bytes of JSON`
  return spec.type
}

const shown = (spec) => {
  const value = Array.isArray(spec.default) ? spec.default.join(', ') : spec.default
  return value === null || value === '' ? '-' : `\`${value}\``
}
const range = (type) =>
  type.of === 'integer'
    ? `${type.min} to ${type.max}`
    : type.of === 'choice'
      ? type.values.join(', ')
      : type.of === 'list'
        ? 'list, commas in a variable'
        : type.of

const families = (rows) =>
  table(
    ['family', 'type', 'labels', 'what'],
    Object.values(rows).map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(' ') || '-',
      help,
    ]),
  )

/** The dashboard has no build that runs here; its tables are plain enough to be read as they stand. */
const rowsIn = (file, pattern) =>
  [...readFileSync(join(ROOT, 'packages/dashboard/src', file), 'utf8').matchAll(pattern)].map((match) => match.slice(1))

const tables = {
  pages: table(
    ['address', 'page', 'keys'],
    rowsIn('lib/pages.ts', /path: (?:'([^']*)'|OVERVIEW),\s+label: '([^']*)',[\s\S]*?key: '(.)'/g).map(
      ([path = '/', label, key]) => [`\`${path}\``, label, `\`g\` \`${key}\``],
    ),
  ),
  keys: table(
    ['key', 'does'],
    rowsIn('lib/keys.ts', /\{ key: '([^']*)', does: '([^']*)' \}/g).map(([key, does]) => [`\`${key}\``, does]),
  ),
  errors: table(
    ['code', 'status', 'retry', 'what', 'what to do'],
    Object.entries(ERRORS).map(([code, spec]) => [
      `\`${code}\``,
      spec.status,
      spec.retryable ? 'yes' : 'no',
      spec.title,
      spec.remedy,
    ]),
  ),
  config: table(
    ['key', 'variable', 'flag', 'default', 'range', 'about'],
    CONFIG_KEYS.map((spec) => [
      `\`${spec.key}\``,
      `\`${spec.env}\``,
      spec.flag ? `\`--${spec.flag}\`` : '-',
      shown(spec),
      range(spec.type),
      spec.about,
    ]),
  ),
  alerts: table(
    ['kind', 'holds when', 'unit', 'default', 'window', 'for', 'least requests'],
    ALERT_KINDS.map((spec) => [
      `\`${spec.kind}\``,
      spec.about,
      spec.unit.replace('_', ' '),
      `${spec.holds} ${written(spec.unit, BigInt(spec.threshold.default))}`,
      spec.windowMs.default === 0 ? '-' : span(spec.windowMs.default),
      spec.forMs.default === 0 ? 'at once' : span(spec.forMs.default),
      spec.minRequests,
    ]),
  ),
  seed: families(SEED_FAMILIES),
  conventional: families(CONVENTIONAL_FAMILIES),
  gateway: families(ROUTIIUM_FAMILIES),
  operation: families(OPERATION_FAMILIES),
  fields: table(
    ['field', 'value', 'group'],
    FIELD_NAMES.map((name) => [`\`${wireName(name)}\``, limit(FIELDS[name]), FIELDS[name].group]),
  ),
  dimensions: table(
    ['dimension', 'also', 'type', 'what'],
    DIMENSIONS.map((entry) => [
      `\`${entry.name}\``,
      (entry.aliases ?? []).map((name) => `\`${name}\``).join(' ') || '-',
      entry.type,
      entry.label,
    ]),
  ),
  counters: table(
    ['measure', 'counts'],
    COUNTERS.map((counter) => [`\`${counter.name}\``, counter.label]),
  ),
  quantities: table(
    ['quantity', 'unit', 'what', 'total under its own name'],
    QUANTITIES.map((entry) => [
      `\`${entry.name}\``,
      entry.unit,
      entry.label,
      entry.summed ? 'yes' : `\`${entry.name}_sum\``,
    ]),
  ),
}

for (const file of [
  'docs/errors.md',
  'docs/config.md',
  'docs/wire.md',
  'docs/alerts.md',
  'docs/metrics.md',
  'docs/dashboard.md',
]) {
  const path = join(ROOT, file)
  const text = readFileSync(path, 'utf8').replace(
    /<!-- table: (\w+) -->[\s\S]*?<!-- end -->/g,
    (_, name) => `<!-- table: ${name} -->\n${tables[name]}\n<!-- end -->`,
  )
  writeFileSync(path, text)
}

const api = join(ROOT, 'docs/api')
rmSync(api, { recursive: true, force: true })
mkdirSync(api)
for (const [name, text] of apiPages()) writeFileSync(join(api, name), text)

const { wholeProgram } = await import(join(ROOT, 'packages/server/dist/cli/main.js'))
const { processTerminal } = await import(join(ROOT, 'packages/server/dist/cli/terminal.js'))
const { commandReference, manPage } = await import(join(ROOT, 'packages/server/dist/cli/shell/reference.js'))
const { VERSION } = await import(join(ROOT, 'packages/server/dist/version.js'))
const program = await wholeProgram(processTerminal({}))
writeFileSync(join(ROOT, 'docs/commands.md'), commandReference(program))
mkdirSync(join(ROOT, 'packages/server/man'), { recursive: true })
writeFileSync(join(ROOT, 'packages/server/man/tallystick.1'), manPage(program, VERSION))
