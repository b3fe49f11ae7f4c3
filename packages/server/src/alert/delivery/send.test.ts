import { createHmac } from 'node:crypto'
import { systemClock } from '@tallystick/core/event'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Firing } from '../../state/alert.ts'
import { type Received, type Receiver, startReceiver } from '../testing/receiver.ts'
import type { Message } from './message.ts'
import { createSender } from './send.ts'

const FIRING: Firing = {
  id: 'f-1',
  key: ['r-1'],
  ruleId: 'r-1',
  kind: 'provider_down',
  severity: 'critical',
  title: 'Provider <!channel> & co: 100 % of requests failed within 5 min',
  facts: { provider: '<!channel> & co', failed_requests: 5, earlier: null },
  firedMs: 1_795_262_400_000,
  resolvedMs: 1_795_262_500_000,
}
const MESSAGE: Message = {
  id: 'm-1',
  type: 'alert.fired',
  firing: FIRING,
  ruleName: 'Any provider',
  url: 'http://127.0.0.1:8088',
}

let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

describe('a webhook', () => {
  const secret = 'a secret of some length'

  test('receives JSON, and a signature over the seconds and the body as sent', async () => {
    const sender = createSender({ allowedHosts: ['127.0.0.1'] }, systemClock)
    expect(await sender.send({ kind: 'webhook', url: receiver.url, secret }, MESSAGE)).toMatchObject({ ok: true })
    const { headers, body } = receiver.received[0] as Received
    expect(JSON.parse(body)).toEqual({
      id: 'm-1',
      type: 'alert.fired',
      alert: {
        id: 'f-1',
        kind: 'provider_down',
        severity: 'critical',
        title: FIRING.title,
        facts: FIRING.facts,
        fired_ms: FIRING.firedMs,
        resolved_ms: null,
        rule: { id: 'r-1', name: 'Any provider' },
      },
      url: 'http://127.0.0.1:8088',
    })
    const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['tallystick-signature'])) ?? []
    expect(Math.abs(Number(seconds) * 1000 - systemClock.now())).toBeLessThan(60_000)
    expect(mac).toBe(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'))
    expect(body).not.toContain(secret)
  })

  test('without a secret is not signed; a repeat is the same in every byte', async () => {
    const sender = createSender({ allowedHosts: ['127.0.0.1'] }, systemClock)
    for (let time = 0; time < 2; time++) await sender.send({ kind: 'webhook', url: receiver.url }, MESSAGE)
    const [first, second] = receiver.received
    expect(first?.body).toBe(second?.body)
    expect(first?.headers).not.toHaveProperty('tallystick-signature')
  })

  test('that does not answer is cut off when the sender is closed', async () => {
    let asked = (): void => undefined
    const reached = new Promise<void>((resolve) => {
      asked = resolve
    })
    receiver.answer = () => asked()
    const sender = createSender({ allowedHosts: ['127.0.0.1'] }, systemClock)
    const sending = sender.send({ kind: 'webhook', url: receiver.url }, MESSAGE)
    await reached
    sender.close()
    expect(await sending).toEqual({ ok: false, detail: 'the server stopped' })
  })

  test('is told when it is over', async () => {
    const sender = createSender({ allowedHosts: ['127.0.0.1'] }, systemClock)
    await sender.send({ kind: 'webhook', url: receiver.url }, { ...MESSAGE, type: 'alert.resolved' })
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      type: 'alert.resolved',
      alert: { resolved_ms: FIRING.resolvedMs },
    })
  })
})

test('Slack receives text in which no name is markup (R-5: template injection)', async () => {
  const sender = createSender({ allowedHosts: ['127.0.0.1'] }, systemClock)
  expect(await sender.send({ kind: 'slack', url: receiver.url }, MESSAGE)).toMatchObject({ ok: true })
  const body = receiver.received[0]?.body ?? ''
  expect(body).not.toMatch(/[<>]/)
  expect(JSON.parse(body)).toMatchObject({
    text: '[critical] Provider &lt;!channel&gt; &amp; co: 100 % of requests failed within 5 min',
    attachments: [
      {
        title_link: 'http://127.0.0.1:8088',
        fields: [
          { title: 'provider', value: '&lt;!channel&gt; &amp; co' },
          { title: 'failed_requests', value: '5' },
          { title: 'earlier', value: 'unknown' },
        ],
      },
    ],
  })
})

describe('mail', () => {
  interface Mail {
    readonly to: readonly string[]
    readonly text: string
  }
  const mails: Mail[] = []
  let server: SMTPServer
  let port = 0
  beforeEach(async () => {
    mails.length = 0
    server = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        username === 'tally' && password === 'CANARY-password'
          ? done(null, { user: username })
          : done(new Error('no, not with CANARY-password')),
      onData(stream, session, done) {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          mails.push({
            to: session.envelope.rcptTo.map(({ address }) => address),
            text: Buffer.concat(chunks).toString(),
          })
          done()
        })
      },
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.server.address() as { port: number }).port
  })
  afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())))

  test('goes out by SMTP, under an id that a repeat shares', async () => {
    const sender = createSender(
      { smtpUrl: `smtp://tally:CANARY-password@127.0.0.1:${port}`, mailFrom: 'tally@example.com' },
      systemClock,
    )
    const target = { kind: 'mail', to: 'ops@example.com' } as const
    expect(await sender.send(target, MESSAGE)).toEqual({ ok: true, detail: 'taken by the mail server' })
    expect(mails).toHaveLength(1)
    expect(mails[0]?.to).toEqual(['ops@example.com'])
    expect(mails[0]?.text).toMatch(/^From: tally@example\.com\r\nTo: ops@example\.com\r\n/m)
    expect(mails[0]?.text).toContain('Message-ID: <m-1@tallystick>')
    expect(mails[0]?.text).toContain('failed_requests: 5')
    expect(mails[0]?.text).toContain('dashboard: http://127.0.0.1:8088')
    sender.close()
  })

  test('a name with line ends adds no header', async () => {
    const sender = createSender({ smtpUrl: `smtp://tally:CANARY-password@127.0.0.1:${port}` }, systemClock)
    const title = 'x\r\nBcc: everybody@example.com\r\n\r\nbody'
    await sender.send({ kind: 'mail', to: 'ops@example.com' }, { ...MESSAGE, firing: { ...FIRING, title } })
    expect(mails[0]?.to).toEqual(['ops@example.com'])
    const head = mails[0]?.text.split('\r\n\r\n')[0] ?? ''
    expect(head).not.toMatch(/^Bcc:/m)
    sender.close()
  })

  test('a failure names codes and no credentials (S-1)', async () => {
    const sender = createSender({ smtpUrl: `smtp://other:CANARY-password@127.0.0.1:${port}` }, systemClock)
    const outcome = await sender.send({ kind: 'mail', to: 'ops@example.com' }, MESSAGE)
    expect(outcome).toEqual({ ok: false, detail: 'the mail server: EAUTH 535' })
    sender.close()
  })

  test('without a mail server says what to configure', async () => {
    const sender = createSender({}, systemClock)
    expect(sender.mails).toBe(false)
    expect(await sender.send({ kind: 'mail', to: 'a@b' }, MESSAGE)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('alerts.smtp_url'),
    })
  })
})
