import type { Clock } from '@tallystick/core/event'
import type { AlertTarget } from '../../state/alert.ts'
import type { Outcome } from './outcome.ts'
import type { Post } from './post.ts'
import { SIGNATURE_HEADER, signature } from './signature.ts'

type Webhook = Extract<AlertTarget, { kind: 'webhook' }>

/** JSON, signed where the target has a secret. */
export function sendWebhook(post: Post, clock: Clock, { url, secret }: Webhook, message: object): Promise<Outcome> {
  const body = JSON.stringify(message)
  const seconds = Math.floor(clock.now() / 1000)
  return post(url, secret === undefined ? {} : { [SIGNATURE_HEADER]: signature(secret, seconds, body) }, body)
}
