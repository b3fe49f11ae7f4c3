/** Ways to connect, in lines that work at the address where the page is looked at. */

export interface Snippet {
  readonly name: string
  readonly title: string
  readonly text: string
  /** What is copied. */
  readonly code: string
}

/** What a line has to know of this server. */
export interface Here {
  readonly origin: string
  /** It asks for keys. */
  readonly keyed: boolean
  /** The capture proxy is on. */
  readonly proxied: boolean
}

/** What a line has in place of a key; keys are shown once, when they are made. */
export const KEY_PLACEHOLDER = '$TALLYSTICK_KEY'

const CLIENT_KEY = `export TALLYSTICK_KEY=tsk_...   # of the page Keys, with the scope ingest\n`

/**
 * @example snippets({ origin: 'http://127.0.0.1:8088', keyed: false, proxied: true })[0]?.name // 'curl'
 */
export function snippets({ origin, keyed, proxied }: Here): readonly Snippet[] {
  const key = keyed ? CLIENT_KEY : ''
  const header = keyed ? ` -H "authorization: Bearer ${KEY_PLACEHOLDER}"` : ''
  return [
    {
      name: 'curl',
      title: 'Send one event',
      text: 'Whatever can send JSON can report. The same event sent twice counts once if it has an event_id.',
      code: `${key}curl ${origin}/api/v1/events -H 'content-type: application/json'${header} \\\n  -d '{"provider":"openai","model":"gpt-4o","input_tokens":1200,"output_tokens":180,"duration_ms":840}'`,
    },
    ...(proxied
      ? [
          {
            name: 'openai',
            title: 'OpenAI’s SDKs, through the capture proxy',
            text: 'One variable; requests and answers pass unchanged, and your key to OpenAI goes on as it is.',
            code: `export OPENAI_BASE_URL=${origin}/proxy/openai/v1`,
          },
          {
            name: 'anthropic',
            title: 'Anthropic’s SDKs and Claude Code, through the capture proxy',
            text: 'The same for Anthropic.',
            code: `export ANTHROPIC_BASE_URL=${origin}/proxy/anthropic`,
          },
        ]
      : []),
    {
      name: 'recorder',
      title: 'The recorder, in TypeScript or JavaScript',
      text: 'Under a microsecond a request, never throws, never waits. Needs the package @tallystick/core.',
      code: `import { EventStore, SyncClient } from '@tallystick/core'

const store = new EventStore({ capacity: 10_000 })
const client = SyncClient.start(store, { url: '${origin}'${keyed ? ", token: 'tsk_...'" : ''} })
store.recordEvent({
  kind: 'llm_request_completed',
  provider: 'openai',
  model: 'gpt-4o',
  inputTokens: 1200,
  outputTokens: 180,
})
await client.stop({ timeoutMs: 5_000 })`,
    },
    {
      name: 'otlp',
      title: 'OpenTelemetry',
      text: 'GenAI spans, metrics and logs of any SDK, over HTTP.',
      code: `export OTEL_EXPORTER_OTLP_ENDPOINT=${origin}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf${keyed ? '\nexport OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20tsk_..."' : ''}`,
    },
    {
      name: 'claude-code',
      title: 'Claude Code, by its own telemetry',
      text: 'Every request with its cost, as it happens.',
      code: `export CLAUDE_CODE_ENABLE_TELEMETRY=1
export OTEL_LOGS_EXPORTER=otlp
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_ENDPOINT=${origin}${keyed ? '\nexport OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20tsk_..."' : ''}`,
    },
    {
      name: 'logs',
      title: 'Logs of coding agents, after the fact',
      text: 'Claude Code, Codex, Gemini CLI, opencode. Run it as often as you like: what was read counts once.',
      code: `${key}npx tallystick import claude-code --server ${origin}`,
    },
    {
      name: 'csv',
      title: 'A CSV file',
      text: 'Name the columns that hold the instant and the token counts.',
      code: `${key}npx tallystick import csv FILE.csv \\
  --map timestamp=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens \\
  --set provider=openai,model=gpt-4o --server ${origin}`,
    },
    {
      name: 'mcp',
      title: 'Ask from a coding agent',
      text: `The other way round: usage and cost as tools of Claude Code, over the Model Context Protocol.${keyed ? ' Its key needs the scope read.' : ''}`,
      code: `claude mcp add --scope user tallystick${keyed ? ' --env TALLYSTICK_KEY=tsk_...' : ''} -- npx -y tallystick mcp --server ${origin}`,
    },
    {
      name: 'litellm',
      title: 'LiteLLM’s proxy',
      text: 'In its config.yaml.',
      code: `litellm_settings:
  callbacks: ["tallystick"]

callback_settings:
  tallystick:
    callback_type: generic_api
    endpoint: ${origin}/litellm/callback${keyed ? '\n    headers:\n      Authorization: Bearer tsk_...' : ''}`,
    },
  ]
}

/** A price file with a place for each of these models, ready to be filled in. */
export function overrideSnippet(
  models: readonly { readonly provider: string | null; readonly model: string }[],
): string {
  const prices = models.map(({ provider, model }) => ({
    ...(provider === null ? {} : { provider }),
    model,
    usd_per_million: { input: 0, output: 0 },
  }))
  const lines = prices.map((price) => `    ${JSON.stringify(price)}`)
  return `{\n  "prices": [\n${lines.join(',\n')}\n  ]\n}`
}
