import { expect, test } from 'vitest'
import { type Audit, createAudit } from './audit-log.ts'
import { openMemoryState } from './memory.ts'
import type { ControlState } from './state.ts'

const clock = { now: () => 1_795_262_400_000, monotonic: () => 0 }
const LOCAL = { name: 'local' }

async function recorded(state: ControlState, audit: Audit, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await state.write(audit.record(LOCAL, 'key.create', `k${index}`))
}
const idsOf = (audit: Audit, request: Parameters<Audit['list']>[0]): string[] => audit.list(request).map(({ id }) => id)

test('an entry is there once it is written, and not before', async () => {
  const state = openMemoryState()
  const audit = createAudit(state, clock)
  const changes = audit.record({ name: 'key k7f3', tenantId: 'acme' }, 'budget.update', 'b1', { amount: '25' })
  expect(audit.list({ limit: 10 })).toEqual([])
  await state.write(changes)
  expect(audit.list({ limit: 10 })).toEqual([
    {
      id: '1',
      atMs: 1_795_262_400_000,
      actor: 'key k7f3',
      tenantId: 'acme',
      action: 'budget.update',
      target: 'b1',
      facts: { amount: '25' },
    },
  ])
})

test('entries are listed newest first, page by page, without those that were never written', async () => {
  const state = openMemoryState()
  const audit = createAudit(state, clock)
  await recorded(state, audit, 3)
  audit.record(LOCAL, 'never.written')
  await recorded(state, audit, 2)
  expect(idsOf(audit, { limit: 2 })).toEqual(['6', '5'])
  expect(idsOf(audit, { limit: 2, before: '5' })).toEqual(['3', '2'])
  expect(idsOf(audit, { limit: 2, before: '2' })).toEqual(['1'])
  expect(idsOf(audit, { limit: 2, before: '1' })).toEqual([])
  expect(idsOf(audit, { limit: 10, before: '999' })).toHaveLength(5)
})

test('ids go on rising over a restart', async () => {
  const state = openMemoryState()
  await recorded(state, createAudit(state, clock), 12)
  const audit = createAudit(state, clock)
  await recorded(state, audit, 1)
  expect(idsOf(audit, { limit: 2 })).toEqual(['13', '12'])
})

test('the newest are kept, also when entries are made before others are written', async () => {
  const state = openMemoryState()
  const audit = createAudit(state, clock, 5)
  await recorded(state, audit, 9)
  expect(idsOf(audit, { limit: 10 })).toEqual(['9', '8', '7', '6', '5'])
  await Promise.all([audit.record(LOCAL, 'a'), audit.record(LOCAL, 'b')].map((changes) => state.write(changes)))
  await recorded(state, audit, 1)
  expect(idsOf(audit, { limit: 10 })).toEqual(['12', '11', '10', '9', '8'])
  expect(state.rows('audit').size).toBe(5)
})

test("a tenant is shown its own principals' entries", async () => {
  const state = openMemoryState()
  const audit = createAudit(state, clock)
  for (const tenantId of ['acme', 'globex', 'acme']) await state.write(audit.record({ name: 'key', tenantId }, 'a'))
  await recorded(state, audit, 1)
  expect(idsOf(audit, { limit: 10, tenantId: 'acme' })).toEqual(['3', '1'])
  expect(idsOf(audit, { limit: 1, tenantId: 'globex' })).toEqual(['2'])
})
