import { describe, expect, it } from 'vitest'
import { headersFor, isProxied, ownPath } from './proxied.ts'

describe('a capture proxy', () => {
  it.each([
    ['http://127.0.0.1:8088/proxy/openai/v1/chat/completions', true],
    ['https://tally.example.com/proxy/vllm-2.eu/v1/messages', true],
    ['https://api.openai.com/v1/chat/completions', false],
    ['https://gateway.example.com/v1/proxy/openai/v1/chat/completions', false],
    ['https://gateway.example.com/proxy/', false],
    ['https://gateway.example.com/proxy/UP/v1', false],
  ])('%s: %s', (url, is) => expect(isProxied(new URL(url))).toBe(is))

  it("the provider's own path is what follows its name", () => {
    expect(ownPath('/proxy/openai/v1/chat/completions')).toBe('/v1/chat/completions')
    expect(ownPath('/v1/chat/completions')).toBe('/v1/chat/completions')
  })

  it('is told who asks, by what the application or its recorder says', () => {
    const told = Object.fromEntries(
      headersFor({
        names: { agentId: 'agent_7', tags: { 'te,am': 'a=b', stage: 'prod' } },
        defaults: { agentId: 'agent_1', userId: 'jürgen', tags: { stage: 'dev' } },
        sourceId: 'checkout',
        exchangeId: '01a20557-3c8f-7000-8000-c2e7118cdb45',
      }),
    )
    expect(told).toEqual({
      'x-tallystick-agent': 'agent_7',
      'x-tallystick-user': 'j\xc3\xbcrgen',
      'x-tallystick-source': 'checkout',
      'x-tallystick-exchange': '01a20557-3c8f-7000-8000-c2e7118cdb45',
      'x-tallystick-tags': 'stage=prod,te%2Cam=a%3Db',
    })
    expect(() => new Headers(told)).not.toThrow()
  })

  it.each(['line\r\nx-evil: 1', ' led', 'nul\0', '\u007f', '', 'x'.repeat(513)])('is not told %j', (agentId) => {
    expect(headersFor({ names: { agentId } })).toEqual([])
  })

  it('is not told more tags than a head has room for', () => {
    const tags = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`tag${index}`, 'x'.repeat(100)]))
    expect(headersFor({ names: { userId: 'ada', tags } })).toEqual([['x-tallystick-user', 'ada']])
  })
})
