/** Lines of a session log in the shape of Claude Code; members by need. */
export interface AssistantLine {
  readonly id: string
  readonly request?: string
  readonly output?: number
  readonly stop?: string | null
  readonly session?: string
  readonly at?: number
  readonly text?: string
  readonly more?: object
  readonly usage?: object
}

const START = Date.parse('2026-11-20T10:00:00.000Z')

export function assistant({
  id,
  output = 5,
  stop = 'end_turn',
  session = 's1',
  at = 0,
  text = 'hi',
  ...rest
}: AssistantLine): string {
  return JSON.stringify({
    parentUuid: 'p',
    isSidechain: false,
    sessionId: session,
    cwd: '/home/dev/app/x',
    type: 'assistant',
    uuid: `${id}-${output}`,
    timestamp: new Date(START + at * 1000).toISOString(),
    requestId: rest.request ?? `req_${id}`,
    message: {
      id,
      role: 'assistant',
      model: 'claude-opus-5',
      content: [{ type: 'text', text }],
      stop_reason: stop,
      usage: {
        input_tokens: 10,
        cache_creation_input_tokens: 20,
        cache_read_input_tokens: 30,
        output_tokens: output,
        ...rest.usage,
      },
    },
    ...rest.more,
  })
}

export const user = (text: string): string =>
  JSON.stringify({ type: 'user', message: { role: 'user', content: text }, timestamp: new Date(START).toISOString() })

export const lines = (...texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('')
