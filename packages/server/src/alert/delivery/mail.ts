import type { Transporter } from 'nodemailer'
import { headline, type Message } from './message.ts'
import type { Outcome } from './outcome.ts'

export interface MailOptions {
  /** `smtp://user:password@host:port` or `smtps://`; secret. */
  readonly smtpUrl: string
  readonly from: string
  readonly timeoutMs: number
}

/** One mail, whatever it is about. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  /** Of a mail that is sent again the same: mail programs show one. */
  readonly id: string
  readonly attachments?: readonly {
    readonly filename: string
    readonly contentType: string
    readonly content: Uint8Array
  }[]
}

export interface Mailer {
  send(mail: Mail): Promise<Outcome>
  close(): void
}

const NOT_INSTALLED = 'mail needs the package nodemailer beside tallystick: npm install nodemailer'

/** Sends mail by SMTP, with a package that need not be installed. */
export function createMailer({ smtpUrl, from, timeoutMs }: MailOptions): Mailer {
  let transport: Promise<Transporter | undefined> | undefined
  const open = async (): Promise<Transporter | undefined> => {
    const mailer = await import('nodemailer').catch(() => undefined)
    return mailer?.createTransport(
      { url: smtpUrl, connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
      { from, disableFileAccess: true, disableUrlAccess: true },
    )
  }
  return {
    async send({ to, subject, text, id, attachments = [] }) {
      try {
        transport ??= open()
        const opened = await transport
        if (opened === undefined) {
          transport = undefined
          return { ok: false, detail: NOT_INSTALLED }
        }
        await opened.sendMail({
          to,
          subject,
          text,
          messageId: `<${id}@tallystick>`,
          attachments: attachments.map(({ content, ...named }) => ({ ...named, content: Buffer.from(content) })),
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
        return { ok: true, detail: 'taken by the mail server' }
      } catch (error) {
        return { ok: false, detail: failureText(error) }
      }
    },
    close() {
      void transport?.then((opened) => opened?.close())
    },
  }
}

/** What an alert says as a mail. */
export function alertMail(to: string, message: Message): Mail {
  return { to, subject: headline(message), text: mailText(message), id: message.id }
}

function mailText(message: Message): string {
  const { id, firing, ruleName, url } = message
  return [
    headline(message),
    '',
    ...Object.entries(firing.facts).map(([name, value]) => `${name}: ${value ?? 'unknown'}`),
    '',
    `rule: ${ruleName}`,
    `since: ${new Date(firing.firedMs).toISOString()}`,
    ...(url === undefined ? [] : [`dashboard: ${url}`]),
    `message: ${id}`,
    '',
  ].join('\n')
}

/** Codes only: what servers write back may repeat the credentials. */
function failureText(error: unknown): string {
  const { code, responseCode } = error as { code?: string; responseCode?: number }
  return `the mail server: ${[code, responseCode].filter((part) => part !== undefined).join(' ') || 'failed'}`
}
