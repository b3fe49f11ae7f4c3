import type { Listening } from '../../../packages/server/src/http/bind.ts'
import { listen } from '../../../packages/server/src/http/listen.ts'
import { createTestApp, type TestAppOptions } from '../../../packages/server/src/http/testing/test-app.ts'
import { mintKey } from '../../../packages/server/src/identity/api-key.ts'
import type { ApiKey } from '../../../packages/server/src/state/key.ts'
import { openMemoryState } from '../../../packages/server/src/state/memory.ts'
import type { ControlState } from '../../../packages/server/src/state/state.ts'

/** A server on a socket with one key, whose text is known. */
export interface Served {
  readonly url: string
  readonly state: ControlState
  readonly key: string
  readonly keyId: string
  readonly errors: readonly unknown[]
  /** Takes events in, past the doors. */
  ingest(items: readonly object[]): Promise<void>
  /** Changes the row of the key. */
  changeKey(more: Partial<ApiKey>): Promise<void>
  browser(): Browser
  close(): Promise<void>
}

export async function serve(
  options: TestAppOptions & { readonly keyRow?: Partial<ApiKey>; readonly clock?: TestAppOptions['clock'] } = {},
): Promise<Served> {
  const { keyRow, ...appOptions } = options
  const state = openMemoryState()
  const { id, text, secretHash } = mintKey()
  const row: ApiKey = { id, name: 'test', secretHash, scopes: ['read'], createdMs: 0, ...keyRow }
  const changeKey = (more: Partial<ApiKey>): Promise<void> =>
    state.write([{ table: 'keys', id, row: { ...row, ...more } }])
  await changeKey({})
  const test = await createTestApp({ state, ...appOptions })
  const listening: Listening = await listen(test.app)
  return {
    url: listening.url,
    state,
    key: text,
    keyId: id,
    errors: test.errors,
    async ingest(items) {
      const { accepted } = await test.ingest.submit({ items, door: 'test' })
      if (accepted !== items.length) throw new Error('an event was not accepted')
    },
    changeKey,
    browser: () => createBrowser(listening.url),
    async close() {
      test.live.close()
      await listening.close()
    },
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** As much of a browser as logging in needs: it keeps cookies for each origin and follows nothing unasked. */
export interface Browser {
  readonly cookies: Map<string, string>
  ask(path: string, init?: { method?: string; headers?: Record<string, string>; body?: unknown }): Promise<Answer>
  logIn(key: string): Promise<Answer>
  /** Follows redirects from a path of ours over the issuer until it comes back to one; returns the last answer of ours. */
  follow(path: string, on?: (url: URL) => URL): Promise<Answer>
}

export function createBrowser(origin: string): Browser {
  const cookies = new Map<string, string>()
  const send = async (
    target: string,
    { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
  ): Promise<Response> => {
    const ours = new URL(target).origin === origin
    const response = await fetch(target, {
      method,
      redirect: 'manual',
      headers: {
        ...(ours && cookies.size > 0 ? { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (ours) for (const header of response.headers.getSetCookie()) keep(header)
    return response
  }
  const keep = (header: string): void => {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? []
    if (/; Max-Age=0(;|$)/.test(header)) cookies.delete(name)
    else cookies.set(name, value)
  }
  const answerOf = async (response: Response): Promise<Answer> => {
    const text = await response.text()
    const json = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: json && text !== '' ? JSON.parse(text) : {} }
  }
  return {
    cookies,
    ask: async (path, init) => answerOf(await send(origin + path, init)),
    logIn: async (key) =>
      answerOf(await send(`${origin}/api/v1/session`, { method: 'POST', body: { key }, headers: { origin } })),
    async follow(path, on = (url) => url) {
      let answer = await answerOf(await send(origin + path))
      for (let hops = 0; hops < 5; hops++) {
        const location = answer.headers.get('location')
        if (location === null) return answer
        const next = on(new URL(location, origin))
        if (next.origin === origin && !next.pathname.startsWith('/auth/')) return answer
        answer = await answerOf(await send(next.href))
      }
      throw new Error('too many redirects')
    },
  }
}
