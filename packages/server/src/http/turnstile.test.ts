import { describe, expect, it } from 'vitest'
import { createTurnstile } from './turnstile.ts'

interface Job {
  readonly done: Promise<string>
  started: boolean
  finish(): void
}

const never = new AbortController().signal

function job(turnstile: ReturnType<typeof createTurnstile>, name: string, signal = never): Job {
  let finish: () => void = () => undefined
  const blocked = new Promise<void>((resolve) => {
    finish = resolve
  })
  const handle: Job = {
    started: false,
    finish,
    done: turnstile.run(async () => {
      handle.started = true
      await blocked
      return name
    }, signal),
  }
  return handle
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the turnstile', () => {
  it('runs a few at once and the others in order', async () => {
    const turnstile = createTurnstile(2, 10)
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => job(turnstile, name)) as [Job, Job, Job, Job]
    await settle()
    expect([a, b, c, d].map(({ started }) => started)).toEqual([true, true, false, false])
    b.finish()
    expect(await b.done).toBe('b')
    await settle()
    expect([c, d].map(({ started }) => started)).toEqual([true, false])
    for (const each of [a, c, d]) each.finish()
    expect(await d.done).toBe('d')
  })

  it('refuses when too many wait', async () => {
    const turnstile = createTurnstile(1, 1)
    const a = job(turnstile, 'a')
    const b = job(turnstile, 'b')
    await expect(job(turnstile, 'c').done).rejects.toMatchObject({ code: 'overloaded' })
    a.finish()
    b.finish()
    expect(await b.done).toBe('b')
  })

  it('forgets who leaves while waiting, and lets the next one in', async () => {
    const turnstile = createTurnstile(1, 10)
    const gone = new AbortController()
    const a = job(turnstile, 'a')
    const b = job(turnstile, 'b', gone.signal)
    const c = job(turnstile, 'c')
    await settle()
    gone.abort()
    await expect(b.done).rejects.toMatchObject({ code: 'query_cancelled' })
    a.finish()
    c.finish()
    expect(await c.done).toBe('c')
    expect(b.started).toBe(false)
  })

  it('frees the place of a job that fails', async () => {
    const turnstile = createTurnstile(1, 1)
    await expect(turnstile.run(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no')
    expect(await turnstile.run(async () => 1, never)).toBe(1)
  })

  it('does not start for who has already left', async () => {
    const turnstile = createTurnstile(1, 1)
    await expect(turnstile.run(async () => 1, AbortSignal.abort())).rejects.toMatchObject({ code: 'query_cancelled' })
    expect(await turnstile.run(async () => 2, never)).toBe(2)
  })
})
