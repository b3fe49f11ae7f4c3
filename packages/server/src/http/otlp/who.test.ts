import { fromBinary } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RpcStatusSchema } from '../../format/otlp/generated/otlp_pb.ts'
import { spanBytes, tracesBody } from './testing/bodies.ts'
import { openReceiver, type Receiver } from './testing/receiver.ts'

let receiver: Receiver
beforeEach(async () => {
  receiver = await openReceiver()
})
afterEach(() => receiver.tallystick.close())

const post = (headers: Record<string, string>, body = tracesBody([spanBytes({ 'gen_ai.agent.name': 'claimed' })])) =>
  receiver.tallystick.fetch(
    new Request('http://localhost/v1/traces', {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', ...headers },
      body,
    }),
  )

describe('what an exporter sends', () => {
  it('is whose its key says, whatever its attributes claim; without a key nothing is taken', async () => {
    const keyOf = async (terms: object): Promise<string> =>
      ((await (await receiver.send('/api/v1/keys', { name: 'x', ...terms })).json()) as { key: string }).key
    await keyOf({ scopes: ['admin'] })
    const key = await keyOf({ scopes: ['ingest'], tenant_id: 'acme', agent_id: 'bot' })
    expect((await post({ authorization: `Bearer ${key}` })).status).toBe(200)
    expect(await receiver.events()).toMatchObject([{ tenant_id: 'acme', agent_id: 'bot' }])

    const refused = await post({})
    const status = fromBinary(RpcStatusSchema, new Uint8Array(await refused.arrayBuffer()))
    expect([refused.status, status.code, refused.headers.get('www-authenticate')]).toEqual([401, 16, 'Bearer'])
    expect(await receiver.events()).toHaveLength(1)
  })

  it('has agent, user, session and tags of its headers where its attributes leave them open', async () => {
    const headers = {
      'x-tallystick-agent': 'from-header',
      'x-tallystick-user': 'u',
      'x-tallystick-session': 's',
      'x-tallystick-team': 'payments',
      'x-tallystick-tag-stage': 'prod',
      'x-tallystick-tag-__proto__': 'x',
    }
    expect((await post(headers)).status).toBe(200)
    expect((await post(headers, tracesBody([spanBytes({ 'user.id': 'own' })]))).status).toBe(200)
    expect(await receiver.events()).toMatchObject([
      { agent_id: 'claimed', user_id: 'u', session_id: 's', tags: { team: 'payments', stage: 'prod' } },
      { agent_id: 'from-header', user_id: 'own' },
    ])
  })
})
