import { existsSync } from 'node:fs'
import type { ErrorCode } from '@tallystick/core'
import { decodeWireEvent, type UsageEvent } from '@tallystick/core/event'
import { createPriceBook } from '@tallystick/core/pricing'
import { fold, parseQuery } from '@tallystick/core/query'
import type { Config } from '../../config/config.ts'
import { claudeCode } from '../../import/claude-code.ts'
import { codex } from '../../import/codex.ts'
import { geminiCli } from '../../import/gemini-cli.ts'
import { KnownNames } from '../../import/known-names.ts'
import { opencode } from '../../import/opencode.ts'
import { type ImportSource, newProgress } from '../../import/record.ts'
import { assignPrice } from '../../ingest/pricing.ts'
import { Tally } from '../../ingest/tally.ts'
import { openOptions } from '../open-options.ts'
import { byteSize, grouped, Progress, type Terminal } from '../terminal.ts'
import type { FigureSource } from './figure-source.ts'

/** Tools whose logs lie on the machine of whoever uses them. */
const TOOLS: readonly ImportSource[] = [claudeCode, codex, geminiCli, opencode]

/** A log that was written to a moment ago counts as well: what it says so far is what there is to show. */
const EVERYTHING_RESTED_MS = Number.MAX_SAFE_INTEGER

/** What was read of logs, beside the requests in them. */
interface ReadLogs {
  readonly tools: readonly string[]
  readonly files: number
  /** Records that could not be read. */
  readonly unreadable: number
}

/**
 * What the coding agents of this machine have logged, read once and kept in memory: each request once, at the prices of the
 * built-in catalogue and of the configured files. Answers are those of the reference fold.
 *
 * @param sinceMs events before it are left out, and files that were last written before it are not opened
 */
export async function readAgentLogs(
  config: Config,
  terminal: Terminal,
  sinceMs: number | undefined,
): Promise<FigureSource> {
  const nowMs = Date.now()
  const prices = createPriceBook({ overrides: openOptions(config).prices ?? [] })
  const events: UsageEvent[] = []
  const { tools, files, unreadable } = await eachLogged(terminal, sinceMs, nowMs, (event) => {
    assignPrice(event, prices, new Tally(), () => undefined)
    events.push(event)
  })
  return {
    source: { kind: 'logs', tools, files, unreadable },
    told:
      tools.length === 0
        ? `no logs of ${TOOLS.map(({ name }) => name).join(', ')}`
        : `the logs of ${tools.join(', ')} (${grouped(files)} ${files === 1 ? 'file' : 'files'})`,
    query: async (body) => fold(parseQuery(body, { nowMs }), events),
    close: async () => undefined,
  }
}

/** Hands over each request in the logs once, without a price, and as the native API takes it. */
export async function eachLogged(
  terminal: Terminal,
  sinceMs: number | undefined,
  nowMs: number,
  take: (event: UsageEvent, item: unknown) => void,
): Promise<ReadLogs> {
  const tools: string[] = []
  const progress = newProgress()
  const shown = new Progress(terminal)
  const problems: { readonly where: string; readonly code: ErrorCode }[] = []
  for (const tool of TOOLS) {
    const paths = tool.locations(terminal.env).filter((path) => existsSync(path))
    if (paths.length === 0) continue
    const before = progress.files
    const records = tool.read({
      paths,
      values: new Map(),
      env: terminal.env,
      ...(sinceMs === undefined ? {} : { sinceMs }),
      nowMs: EVERYTHING_RESTED_MS,
      marks: new Map(),
      known: new KnownNames(),
      progress,
    })
    for await (const record of records) {
      if ('mark' in record) continue
      if ('problem' in record) {
        problems.push({ where: record.where, code: record.problem.code })
        continue
      }
      const decoded = decodeWireEvent(record.item, { nowMs, mintId: () => record.where })
      if (!decoded.ok) {
        problems.push({ where: record.where, code: decoded.code })
        continue
      }
      take(decoded.event, record.item)
      shown.show(() => `reading logs: ${byteSize(progress.bytesDone)} of ${byteSize(progress.bytes)}`)
    }
    if (progress.files > before) tools.push(tool.name)
  }
  shown.done()
  return { tools, files: progress.files, unreadable: problems.length }
}
