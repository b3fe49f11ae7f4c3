import pino from 'pino'
import type { Logger } from '../open.ts'

/** One JSON object a line on standard error, so that output and log never mix. */
export function createLogger(level: string): Logger {
  return pino(
    { name: 'tallystick', level, timestamp: pino.stdTimeFunctions.isoTime, base: { pid: process.pid } },
    pino.destination({ fd: 2, sync: true }),
  )
}
