import { existsSync } from 'node:fs'
import { fold, parseQuery } from '@tallystick/core/query'
import { expect, test } from 'vitest'
import { count, countExact, money, moneyExact, toExact } from '../../packages/dashboard/src/lib/format.ts'
import { AZURE, tallystick } from '../e2e/cli.ts'
import { stage } from './testing/stage.ts'

/** A public trace, imported as a person imports it: the page, the API and the fold say the same. */

const FROM = Date.UTC(2023, 10, 16)
const TO = FROM + 86_400_000
const ROWS = 8_819
const MEASURES = [
  'requests',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cost_nano_usd',
  'input_tokens_p50',
  'output_tokens_p50',
  'input_tokens_p99',
]

const at = stage()

test.skipIf(!existsSync(AZURE))(
  'the figures of the Azure trace are those of the fold, to the last digit',
  async () => {
    const ran = await tallystick([
      ...[
        'import',
        'csv',
        AZURE,
        '--map',
        'timestamp=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens',
      ],
      ...['--set', 'provider=openai,model=gpt-4o', '--server', at.address, '--json'],
    ])
    expect(JSON.parse(ran.out), ran.err).toMatchObject({ accepted: ROWS, rejected: 0 })

    const body = { from: FROM, to: TO, measures: MEASURES }
    const { rows } = await at.post<{ rows: readonly object[] }>('/api/v1/query?consistency=applied', body)
    const scanned = await at.tallystick.store.scan({ fromMs: FROM, toMs: TO, filters: [], limit: 10_000 })
    const events = scanned.events.map(({ event }) => event)
    expect(events).toHaveLength(ROWS)
    const [folded = {}] = fold(parseQuery(body, { nowMs: TO }), events).rows
    expect(rows[0]).toEqual(folded)

    const { page, faults, settled } = await at.visit(`/?from=${FROM}&to=${TO}&zone=UTC`)
    await settled()
    const exact = (name: string) => toExact(folded[name])
    const told = async (name: string): Promise<string> => {
      const figure = page.locator(`[data-figure="${name}"]`)
      await figure.waitFor()
      return figure.evaluate((element) => element.firstChild?.textContent ?? '')
    }
    expect(await told('requests')).toBe(count(exact('requests')))
    expect(await told('total_tokens')).toBe(count(exact('total_tokens')))
    expect(await told('cost_nano_usd')).toBe(money(exact('cost_nano_usd')))
    expect(await page.locator('[data-figure="cost_nano_usd"]').getAttribute('title')).toContain(
      moneyExact(exact('cost_nano_usd')),
    )
    const cells = (quantity: string): Promise<string[]> =>
      page.locator(`[data-quantity="${quantity}"] td`).allTextContents()
    for (const quantity of ['input_tokens', 'output_tokens']) {
      const [, total, , median] = await cells(quantity)
      expect([total, median]).toEqual([countExact(exact(quantity)), countExact(exact(`${quantity}_p50`))])
    }
    expect((await cells('cost_nano_usd'))[1]).toBe(moneyExact(exact('cost_nano_usd')))
    expect(faults).toEqual([])
  },
  60_000,
)
