import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeRoutiium, type RoutiiumDocument } from '@tallystick/core/event'
import { type OpenOptions, openTallystick, type Tallystick } from 'tallystick'

/** The instant every server of these tests takes for now, in seconds: two hours after the events of T:routiium. */
export const NOW = 1_720_007_200

/** Each store that speaks the dialect, by its URL in a data directory; all must give the same answers. */
export const STORES: readonly (readonly [name: string, url: string])[] = [
  ['memory', 'memory:'],
  ['duckdb', 'duckdb:'],
  ['jsonl', 'jsonl:'],
]

export interface RoutiiumServer {
  readonly tallystick: Tallystick
  readonly url: string
  get(path: string, headers?: Record<string, string>): Promise<Response>
  json(path: string): Promise<Record<string, unknown>>
  /** Records documents as Routiium's own gateway would, and waits until they are visible. */
  record(documents: readonly object[]): Promise<void>
  /** Records events of the native wire. */
  recordNative(events: readonly object[]): Promise<void>
  stop(): Promise<void>
}

/** The real server on a free port of this machine, over one of the stores. */
export async function startRoutiium(store: string, options: Partial<OpenOptions> = {}): Promise<RoutiiumServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tallystick-routiium-'))
  const tallystick = await openTallystick({
    dataDir,
    store,
    clock: { now: () => NOW * 1000, monotonic: () => performance.now() },
    ...options,
  })
  const { url } = await tallystick.listen({ port: 0 })
  const submit = async (items: readonly object[], native: boolean): Promise<void> => {
    const answer = await tallystick.ingest.submit({
      items,
      door: native ? 'native' : 'routiium',
      ...(native ? {} : { decode: decodeRoutiium }),
    })
    if (answer.accepted !== items.length) throw new Error(JSON.stringify(answer))
    await tallystick.ingest.applied()
  }
  return {
    tallystick,
    url,
    get: (path, headers = {}) => fetch(url + path, { headers }),
    json: async (path) => (await (await fetch(url + path)).json()) as Record<string, unknown>,
    record: (documents) => submit(documents, false),
    recordNative: (events) => submit(events, true),
    async stop() {
      await tallystick.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

type Section<T> = { readonly [K in keyof T]?: T[K] }

/** Parts of a document; what is left out is as in {@link documentOf}. */
export interface Parts {
  readonly id: string
  readonly timestamp: number
  readonly request?: Section<RoutiiumDocument['request']>
  readonly response?: Section<NonNullable<RoutiiumDocument['response']>> | null
  readonly performance?: Section<RoutiiumDocument['performance']>
  readonly auth?: Section<RoutiiumDocument['auth']>
  readonly routing?: Section<RoutiiumDocument['routing']>
  readonly token_usage?: RoutiiumDocument['token_usage']
  readonly cost?: RoutiiumDocument['cost']
}

/** A document of the dialect's first description (with later members where they are given). */
export function documentOf({ id, timestamp, ...parts }: Parts): Record<string, unknown> {
  return {
    id,
    timestamp,
    request: {
      endpoint: '/v1/chat/completions',
      method: 'POST',
      model: 'gpt-4o',
      stream: false,
      size_bytes: 256,
      message_count: 3,
      input_tokens: 42,
      user_agent: 'curl/7.64.1',
      client_ip: '192.168.1.100',
      ...parts.request,
    },
    response:
      parts.response === null
        ? null
        : {
            status_code: 200,
            size_bytes: 512,
            output_tokens: 128,
            success: true,
            error_message: null,
            ...parts.response,
          },
    performance: { duration_ms: 1247, ttfb_ms: null, upstream_duration_ms: 1200, ...parts.performance },
    auth: {
      authenticated: true,
      api_key_id: 'key_abc123',
      api_key_label: 'production-key',
      auth_method: 'bearer',
      ...parts.auth,
    },
    routing: {
      backend: 'openai',
      upstream_mode: 'chat',
      mcp_enabled: false,
      mcp_servers: [],
      system_prompt_applied: true,
      ...parts.routing,
    },
    ...(parts.token_usage === undefined ? {} : { token_usage: parts.token_usage }),
    ...(parts.cost === undefined ? {} : { cost: parts.cost }),
  }
}
