import { TallystickError } from '@tallystick/core'

/** `DIMENSION=VALUE`, or with `not` `DIMENSION!=VALUE`. */
export interface FilterPair {
  readonly name: string
  readonly not: boolean
  readonly value: string
}

/** @throws TallystickError `usage` */
export function filterPair(text: string): FilterPair {
  const match = /^([^=!]+)(!?=)(.*)$/s.exec(text)
  if (match === null) throw new TallystickError('usage', `--filter ${text} is not DIMENSION=VALUE or DIMENSION!=VALUE`)
  const [, name, operator, value] = match as unknown as [string, string, string, string]
  return { name, not: operator !== '=', value }
}

/** For options that may be given more than once. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}
