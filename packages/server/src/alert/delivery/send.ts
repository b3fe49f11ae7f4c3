import type { LookupFunction } from 'node:net'
import type { Clock } from '@tallystick/core/event'
import type { AlertTarget } from '../../state/alert.ts'
import { type HostPolicy, hostPolicy } from './hosts.ts'
import { createMailer, type Mailer } from './mail.ts'
import type { Message } from './message.ts'
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
  const once = async (target: AlertTarget, message: Message): Promise<Outcome> => {
    if (target.kind === 'webhook') return sendWebhook(post, clock, target, message)
    if (target.kind === 'slack') return sendSlack(post, target, message)
    return mailer?.send(target, message) ?? { ok: false, detail: 'mail needs alerts.smtp_url' }
  }
  return {
    hosts,
    mails: mailer !== undefined,
    send: (target, message) =>
      // The texts of errors of libraries may hold addresses and credentials.
      once(target, message).catch((): Outcome => ({ ok: false, detail: 'failed unexpectedly' })),
    close() {
      stop.abort()
      mailer?.close()
    },
  }
}
