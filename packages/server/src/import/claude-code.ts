import { basename, join } from 'node:path'
import { inferProvider, usageFromAnthropic } from '@tallystick/core/provider'
import { type Draft, type LogFormat, type LogReader, needles } from './files/log-format.ts'
import { readLogs } from './files/read-logs.ts'
import { homeOf } from './home.ts'
import type { ImportSource } from './record.ts'
import { digestOf, instantMs, objectOf, projectOf, requestEvent, textOf, tokensOf } from './usage-item.ts'

/** Models that the tool itself speaks as; no provider was asked. */
const NOT_A_MODEL = '<synthetic>'

/**
 * Session logs of Claude Code: one JSON object a line, of which those of type `assistant` with `message.usage` are requests.
 *
 * A request is logged once for each block of its answer, with the usage so far; resuming or forking a session copies its
 * lines to another file; a subagent may replay a message of its parent under another request id. All of these are one event:
 * it is named by message id and request id, the line with most tokens counts, and a replay gives way to its parent.
 *
 * @source captured from version 2.1.329; rules of ccusage 20
 */
const FORMAT: LogFormat = {
  needles: needles('"usage"'),
  wanted: {
    type: true,
    uuid: true,
    timestamp: true,
    sessionId: true,
    requestId: true,
    isSidechain: true,
    isApiErrorMessage: true,
    agentId: true,
    cwd: true,
    costUSD: true,
    forkedFrom: true,
    message: { id: true, model: true, stop_reason: true, usage: true },
  },
  isLog: (path) => path.endsWith('.jsonl'),
  // A subagent's replay of a message gives way to the message, which must be known by then.
  rank: (path) => (/[\\/](subagents[\\/]|agent-)[^\\/]*$/.test(path) ? 1 : 0),
  open: () => READER,
}

const READER: LogReader = {
  read(line) {
    const draft = draftOf(line)
    return draft === undefined ? [] : [draft]
  },
}

function draftOf(line: Readonly<Record<string, unknown>>): Draft | undefined {
  const message = objectOf(line['message'])
  if (line['type'] !== 'assistant' || message === undefined || line['isApiErrorMessage'] === true) return undefined
  const model = textOf(message['model'])
  const reported = objectOf(message['usage'])
  if (model === NOT_A_MODEL || reported === undefined) return undefined
  const usage = usageFromAnthropic(message)
  if (usage === undefined) return undefined

  const messageId = textOf(message['id'])
  const requestId = textOf(line['requestId'])
  const sidechain = line['isSidechain'] === true
  const sessionId = textOf(objectOf(line['forkedFrom'])?.['sessionId']) ?? textOf(line['sessionId'])
  // A line that names no message is an event of its own.
  const name =
    messageId === undefined
      ? `line:${textOf(line['uuid']) ?? digestOf([line['timestamp'], reported])}`
      : requestId === undefined
        ? messageId
        : `${messageId}:${requestId}`
  const also = `message:${messageId}`
  const item = requestEvent(
    {
      id: name,
      atMs: instantMs(line['timestamp']),
      agent: 'claude-code',
      session: sessionId,
      provider: inferProvider(model ?? ''),
      model: model ?? 'unknown',
      project: projectOf(line['cwd']),
      serviceTier: reported['speed'] === 'fast' ? 'fast' : undefined,
      costUsd: line['costUSD'],
    },
    usage,
  )
  return {
    name,
    item,
    tokens: tokensOf(usage),
    better: reported['speed'] !== undefined,
    // Older versions never say why an answer stopped; where the member is there, it is null until it has.
    final: message['stop_reason'] !== null,
    chain: sidechain ? `side:${textOf(line['agentId']) ?? ''}` : 'main',
    also: messageId === undefined ? undefined : also,
    without: messageId !== undefined && sidechain ? also : undefined,
  }
}

/** Session logs of Claude Code. */
export const claudeCode: ImportSource = {
  name: 'claude-code',
  about: 'import the session logs of Claude Code',
  examples: [
    'tallystick import claude-code',
    'tallystick import claude-code --since 30d --dry-run',
    'tallystick import claude-code /backup/.claude/projects --server http://127.0.0.1:8088',
  ],
  locations(env) {
    const named = (env['CLAUDE_CONFIG_DIR'] ?? '')
      .split(',')
      .map((folder) => folder.trim())
      .filter((folder) => folder !== '')
    const folders =
      named.length > 0
        ? named
        : [join(homeOf(env), '.claude'), join(env['XDG_CONFIG_HOME'] || join(homeOf(env), '.config'), 'claude')]
    return folders.map((folder) => (basename(folder) === 'projects' ? folder : join(folder, 'projects')))
  },
  read: (options) => readLogs(options, FORMAT),
}
