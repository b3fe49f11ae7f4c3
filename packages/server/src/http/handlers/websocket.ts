import { TallystickError } from '@tallystick/core'
import { problemOf, problemResponse } from '../problem.ts'
import type { Handler } from '../route.ts'

/** `GET /ws` without a handshake: those with one never come here, since they are not answered but kept. */
export const websocket: Handler = ({ app }) => {
  const response = problemResponse(problemOf(new TallystickError('upgrade_required'), app.newRequestId()))
  response.headers.set('upgrade', 'websocket')
  return response
}
