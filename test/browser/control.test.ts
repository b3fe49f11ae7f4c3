import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'

/** The pages where people tell the server something, in a real browser over a real server. */

const at = stage(() => ({ alerts: { allowedHosts: ['127.0.0.1'] } }))
const { visit, post } = at

const spend = (id: string, agent: string, usd: number): object => ({
  event_id: id,
  timestamp_ms: Date.now() - 1_000,
  provider: 'openai',
  model: 'gpt-4o',
  input_tokens: 10,
  output_tokens: 10,
  agent_id: agent,
  cost_nano_usd: usd * 1_000_000_000,
})

describe('budgets', () => {
  test('are made, show what is spent, are reset and deleted', async () => {
    await post('/api/v1/events', [spend('a', 'agent_7', 21), spend('b', 'agent_8', 3)])
    const watched = await visit('/budgets')
    const { page, faults } = watched
    await page.getByText('No budgets yet.').waitFor()
    await page.getByText('New budget').click()
    await page.getByLabel('Name').fill('Agent seven')
    await page.getByLabel('Whose spend').selectOption('agent_id')
    await page.getByLabel('Which one').fill('7')
    await page.getByLabel('Amount').fill('twenty')
    await page.getByRole('button', { name: 'Make budget' }).click()
    await page.getByRole('alert').getByText('amount').first().waitFor()
    await page.getByLabel('Amount').fill('25.00')
    await page.getByRole('button', { name: 'Make budget' }).click()
    const row = page.locator('[data-budget]')
    await row.getByText('Agent seven').waitFor()
    await expect
      .poll(() => row.textContent())
      .toMatch(/84 %[\s\S]*high[\s\S]*\$21\.00[\s\S]*\$4\.00[\s\S]*\$25\.00[\s\S]*agent_7/)
    await page.screenshot({ path: join(SCREENSHOTS, 'budgets-light.png') })

    await row.getByRole('button', { name: 'Reset Agent seven' }).click()
    await row.getByRole('button', { name: 'Really reset Agent seven' }).click()
    await expect.poll(() => row.textContent()).toMatch(/0\.0 %/)
    await row.getByRole('button', { name: 'Delete Agent seven' }).click()
    await row.getByRole('button', { name: 'Really delete Agent seven' }).click()
    await page.getByText('No budgets yet.').waitFor()
    // The refusal of "twenty" is the one that was meant to be.
    expect(faults.filter((fault) => !fault.includes('400'))).toEqual([])
  })

  test('fit a phone, in the dark', async () => {
    for (const [name, percent] of [
      ['Search', 12],
      ['Support', 96],
      ['Everything', 100],
    ] as const)
      await post('/api/v1/budgets', {
        name,
        amount_usd: '100',
        mode: 'soft',
        subject: { dimension: 'agent_id', value: name.toLowerCase() },
      }).then(() => post('/api/v1/events', [spend(name, name.toLowerCase(), percent)]))
    const watched = await visit('/budgets', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    await watched.page.getByText('exhausted').waitFor()
    await watched.page.screenshot({ path: join(SCREENSHOTS, 'budgets-phone-dark.png') })
    expect(await overflow(watched)).toBe(0)
    expect(watched.faults).toEqual([])
  })
})

describe('alerts', () => {
  test('a rule is made and tried out: a real webhook takes the signed test', async () => {
    const got: { signature: string; body: string }[] = []
    const hook = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      got.push({ signature: String(request.headers['tallystick-signature']), body })
      response.end()
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    try {
      const watched = await visit('/alerts')
      const { page, faults } = watched
      await page.getByText('New rule').click()
      await page.getByLabel('Watches').selectOption('spend_rate')
      await page.getByLabel('Tells').selectOption('webhook')
      await page.getByLabel('URL').fill(`http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`)
      await page.getByLabel('Signing secret').fill('a secret of many letters')
      await page.getByRole('button', { name: 'Make rule' }).click()
      const row = page.locator('[data-rule]')
      await row.getByText('Spend rate').waitFor()
      expect(await row.textContent()).toContain('over $100')
      await row.getByRole('button', { name: 'Test Spend rate' }).click()
      await page.getByText('Spend rate: 1 of 1 took the test.').waitFor()
      const [{ signature = '', body = '' } = {}] = got
      const [, seconds, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? []
      expect(v1).toBe(createHmac('sha256', 'a secret of many letters').update(`${seconds}.${body}`).digest('hex'))

      await post('/api/v1/budgets', {
        name: 'Agent seven',
        amount_usd: '10',
        subject: { dimension: 'agent_id', value: 'agent_7' },
      })
      await post('/api/v1/alerts/rules', { kind: 'budget' })
      await post('/api/v1/events', [spend('a', 'agent_7', 9.6)])
      await page.reload()
      await page.locator('[data-firing]').first().waitFor()
      await page.screenshot({ path: join(SCREENSHOTS, 'alerts-light.png') })
      expect(faults).toEqual([])
    } finally {
      hook.close()
    }
  })
})

describe('keys', () => {
  test('the first closes the server; it is shown once, opens a session, and ends what it opened', async () => {
    const watched = await visit('/keys')
    const { page } = watched
    await page.getByText('No keys.').waitFor()
    await page.getByText('New key').click()
    await page.getByLabel('Name').fill('Ada')
    await page.getByLabel('Change things').check()
    await page.getByLabel('Send events').uncheck()
    await page.getByRole('button', { name: 'Make key' }).click()
    const secret = (await page.locator('[data-secret]').textContent()) ?? ''
    expect(secret).toMatch(/^tsk_/)
    await page.locator('[data-key]').getByText('not in 30 days').waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, 'keys-light.png') })
    const row = page.locator('[data-key]')
    await row.getByText('Ada').waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('API key').fill(secret)
    await page.keyboard.press('Enter')
    await row.getByText('Ada').waitFor()
    expect(await page.content()).not.toContain(secret)
    await row.getByRole('button', { name: 'Revoke Ada' }).click()
    await row.getByRole('button', { name: 'Really revoke Ada' }).click()
    await page.getByLabel('API key').waitFor()
  })
})
