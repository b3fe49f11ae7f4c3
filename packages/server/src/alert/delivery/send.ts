import type { LookupFunction } from 'node:net'
import type { Clock } from '@tallystick/core/event'
import type { AlertTarget } from '../../state/alert.ts'
import { type HostPolicy, hostPolicy } from './hosts.ts'
import { alertMail, createMailer, type Mail, type Mailer } from './mail.ts'
import { type Message, messageJson } from './message.ts'
import type { Outcome } from './outcome.ts'
import { createPost } from './post.ts'
import { sendSlack } from './slack.ts'
import { sendWebhook } from './webhook.ts'

/** One attempt may take this long, connecting included. */
const TIMEOUT_MS = 10_000

/** How messages go out, as configured. */
export interface SendOptions {
  /** Hosts that webhooks may go to; with none, whatever is public. */
  readonly allowedHosts?: readonly string[]
  /** Without it there is no mail. */
  readonly smtpUrl?: string
  readonly mailFrom?: string
  /** Resolves names; the system's resolver when absent. */
  readonly lookup?: LookupFunction
  readonly timeoutMs?: number
}

export interface Sender {
  /** One attempt. Never rejects. */
  send(target: AlertTarget, message: Message): Promise<Outcome>
  /** One attempt to post JSON, signed where there is a secret. Never rejects. */
  postJson(target: Extract<AlertTarget, { kind: 'webhook' }>, body: object): Promise<Outcome>
  /** One attempt. Never rejects. */
  mail(mail: Mail): Promise<Outcome>
  readonly hosts: HostPolicy
  /** Can mail be sent at all? */
  readonly mails: boolean
  /** Cuts off what is being posted. */
  close(): void
}

export function createSender(options: SendOptions, clock: Clock): Sender {
  const { allowedHosts = [], smtpUrl, mailFrom = 'tallystick@localhost', lookup, timeoutMs = TIMEOUT_MS } = options
  const hosts = hostPolicy(allowedHosts)
  const stop = new AbortController()
  const post = createPost({ hosts, clock, timeoutMs, stop: stop.signal, ...(lookup === undefined ? {} : { lookup }) })
  const mailer: Mailer | undefined =
    smtpUrl === undefined ? undefined : createMailer({ smtpUrl, from: mailFrom, timeoutMs })
  const mail = async (letter: Mail): Promise<Outcome> =>
    mailer?.send(letter) ?? { ok: false, detail: 'mail needs alerts.smtp_url' }
  const once = async (target: AlertTarget, message: Message): Promise<Outcome> => {
    if (target.kind === 'webhook') return sendWebhook(post, clock, target, messageJson(message))
    if (target.kind === 'slack') return sendSlack(post, target, message)
    return mail(alertMail(target.to, message))
  }
  // The texts of errors of libraries may hold addresses and credentials.
  const unexpected = (): Outcome => ({ ok: false, detail: 'failed unexpectedly' })
  return {
    hosts,
    mails: mailer !== undefined,
    send: (target, message) => once(target, message).catch(unexpected),
    postJson: (target, body) => sendWebhook(post, clock, target, body).catch(unexpected),
    mail: (letter) => mail(letter).catch(unexpected),
    close() {
      stop.abort()
      mailer?.close()
    },
  }
}
