import type { Config } from '../../config/config.ts'
import { runningServer } from '../connection.ts'
import { grouped, type Terminal } from '../terminal.ts'
import type { ImportTally } from './tally.ts'

/** Where to look at what an import covered. */
export interface Covered {
  /** The dashboard with the range of the import. */
  readonly url: string
  /** Something answers there now; else the directory must be served first. */
  readonly served: boolean
  readonly dataDir: string
}

/** Undefined where nothing was sent. */
export async function coveredBy(
  { fromMs, toMs }: ImportTally,
  url: string | undefined,
  config: Config,
): Promise<Covered | undefined> {
  if (fromMs === undefined || toMs === undefined) return undefined
  const dataDir = config.text('data_dir')
  const holder = url ?? (await runningServer(dataDir))
  const home = holder ?? `http://${config.text('http.host')}:${config.integer('http.port')}`
  const range = `from=${new Date(fromMs).toISOString()}&to=${new Date(toMs + 1).toISOString()}`
  return { url: `${home}/?${range}`, served: holder !== undefined, dataDir }
}

export function printCovered(covered: Covered | undefined, tally: ImportTally, terminal: Terminal): void {
  if (covered === undefined || tally.accepted + tally.duplicate === 0) return
  const lead = covered.served ? 'See it at' : `Run \`npx tallystick serve --data ${covered.dataDir}\`, then see it at`
  terminal.out(`${lead} ${terminal.color.cyan(covered.url)}\n`)
}

/**
 * What became of the records of `what` (nothing to say where none were sent), and why those that were not taken were not.
 * `place` says where one stands, for people.
 */
export function printOutcome(
  what: string | undefined,
  tally: ImportTally,
  place: (where: string) => string,
  { color, out, err }: Terminal,
): void {
  const refused = tally.rejected > 0 ? color.red(`${grouped(tally.rejected)} rejected`) : ''
  if (what !== undefined)
    out(
      `${what}: ${color.green(`${grouped(tally.accepted)} new`)}, ${grouped(tally.duplicate)} already there` +
        `${tally.conflict > 0 ? `, ${grouped(tally.conflict)} in conflict` : ''}` +
        `${refused === '' ? '' : `, ${refused}`}\n`,
    )
  else if (refused !== '') out(`${refused}\n`)
  for (const { where, code, field, message } of tally.rejections)
    err(`  ${place(where)}${field === undefined ? '' : `, ${field}`}: ${message} (${code})\n`)
  if (tally.rejected > tally.rejections.length) {
    err(`  and ${grouped(tally.rejected - tally.rejections.length)} more\n`)
    for (const [code, count] of tally.byCode) err(`  ${code}: ${grouped(count)} in all\n`)
  }
}
