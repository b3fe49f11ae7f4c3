import type { AuditEntry } from '../state/audit.ts'
import type { Call } from './route.ts'

/**
 * Writes down that somebody takes something away that is not changed by it. A full disk must not keep anybody from taking a
 * backup, so an entry that cannot be written is told to the log and the request goes on.
 */
export async function noteTaken(
  { app, request, principal }: Pick<Call, 'app' | 'request' | 'principal'>,
  action: string,
  facts?: AuditEntry['facts'],
): Promise<void> {
  // Nobody reads the body of a HEAD.
  if (request.method === 'HEAD') return
  try {
    await app.state.write(app.audit.record(principal, action, undefined, facts))
  } catch (error) {
    app.onError(error, app.newRequestId())
  }
}
