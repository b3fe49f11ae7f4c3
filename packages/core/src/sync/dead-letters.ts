import { encodeWireEvent, type UsageEvent } from '../event/index.ts'
import type { Rejection } from './refusal.ts'

/** An event that will never be taken, and why. */
export interface DeadLetter extends Rejection {
  readonly event: UsageEvent
}

/** Takes lines of text, each with its line feed. A stream of `node:fs` is one. */
export interface LineWriter {
  write(line: string): unknown
}

/**
 * One dead letter as a line of JSON: why, then the event as the native wire has it, so that it can be mended and sent again.
 */
export function deadLetterLine({ event, status, code, message }: DeadLetter, atMs: number): string {
  return `${JSON.stringify({ rejected_at_ms: atMs, status, code, message, event: encodeWireEvent(event) })}\n`
}
