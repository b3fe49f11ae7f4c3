import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ImportState } from './state.ts'
import { folder } from './testing/run.ts'

const NOW = { store: 'journal-1', ordinal: 100 }

function saved(): string {
  const path = join(folder(), 'import', 'source.json')
  const state = new ImportState(path)
  state.match(NOW)
  state.set({ key: 'file', value: { offset: 7 } })
  state.known.add('event')
  state.save(NOW, 'directory-1')
  state.saveNames(NOW)
  return path
}

const read = (path: string, now = NOW): ImportState => {
  const state = new ImportState(path)
  state.match(now)
  return state
}

describe('what imports remember', () => {
  it('is there for the next run into the same store, with more in it by now', () => {
    const state = read(saved(), { ...NOW, ordinal: 500 })
    expect([...state.marks]).toEqual([['file', { offset: 7 }]])
    expect(state.known.has('event')).toBe(true)
  })

  it.each([
    ['another store, or one that was cleared or lost something', { store: 'journal-2', ordinal: 100 }],
    ['a store that was put back to an earlier time', { store: 'journal-1', ordinal: 99 }],
  ])('is nothing for %s, names neither', (_, now) => {
    const state = read(saved(), now)
    expect([state.marks.size, state.known.size]).toEqual([0, 0])
  })

  it('does not give names of one store to another that marks were written for since', () => {
    const path = saved()
    const other = { store: 'journal-2', ordinal: 1 }
    const state = read(path, other)
    state.set({ key: 'file', value: 1 })
    state.save(other)
    expect(read(path, other).known.has('event')).toBe(false)
  })

  it('is believed without asking where the directory is as it was left', () => {
    const state = new ImportState(saved())
    expect([state.describes('directory-1'), state.describes('directory-2')]).toEqual([true, false])
    expect(state.trust()).toMatchObject(NOW)
    expect(state.marks.size).toBe(1)
  })

  it.each(['', '{', '{"version":2}', '[]', 'null'])('is nothing where its file holds %j', (content) => {
    const path = saved()
    writeFileSync(path, content)
    expect(read(path).marks.size).toBe(0)
  })

  it('keeps names out of a file that was cut', () => {
    const path = saved()
    writeFileSync(path.replace('.json', '.names'), Buffer.alloc(35))
    expect(read(path).known.size).toBe(0)
  })
})
