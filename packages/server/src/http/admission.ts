import { TallystickError } from '@tallystick/core'
import type { Evidence } from '../identity/auth-method.ts'
import { type Authenticator, assertScope } from '../identity/authenticator.ts'
import { LOCAL, NOBODY, type Principal, seesAll } from '../identity/principal.ts'
import type { AppContext } from './app-context.ts'
import { breakOff } from './break-off.ts'
import type { Route } from './route.ts'

/**
 * Whom a route lets in. The one place where the scopes of the route table are held to.
 *
 * @throws TallystickError `unauthorized`, `token_expired`, `forbidden`
 */
export function admitted(route: Route, evidence: Evidence, app: AppContext): Principal | Promise<Principal> {
  // Nobody is asked: a key that has been revoked must not keep a page from saying so.
  if (route.scope === 'public') return app.identity.closed() ? NOBODY : LOCAL
  const own = route.admit?.(evidence, app)
  if (own !== undefined) return own
  const principal = app.identity.authenticate(evidence)
  return principal instanceof Promise ? principal.then((found) => allowed(found, route)) : allowed(principal, route)
}

function allowed(principal: Principal, { scope, whole, allAgents }: Route): Principal {
  if (scope !== 'public' && scope !== 'known') assertScope(principal, scope)
  if (whole && !seesAll(principal))
    throw new TallystickError(
      'forbidden',
      'This is about the server as a whole, and these credentials are for a part of it.',
    )
  if (allAgents && principal.agentIds !== undefined)
    throw new TallystickError(
      'forbidden',
      'This is about a tenant as a whole, and these credentials are for some agents of it.',
    )
  return principal
}

/** An answer that breaks off as soon as the principal may not have the rest of it. */
export function endedWith(response: Response, principal: Principal, identity: Authenticator): Response {
  const { body, status, headers } = response
  if (body === null || (principal.withdrawn === undefined && principal.untilMs === undefined)) return response
  const isEvents = headers.get('content-type')?.startsWith('text/event-stream') === true
  const reader = body.getReader()
  let stop: (() => void) | undefined
  const guarded = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stop = identity.watch(principal, () => {
          // An error and not an end: half an answer must not look like a whole one. Of events there is no whole.
          if (isEvents) controller.close()
          else
            breakOff(guarded, controller, new TallystickError('unauthorized', 'The credentials are no longer valid.'))
          void reader.cancel().catch(() => undefined)
        })
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          stop?.()
          controller.close()
        } catch (error) {
          stop?.()
          breakOff(guarded, controller, error)
        }
      },
      cancel(reason) {
        stop?.()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(guarded, { status, headers })
}
