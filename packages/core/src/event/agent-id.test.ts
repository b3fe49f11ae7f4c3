import { expect, it } from 'vitest'
import { normaliseAgentId } from './agent-id.ts'

it.each([
  [42, 'agent_42'],
  ['42', 'agent_42'],
  ['007', 'agent_007'],
  ['agent_42', 'agent_42'],
  ['42a', '42a'],
  ['-1', '-1'],
  ['\u0664\u0662', '\u0664\u0662'],
  ['', ''],
])('calls agent %j %j', (agent, name) => {
  expect(normaliseAgentId(agent)).toBe(name)
  expect(normaliseAgentId(normaliseAgentId(agent))).toBe(name)
})
