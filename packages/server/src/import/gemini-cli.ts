import { basename, join } from 'node:path'
import { inferProvider, usageFromGemini } from '@tallystick/core/provider'
import { type Draft, type LogFormat, type LogReader, needles } from './files/log-format.ts'
import { readLogs } from './files/read-logs.ts'
import { homeOf } from './home.ts'
import type { ImportSource, JsonValue } from './record.ts'
import { digestOf, instantMs, objectOf, requestEvent, textOf, tokensOf } from './usage-item.ts'

/**
 * Session logs of Gemini CLI. A message of type `gemini` with `tokens` is a request: by itself on a line, inside a patch
 * (`$set`), or, in older versions, in the list of messages of one JSON document. Input includes what was cached; thoughts
 * stand beside the output. The model is the one that answered.
 *
 * @source captured from version 0.61.0
 */
class SessionReader implements LogReader {
  #session: string | undefined

  constructor(context: JsonValue | undefined) {
    this.#session = textOf(context)
  }

  context(): JsonValue {
    return this.#session ?? null
  }

  read(line: Readonly<Record<string, unknown>>): readonly Draft[] {
    this.#session ??= textOf(line['sessionId'])
    const patch = objectOf(line['$set'])
    const messages = [line, ...listOf(line['messages']), ...listOf(patch?.['messages'])]
    return messages.flatMap((message) => this.#draft(message) ?? [])
  }

  #draft(value: unknown): Draft | undefined {
    const message = objectOf(value)
    const tokens = objectOf(message?.['tokens'])
    if (message === undefined || tokens === undefined || message['type'] !== 'gemini') return undefined
    const usage = usageFromGemini({
      usageMetadata: {
        promptTokenCount: tokens['input'],
        candidatesTokenCount: tokens['output'],
        cachedContentTokenCount: tokens['cached'],
        thoughtsTokenCount: tokens['thoughts'],
        toolUsePromptTokenCount: tokens['tool'],
        totalTokenCount: tokens['total'],
      },
    })
    if (usage === undefined) return undefined
    const model = textOf(message['model']) ?? 'unknown'
    const inferred = inferProvider(model)
    const name = textOf(message['id']) ?? digestOf([this.#session, message['timestamp'], tokens])
    const item = requestEvent(
      {
        id: name,
        atMs: instantMs(message['timestamp']),
        agent: 'gemini-cli',
        session: this.#session,
        provider: inferred === 'unknown' ? 'gcp.gemini' : inferred,
        model,
      },
      usage,
    )
    return { name, item, tokens: tokensOf(usage), final: true }
  }
}

/** Patches may hold a list, or its elements by their places. */
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : Object.values(objectOf(value) ?? {})

const MESSAGE = { id: true, type: true, timestamp: true, model: true, tokens: true } as const

const FORMAT: LogFormat = {
  needles: needles('"tokens"', '"sessionId"'),
  wanted: { ...MESSAGE, sessionId: true },
  isLog: (path) => /^session-.*\.jsonl?$/.test(basename(path)),
  isDocument: (path) => path.endsWith('.json'),
  open: (_, context) => new SessionReader(context),
}

/** Session logs of Gemini CLI. */
export const geminiCli: ImportSource = {
  name: 'gemini-cli',
  about: 'import the session logs of Gemini CLI',
  examples: ['tallystick import gemini-cli', 'tallystick import gemini-cli --since 7d --dry-run'],
  locations: (env) => [join(env['GEMINI_DATA_DIR'] || join(homeOf(env), '.gemini'), 'tmp')],
  read: (options) => readLogs(options, FORMAT),
}
