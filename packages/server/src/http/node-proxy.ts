import type { IncomingMessage, ServerResponse } from 'node:http'
import { TallystickError } from '@tallystick/core'
import type { Evidence } from '../identity/auth-method.ts'
import { assertScope } from '../identity/authenticator.ts'
import type { Principal } from '../identity/principal.ts'
import { CREDENTIALS, isOurs, keyIn } from '../proxy/headers.ts'
import type { CaptureProxy } from '../proxy/proxy.ts'
import type { AppContext } from './app-context.ts'
import type { Guard } from './guard.ts'
import { senderOf } from './sender.ts'

/** The capture proxy behind the checks of every route: whose host it is asked for, from which page, and by whom. */
export function createNodeProxy(
  app: AppContext,
  proxy: CaptureProxy,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { guard, identity, clientAddress, clock } = app
  return async (request, response) => {
    try {
      assertMeant(request, guard)
      if (app.stopping()) throw new TallystickError('shutting_down')
      const found = identity.authenticate(evidenceOf(request, clock.now()))
      const principal: Principal = found instanceof Promise ? await found : found
      assertScope(principal, 'ingest')
      const { headers } = request
      const observed = clientAddress.observed({
        peer: request.socket.remoteAddress,
        forwarded: headers['forwarded'],
        forwardedFor: headers['x-forwarded-for'] as string | undefined,
      })
      proxy.handle(request, response, senderOf(principal, observed))
    } catch (error) {
      proxy.refuse(request, response, error)
    }
  }
}

/**
 * Pages of other sites may not spend what this server may, and nothing that an upstream answers may become a page of ours.
 *
 * @throws TallystickError `misdirected_host`, `forbidden_origin`
 */
export function assertMeant({ headers }: IncomingMessage, guard: Guard): void {
  const refused = guard.refusal({
    host: headers.host,
    origin: headers.origin,
    fetchSite: headers['sec-fetch-site'] as string | undefined,
    guarded: true,
  })
  if (refused !== undefined) throw refused
  if (headers['sec-fetch-mode'] === 'navigate')
    throw new TallystickError('forbidden_origin', 'The proxy answers programs, not the address bar of a browser.')
}

/**
 * What a request shows of its sender: the key for this server, which is `X-Tallystick-Key`, or a key of ours where the provider's
 * would stand. Whatever else is there is for the provider, and neither cookies nor the word of a login proxy open this door.
 */
function evidenceOf(request: IncomingMessage, nowMs: number): Evidence {
  const key = tallystickKey(request)
  const authorization = key === undefined ? null : `Bearer ${key}`
  const headers = { get: (name: string) => (name === 'authorization' ? authorization : null) }
  return { headers, url: PLACE, peer: undefined, nowMs }
}

const PLACE = new URL('http://localhost/proxy')

function tallystickKey({ headers }: IncomingMessage): string | undefined {
  const named = headers['x-tallystick-key']
  if (typeof named === 'string' && named !== '') return keyIn(named)
  for (const name of CREDENTIALS) {
    const value = headers[name]
    if (typeof value === 'string' && isOurs(value)) return keyIn(value)
  }
  return undefined
}
