import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTallystick, type Tallystick } from '../../open.ts'
import { run } from '../testing/run.ts'

let data: string
let tallystick: Tallystick
let server: string
let sent = 0

async function send(model: string, more: object = {}): Promise<void> {
  sent++
  const item = {
    event_id: `e${sent}`,
    timestamp_ms: Date.now() - 1000 + sent,
    model,
    agent_id: 'someone',
    status_code: 200,
    duration_ms: 1_234,
    input_tokens: 1_500,
    output_tokens: 20,
    ...more,
  }
  await tallystick.ingest.submit({ items: [item], door: 'native' })
}

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'tallystick-live-'))
  tallystick = await openTallystick({ dataDir: data })
  server = (await tallystick.listen()).url
  await send('gpt-4o')
  await send('claude-sonnet-4-5', { success: false, status_code: 529 })
  await send('evil\u001b[2J')
})
afterAll(async () => {
  await tallystick.close()
  rmSync(data, { recursive: true })
})

const plainTimes = (text: string): string => text.replace(/^\d\d:\d\d:\d\d/gm, 'hh:mm:ss')

describe('tail', () => {
  it('prints the last requests, the newest last, with what each came to', async () => {
    const { code, out } = await run(['tail', '--once', '--server', server, '--timezone', 'UTC'])
    expect(code).toBe(0)
    expect(plainTimes(out)).toMatchInlineSnapshot(`
      "hh:mm:ss  gpt-4o                            200       1.2 s      1,500 in        20 out     <$0.01  someone
      hh:mm:ss  claude-sonnet-4-5                 529       1.2 s      1,500 in        20 out     <$0.01  someone
      hh:mm:ss  evil?[2J                          200       1.2 s      1,500 in        20 out   unpriced  someone
      "
    `)
  })

  it('goes on with what comes in, each once, until one leaves', async () => {
    const later = setTimeout(() => void send('o3'), 300)
    const { code, out } = await run(['tail', '--server', server, '--json', '-n', '1'], {
      leaveWhen: (text) => text.includes('"o3"'),
    })
    clearTimeout(later)
    expect(code).toBe(0)
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).request_model),
    ).toEqual(['evil\u001b[2J', 'o3'])
  })

  it('shows only what passes its filters', async () => {
    const { out } = await run(['tail', '--once', '--server', server, '--json', '--filter', 'success=false'])
    expect(out.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(out)).toMatchObject({ request_model: 'claude-sonnet-4-5' })
  })
})

describe('top', () => {
  it('prints who spends, once where there is no terminal', async () => {
    const { code, out, err } = await run(['top', '--server', server])
    expect({ code, err }).toEqual({ code: 0, err: 'This is no terminal, so it is printed once.\n' })
    expect(out).toContain('claude-sonnet-4-5')
    expect(out).toMatch(/requests · 1 failed · [\d,]+ tokens\/min · \$0\.\d\d \(/)
    expect(out).not.toContain('\u001b')
  })

  it('takes the screen, obeys keys, and gives it back', async () => {
    let press = (_: string): void => undefined
    let open = false
    const keys = ['a', 'h', 'h', 'q']
    const { code, out } = await run(['top', '--server', server], {
      screen: {
        size: () => ({ columns: 60, rows: 12 }),
        open(onKey) {
          press = onKey
          open = true
          return () => {
            open = false
          }
        },
      },
      leaveWhen: () => {
        const key = keys.shift()
        if (key !== undefined) setTimeout(() => press(key), 5)
        return false
      },
    })
    expect({ code, open, keys }).toEqual({ code: 0, open: false, keys: [] })
    const frames = out.split('\u001b[H')
    expect(frames[1]).toContain('gpt-4o')
    expect(frames[2]).toContain('someone')
    expect(frames[3]).toContain('hold still')
    expect(frames[4]).toContain('someone')
    for (const frame of frames.slice(1)) expect(frame.split('\n').length).toBeLessThanOrEqual(12)
  })

  it('tells the same as JSON', async () => {
    const answer = JSON.parse((await run(['top', '--server', server, '--json', '--by', 'agent_id'])).out)
    expect(answer).toMatchObject({ report: 'top', by: 'agent_id', rows: [{ agent_id: 'someone' }] })
    expect(answer.rows[0].requests).toBe(answer.totals.requests)
  })
})

describe('doctor', () => {
  const findings = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const ran = await run(['doctor', '--json', ...args], { env, cwd: data })
    const { ok, findings: all } = JSON.parse(ran.out)
    return {
      code: ran.code,
      ok,
      states: Object.fromEntries(all.map((one: { name: string; state: string }) => [one.name, one.state])),
      all,
    }
  }

  it('finds nothing to mend but prices where all is well', async () => {
    const { code, ok, states } = await findings(['--server', server])
    expect({ code, ok }).toEqual({ code: 0, ok: true })
    expect(states).toEqual({
      Node: 'ok',
      configuration: 'ok',
      server: 'ok',
      readiness: 'ok',
      store: 'ok',
      conservation: 'ok',
      prices: 'warn',
    })
  })

  it('names the models that have no price, and says what to do', async () => {
    const { out } = await run(['doctor', '--server', server])
    expect(out).toContain('warn  prices')
    expect(out).toContain('Give the models prices in a file')
  })

  it('fails where no server answers, where the configuration is wrong, and where the directory is none', async () => {
    expect(await findings(['--server', 'http://127.0.0.1:9'])).toMatchObject({ code: 1, states: { server: 'fail' } })
    expect(await findings([], { TALLYSTICK_PORT: 'x' })).toMatchObject({ code: 1, states: { configuration: 'fail' } })
    expect(await findings(['--data', '/dev/null'])).toMatchObject({ code: 1, states: { 'data directory': 'fail' } })
  })

  it('only warns of a directory that is yet to be made', async () => {
    const { code, all } = await findings(['--data', join(data, 'none')])
    expect(code).toBe(0)
    expect(all.at(-1)).toMatchObject({ name: 'data directory', state: 'warn' })
  })
})
