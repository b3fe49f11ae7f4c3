import { expect, test } from 'vitest'
import { openMemoryState } from '../state/memory.ts'
import { userRows } from './user-rows.ts'

test('a user is taken out of saved views: of their name, of what they filter by, of who saved them', async () => {
  const state = openMemoryState()
  const row = {
    id: 'v1',
    name: 'Spend of ada@example.com',
    path: '/explore',
    parameters: [
      ['range', '7d'],
      ['is.user_id', 'ada@example.com'],
    ] as [string, string][],
    actor: 'user ada@example.com',
    createdMs: 1,
    updatedMs: 1,
  }
  await state.write([
    { table: 'views', id: 'v1', row },
    { table: 'views', id: 'v2', row: { ...row, id: 'v2', name: 'Of nobody', parameters: [], actor: 'local' } },
  ])
  expect(userRows(state, { userId: 'ada@example.com', pseudonym: 'erased-1' })).toEqual([
    {
      table: 'views',
      id: 'v1',
      row: {
        ...row,
        name: 'Spend of erased-1',
        parameters: [
          ['range', '7d'],
          ['is.user_id', 'erased-1'],
        ],
        actor: 'user erased-1',
      },
    },
  ])
})
