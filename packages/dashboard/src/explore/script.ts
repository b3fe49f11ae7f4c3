import type { QueryBody } from '../lib/queries.ts'
import { PRESETS, type Range } from '../lib/range.ts'

/** A question of the page as a line for a shell. */

/** Where it is asked, and whether a key is wanted there. */
export interface Target {
  readonly origin: string
  readonly keyed: boolean
}

/** As a shell reads it back, whatever is in it: between single quotes only a single quote means something. */
export function quoted(text: string): string {
  return /^[\w.,:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** @example curlOf({ measures: ['requests'], ... }, { origin: 'http://localhost:8088', keyed: false }) // "curl 'http://..." */
export function curlOf(body: QueryBody, { origin, keyed }: Target): string {
  return [
    `curl ${quoted(`${origin}/api/v1/query`)}`,
    ...(keyed ? ['-H "Authorization: Bearer $TALLYSTICK_KEY"'] : []),
    "-H 'content-type: application/json'",
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(' ')
}

/** The command reads its key from `TALLYSTICK_KEY` by itself. A range that ends now is said as an age: it moves with the script. */
export function commandOf(body: QueryBody, range: Range, { origin }: Target): string {
  const flags = flagsOf(body, range)
  const command = `tallystick query --server ${quoted(origin)}`
  return flags === undefined
    ? `printf %s ${quoted(JSON.stringify(body))} | ${command} --body -`
    : `${command} ${flags.map(([name, value]) => `--${name} ${quoted(value)}`).join(' ')}`
}

/** Undefined for what flags cannot say: names with commas or `=`, and filter values that a flag takes for something else. */
function flagsOf(body: QueryBody, range: Range): readonly (readonly [string, string])[] | undefined {
  const names = [...(body.group_by ?? []), ...Object.keys(body.filters ?? {})]
  if (names.some((name) => /[=!,\s]/.test(name))) return undefined
  const age = ageOf(range)
  const conditions = Object.entries(body.filters ?? {}).flatMap(([name, condition]) => {
    const negate = 'not' in condition
    const values = negate ? condition.not : condition
    return values.map((value) => `${name}${negate ? '!=' : '='}${value === null ? '' : String(value)}`)
  })
  return [
    ['measures', body.measures.join(',')],
    ...(body.group_by === undefined ? [] : [['group-by', body.group_by.join(',')] as const]),
    ...(age === undefined
      ? [['from', instant(body.from)] as const, ['to', instant(body.to)] as const]
      : [['from', age] as const]),
    ...(body.interval === undefined ? [] : [['interval', body.interval] as const]),
    ['time-zone', body.time_zone],
    ...conditions.map((condition) => ['filter', condition] as const),
    // A value that begins with a dash stays this flag's.
    ...(body.order_by === undefined ? [] : [['order-by', body.order_by] as const]),
    ...(body.limit === undefined ? [] : [['limit', String(body.limit)] as const]),
  ]
}

/** Presets are ages already, but for all time. */
function ageOf(range: Range): string | undefined {
  if (!('preset' in range)) return undefined
  return PRESETS.find(({ preset, ms }) => preset === range.preset && ms !== null)?.preset
}

const instant = (ms: number): string => new Date(ms).toISOString()
