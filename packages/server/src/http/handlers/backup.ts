import { TallystickError } from '@tallystick/core'
import { noteTaken } from '../audited.ts'
import type { Handler } from '../route.ts'
import { streamBody } from '../stream-body.ts'

/**
 * `GET /api/v1/backup`: everything acknowledged before the answer begins, as one tar archive whose last file, the manifest,
 * tells that it is whole. The server goes on taking events.
 */
export const backup: Handler = async ({ app, request, principal }) => {
  if (app.backup === undefined)
    throw new TallystickError('not_found', 'The store keeps nothing over a restart, so there is nothing to back up.')
  // Nobody reads the body of a HEAD, and nobody would let go of what is held for it.
  if (request.method === 'HEAD') return new Response(null, { headers: { 'content-type': TAR } })
  const { bytes, size, createdMs, release } = await app.backup()
  await noteTaken({ app, request, principal }, 'backup')
  const letGo = (): void => void release().catch((error) => app.onError(error, app.newRequestId()))
  if (request.signal.aborted) letGo()
  else request.signal.addEventListener('abort', letGo, { once: true })
  return new Response(streamBody(bytes, app, release), {
    headers: {
      'content-type': TAR,
      'content-length': String(size),
      'content-disposition': `attachment; filename="tallystick-${new Date(createdMs).toISOString().slice(0, 19).replaceAll(':', '')}.tar"`,
    },
  })
}

const TAR = 'application/x-tar'
