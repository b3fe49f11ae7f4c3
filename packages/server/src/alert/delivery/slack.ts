import type { AlertTarget, Firing } from '../../state/alert.ts'
import { headline, type Message } from './message.ts'
import type { Outcome } from './outcome.ts'
import type { Post } from './post.ts'

type Slack = Extract<AlertTarget, { kind: 'slack' }>

const COLORS: Readonly<Record<Firing['severity'], string>> = {
  info: '#4a7fb5',
  warning: '#d9a300',
  critical: '#c0392b',
}
const RESOLVED = '#2e8b57'

/** What Slack and those that read its format (Mattermost, Rocket.Chat, Discord) take. */
export function sendSlack(post: Post, { url }: Slack, message: Message): Promise<Outcome> {
  return post(url, {}, JSON.stringify(slackJson(message)))
}

export function slackJson(message: Message): object {
  const { id, firing, ruleName, type, url } = message
  return {
    text: escaped(headline(message)),
    attachments: [
      {
        color: type === 'alert.resolved' ? RESOLVED : COLORS[firing.severity],
        fallback: escaped(headline(message)),
        // Names of models and agents are no markup.
        mrkdwn_in: [],
        ...(url === undefined ? {} : { title: 'Tallystick', title_link: url }),
        fields: Object.entries(firing.facts).map(([title, value]) => ({
          title: escaped(title),
          value: escaped(String(value ?? 'unknown')),
          short: true,
        })),
        footer: escaped(`${ruleName} · ${id}`),
        ts: Math.floor(firing.firedMs / 1000),
      },
    ],
  }
}

/**
 * Slack's three control characters; without them no text can name a link, a channel or a person.
 *
 * @source https://docs.slack.dev/messaging/formatting-message-text (retrieved 2026-11-21)
 */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
