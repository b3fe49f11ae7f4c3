import { TallystickError } from '@tallystick/core'
import type { Handler } from '../route.ts'

/**
 * `/proxy/...` where there is no proxy: it works on the connection itself, so requests that come by one never get here, but for a
 * server that has it switched off.
 */
export const proxied: Handler = () => {
  throw new TallystickError('not_found', 'There is no capture proxy here: it is switched off, or there is no socket.')
}
