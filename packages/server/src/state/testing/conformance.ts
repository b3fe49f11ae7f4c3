import { afterEach, describe, expect, test } from 'vitest'
import type { Change, ControlState } from '../state.ts'

export const tenant = (id: string, name = id): Change => ({
  table: 'tenants',
  id,
  row: { id, name, createdMs: 1_795_262_400_000 },
})
export const noTenant = (id: string): Change => ({ table: 'tenants', id, row: undefined })

const namesOf = (state: ControlState): string[] => [...state.rows('tenants').values()].map(({ name }) => name)

/** What every control state does, wherever it keeps its rows. */
export function describeState(name: string, open: () => Promise<ControlState>): void {
  describe(name, () => {
    let state: ControlState
    const start = async (): Promise<ControlState> => {
      state = await open()
      return state
    }
    afterEach(() => state.close())

    test('shows a write at once, before it is durable', async () => {
      const { rows, write } = await start()
      const written = write([tenant('a'), tenant('b')])
      expect(rows('tenants').get('b')).toEqual({ id: 'b', name: 'b', createdMs: 1_795_262_400_000 })
      await written
    })

    test('gives the same map at each call, in the order in which rows were first written', async () => {
      await start()
      const map = state.rows('tenants')
      await state.write([tenant('b'), tenant('a'), tenant('c')])
      await state.write([tenant('b', 'B'), noTenant('a')])
      expect(state.rows('tenants')).toBe(map)
      expect(namesOf(state)).toEqual(['B', 'c'])
    })

    test('keeps tables apart, and names that objects have are names like others', async () => {
      await start()
      await state.write([tenant('__proto__'), tenant('constructor')])
      expect([...state.rows('tenants').keys()]).toEqual(['__proto__', 'constructor'])
      expect(state.rows('agents').size).toBe(0)
      expect(state.rows('agents').get('__proto__')).toBeUndefined()
    })

    test('removes what is not there without ado, and takes an empty write', async () => {
      await start()
      await state.write([noTenant('nobody')])
      await state.write([])
      expect(state.rows('tenants').size).toBe(0)
    })

    test('tells of each write that shows, until that is ended', async () => {
      await start()
      const told: (readonly Change[])[] = []
      const end = state.onChange((changes) => {
        // Whoever is told finds it there.
        expect(state.rows('tenants').has((changes[0] as Change).id)).toBe(true)
        told.push(changes)
      })
      await state.write([tenant('a')])
      end()
      await state.write([tenant('b')])
      expect(told).toEqual([[tenant('a')]])
    })

    test('makes a thousand writes at once, each of them', async () => {
      await start()
      await Promise.all(Array.from({ length: 1_000 }, (_, index) => state.write([tenant(`t${index}`)])))
      expect(state.rows('tenants').size).toBe(1_000)
    })

    test('refuses writes after it was closed, and may be closed twice', async () => {
      await start()
      await state.close()
      await state.close()
      await expect(state.write([tenant('a')])).rejects.toMatchObject({ code: 'shutting_down' })
      expect(state.rows('tenants').size).toBe(0)
    })
  })
}
