import { basename, join } from 'node:path'
import { inferProvider, KNOWN_PROVIDERS, parseProvider, usageFromOpenAiResponses } from '@tallystick/core/provider'
import { type CodexTotals, deltaOf, readTotals, sameTotals } from './codex-totals.ts'
import { type Draft, type LogFormat, type LogReader, needles } from './files/log-format.ts'
import { readLogs } from './files/read-logs.ts'
import { homeOf } from './home.ts'
import type { ImportSource, JsonValue } from './record.ts'
import { digestOf, instantMs, objectOf, projectOf, requestEvent, textOf, tokensOf } from './usage-item.ts'

/** Lines of a session that was forked within this time of its beginning are its parent's, told again. */
const REPLAY_MS = 1_000

/** What later lines of a rollout need to know of earlier ones. Plain JSON: it is kept between runs. */
interface Context {
  session: string
  /** The session this one was forked from. */
  parent: string | undefined
  startedMs: number | undefined
  model: string | undefined
  backend: string | undefined
  project: string | undefined
  /** The file has records of usage by response; its running totals say the same again. */
  records: boolean
  totals: CodexTotals | undefined
}

/**
 * Rollouts of Codex. Newer files have a `token_usage_record` for each response, under the response's own id. Older ones have
 * `token_count` events only: the usage of the last request beside the session's running total, told again now and then; of
 * those the running total names the event. A file that has records is read by them alone.
 *
 * A forked session begins with what its parent had said. Records have the parent's ids; totals are recognised as the
 * parent's by their figures, or, where the parent's file is gone, by standing in the first second.
 *
 * @source captured from version 0.169.0; rules of ccusage 20
 */
class RolloutReader implements LogReader {
  readonly #context: Context

  constructor(path: string, context: JsonValue | undefined) {
    const session =
      /([0-9a-f]{8}-[0-9a-f-]{27})\.jsonl/.exec(basename(path))?.[1] ?? basename(path).replace(/\.zst$/, '')
    const fresh: Context = {
      session,
      parent: undefined,
      startedMs: undefined,
      model: undefined,
      backend: undefined,
      project: undefined,
      records: false,
      totals: undefined,
    }
    this.#context = { ...fresh, ...(objectOf(context) as Partial<Context> | undefined) }
  }

  context(): JsonValue {
    return { ...this.#context } as unknown as JsonValue
  }

  read(line: Readonly<Record<string, unknown>>): readonly Draft[] {
    const payload = objectOf(line['payload'])
    if (payload === undefined) return []
    const draft = this.#draft(String(line['type']), payload, instantMs(line['timestamp']))
    return draft === undefined ? [] : [draft]
  }

  #draft(type: string, payload: Readonly<Record<string, unknown>>, atMs: number | undefined): Draft | undefined {
    if (type === 'session_meta') this.#begin(payload, atMs)
    else if (type === 'turn_context') this.#context.model = textOf(payload['model']) ?? this.#context.model
    else if (type === 'token_usage_record') return this.#record(payload, atMs)
    else if (type === 'event_msg' && payload['type'] === 'token_count') return this.#count(payload, atMs)
    return undefined
  }

  /** Only the first is the file's own: a fork repeats that of its parent. */
  #begin(meta: Readonly<Record<string, unknown>>, atMs: number | undefined): void {
    const context = this.#context
    if (context.startedMs !== undefined) return
    context.startedMs = atMs ?? 0
    context.session = textOf(meta['id']) ?? textOf(meta['session_id']) ?? context.session
    const spawned = objectOf(objectOf(objectOf(meta['source'])?.['subagent'])?.['thread_spawn'])
    context.parent = textOf(meta['forked_from_id']) ?? textOf(spawned?.['parent_thread_id'])
    context.backend = textOf(meta['model_provider'])
    context.project = projectOf(meta['cwd'])
  }

  #record(payload: Readonly<Record<string, unknown>>, atMs: number | undefined): Draft | undefined {
    this.#context.records = true
    const totals = readTotals(payload['usage'])
    if (totals === undefined) return undefined
    const responseId = textOf(payload['response_id'])
    const session = textOf(payload['thread_id']) ?? textOf(payload['session_id']) ?? this.#context.session
    const name = responseId ?? `${session}:${digestOf([payload['turn_id'], payload['thread_token_usage'], totals])}`
    return this.#event(name, session, totals, atMs)
  }

  #count(payload: Readonly<Record<string, unknown>>, atMs: number | undefined): Draft | undefined {
    const context = this.#context
    const info = objectOf(payload['info'])
    const totals = readTotals(info?.['total_token_usage'])
    const last = readTotals(info?.['last_token_usage'])
    if (context.records || (totals === undefined && last === undefined)) return undefined
    const before = context.totals
    // Told again, e.g. because limits of the plan have changed.
    if (totals !== undefined && before !== undefined && sameTotals(totals, before)) return undefined
    if (totals !== undefined) context.totals = totals
    const used = last ?? deltaOf(totals as CodexTotals, before)
    const figures = digestOf(totals ?? [atMs, last])
    const name = `${context.session}:${figures}`
    if (context.parent === undefined) return this.#event(name, context.session, used, atMs)
    const replayed = atMs !== undefined && atMs - (context.startedMs ?? 0) < REPLAY_MS
    return { ...this.#event(name, context.session, used, atMs), replayed, without: `${context.parent}:${figures}` }
  }

  #event(name: string, session: string, totals: CodexTotals, atMs: number | undefined): Draft {
    const { model = 'unknown', backend, project } = this.#context
    const usage = usageFromOpenAiResponses({
      usage: {
        input_tokens: totals.input,
        output_tokens: totals.output,
        input_tokens_details: { cached_tokens: totals.cached, cache_write_tokens: totals.written },
        output_tokens_details: { reasoning_tokens: totals.reasoning },
      },
    })
    const named = parseProvider(backend ?? '')
    const item = requestEvent(
      {
        id: name,
        atMs,
        agent: 'codex',
        session,
        // The name is the user's own for whatever is configured; only names everybody uses say who bills.
        provider: (KNOWN_PROVIDERS as readonly string[]).includes(named) ? named : inferProvider(model),
        backend,
        model,
        project,
      },
      usage,
    )
    return { name, item, tokens: usage === undefined ? 0 : tokensOf(usage), final: true }
  }
}

const FORMAT: LogFormat = {
  needles: needles('"token_usage_record"', '"token_count"', '"turn_context"', '"session_meta"'),
  wanted: {
    timestamp: true,
    type: true,
    payload: {
      type: true,
      id: true,
      session_id: true,
      thread_id: true,
      turn_id: true,
      response_id: true,
      forked_from_id: true,
      source: true,
      model_provider: true,
      cwd: true,
      model: true,
      usage: true,
      thread_token_usage: true,
      info: true,
    },
  },
  isLog: (path) => /^rollout-.*\.jsonl(\.zst)?$/.test(basename(path)),
  open: (path, context) => new RolloutReader(path, context),
}

/** Rollouts of Codex, packed ones and archived ones too. */
export const codex: ImportSource = {
  name: 'codex',
  about: 'import the session logs of Codex',
  examples: ['tallystick import codex', 'tallystick import codex ~/.codex/sessions/2026/11 --dry-run'],
  locations(env) {
    const home = env['CODEX_HOME'] || join(homeOf(env), '.codex')
    return [join(home, 'sessions'), join(home, 'archived_sessions')]
  },
  read: (options) => readLogs(options, FORMAT),
}
