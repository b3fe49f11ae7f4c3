import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { until } from '../http/testing/raw.ts'
import { CHAT, openProxied, type Proxied, send } from './testing/proxied.ts'

describe('llm_edge_active_requests', () => {
  let proxied: Proxied
  let master: Record<string, string>
  let left: Record<string, string>
  let right: Record<string, string>
  const body = '{"model":"gpt-4o"}'

  const ask = (path: string, headers: Record<string, string> = {}, terms?: object): Promise<Response> =>
    proxied.tallystick.fetch(
      new Request(`http://localhost${path}`, {
        method: terms === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        ...(terms === undefined ? {} : { body: JSON.stringify(terms) }),
      }),
    )
  const keyFor = async (terms: object, as: Record<string, string>): Promise<Record<string, string>> => {
    const answer = await ask('/api/v1/keys', as, { name: 'k', ...terms })
    return { authorization: `Bearer ${((await answer.json()) as { key: string }).key}` }
  }
  const activeOf = async (headers: Record<string, string>): Promise<string | undefined> =>
    /^llm_edge_active_requests (.*)$/m.exec(await (await ask('/metrics', headers)).text())?.[1]
  const all = async (): Promise<readonly (string | undefined)[]> =>
    Promise.all([master, left, right].map((headers) => activeOf(headers)))

  beforeAll(async () => {
    proxied = await openProxied()
    master = await keyFor({ scopes: ['admin'] }, {})
    left = await keyFor({ scopes: ['read', 'ingest'], tenant_id: 'left' }, master)
    right = await keyFor({ scopes: ['read', 'ingest'], tenant_id: 'right' }, master)
  })
  afterAll(() => proxied.close())

  it('is how many are under way, to a tenant its own, and 0 after answers, errors and clients that leave', async () => {
    expect(await all()).toEqual(['0', '0', '0'])
    const waiting: (() => void)[] = []
    proxied.standIn.answer = async (request, response) => {
      request.resume()
      await new Promise<void>((resolve) => waiting.push(resolve))
      if (request.headers['x-fail'] === '1') request.socket.destroy()
      else response.end('{}')
    }
    const headers = { 'x-tallystick-key': (left['authorization'] as string).slice(7) }
    for (const fail of ['0', '1']) {
      const sent = send(`${proxied.url}${CHAT}`, { headers: { ...headers, 'x-fail': fail }, body })
      await vi.waitFor(async () => expect(await all()).toEqual(['1', '1', '0']))
      await until(() => waiting.length > 0)
      waiting.pop()?.()
      expect((await sent).status).toBe(fail === '1' ? 502 : 200)
      await vi.waitFor(async () => expect(await all()).toEqual(['0', '0', '0']))
    }

    const socket = connect(proxied.port, '127.0.0.1')
    const lines = [`POST ${CHAT} HTTP/1.1`, 'Host: 127.0.0.1', `X-Tallystick-Key: ${headers['x-tallystick-key']}`]
    socket.write([...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'))
    await vi.waitFor(async () => expect(await all()).toEqual(['1', '1', '0']))
    socket.destroy()
    await vi.waitFor(async () => expect(await all()).toEqual(['0', '0', '0']))
  })
})
