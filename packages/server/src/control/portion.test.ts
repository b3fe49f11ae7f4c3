import { describe, expect, it } from 'vitest'
import { openMemoryState } from '../state/memory.ts'
import type { Change, ControlState } from '../state/state.ts'
import { createControlFeed } from './feed.ts'
import { type Portion, portionLines, readPortion } from './portion.ts'

const tenant = (id: string, name = id): Change => ({ table: 'tenants', id, row: { id, name, createdMs: 1 } })
const removed = (id: string): Change => ({ table: 'tenants', id, row: undefined })

async function* inPieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
}

async function textOf(portion: Portion): Promise<string> {
  let text = ''
  for await (const lines of portionLines(portion)) text += lines
  return text
}

describe('a portion of the control state', () => {
  const portion: Portion = { whole: false, position: 'a.3', changes: [tenant('t'), removed('u')] }

  it('comes over as it was sent, however it is cut into pieces', async () => {
    const text = await textOf(portion)
    for (const size of [1, 7, text.length]) expect(await readPortion(inPieces(text, size))).toEqual(portion)
  })

  it('is refused when it breaks off anywhere', async () => {
    const text = await textOf(portion)
    for (let end = 0; end < text.length; end++)
      await expect(readPortion(inPieces(text.slice(0, end), 16)), text.slice(0, end)).rejects.toMatchObject({
        code: 'bad_answer',
      })
  })

  it.each([
    ['a table that is not copied', { table: 'rules', id: 'r', row: {} }],
    ['a row that is none', { table: 'tenants', id: 't', row: 'x' }],
    ['no id', { table: 'tenants', row: {} }],
  ])('is refused with %s', async (_, line) => {
    const text = `${JSON.stringify({ position: 'a.1', whole: true })}\n${JSON.stringify(line)}\n{"end":1}\n`
    await expect(readPortion(inPieces(text, text.length))).rejects.toMatchObject({ code: 'bad_answer' })
  })
})

describe('the feed of the control state', () => {
  let lives = 0
  let ms = 0
  const feedOf = (state: ControlState, mostWrites = 100) =>
    createControlFeed({ state, monotonic: () => ms, mintId: () => `life${++lives}`, mostWrites })

  it('gives everything first, and from its position on what has changed', async () => {
    const state = openMemoryState()
    await state.write([tenant('t')])
    const feed = feedOf(state)
    const first = await feed.after(undefined, 0)
    expect(first).toMatchObject({ whole: true, changes: [tenant('t')] })
    await state.write([tenant('u'), { table: 'audit', id: '1', row: { id: '1', atMs: 1, actor: 'a', action: 'b' } }])
    await state.write([removed('t')])
    const second = await feed.after(first.position, 0)
    expect(second).toMatchObject({ whole: false, changes: [tenant('u'), removed('t')] })
    expect(await feed.after(second.position, 0)).toEqual({ whole: false, position: second.position, changes: [] })
  })

  it('answers whoever waits as soon as something changes, and when it is closed', async () => {
    const state = openMemoryState()
    const feed = feedOf(state)
    const { position } = await feed.after(undefined, 0)
    const waits = feed.after(position, 60_000)
    await state.write([tenant('t')])
    expect((await waits).changes).toEqual([tenant('t')])
    const still = feed.after((await waits).position, 60_000)
    feed.close()
    expect((await still).changes).toEqual([])
  })

  it.each(['other.0', 'life.7', 'x', ''])(
    'gives everything to whoever comes with the position %j',
    async (position) => {
      const state = openMemoryState()
      await state.write([tenant('t')])
      const feed = feedOf(state)
      await feed.after(undefined, 0)
      expect(await feed.after(position, 0)).toMatchObject({ whole: true, changes: [tenant('t')] })
    },
  )

  it('gives everything to whoever is further behind than it remembers', async () => {
    const state = openMemoryState()
    const feed = feedOf(state, 4)
    const { position } = await feed.after(undefined, 0)
    for (let write = 0; write < 5; write++) await state.write([tenant(`t${write}`)])
    const late = await feed.after(position, 0)
    expect(late.whole).toBe(true)
    expect(late.changes).toHaveLength(5)
    await state.write([removed('t0')])
    expect(await feed.after(late.position, 0)).toMatchObject({ whole: false, changes: [removed('t0')] })
  })

  it('remembers nothing when nobody has asked for minutes', async () => {
    const state = openMemoryState()
    const feed = feedOf(state)
    expect(feed.position()).toBeUndefined()
    const { position } = await feed.after(undefined, 0)
    expect(feed.followed()).toBe(true)
    ms += 5 * 60_000 + 1
    await state.write([tenant('t')])
    expect(feed.position()).toBeUndefined()
    expect(feed.followed()).toBe(false)
    expect((await feed.after(position, 0)).whole).toBe(true)
  })
})
