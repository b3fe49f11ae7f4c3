import { DIMENSION_OF, FIELD_OF_WIRE_NAME, FIELDS, type FieldGroup } from '@tallystick/core/event'
import type { FilterValue } from '@tallystick/core/query'

/** Names of things as people read them, from the tables where they have them. */

/** @example dimensionLabel('api_key_id') // 'API key' */
export function dimensionLabel(name: string): string {
  return name.startsWith('tags.') ? `Tag ${name.slice(5)}` : (DIMENSION_OF.get(name)?.label ?? name)
}

/** A label inside a sentence; abbreviations keep their capitals. @example inSentence('API key') // 'API key' */
export function inSentence(label: string): string {
  return /^[A-Z][a-z]/.test(label) && !label.startsWith('Tag ') ? label.charAt(0).toLowerCase() + label.slice(1) : label
}

/** A value of a dimension; what is absent is said in words. */
export function valueLabel(name: string, value: FilterValue): string {
  if (value === null) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (name === 'cost_basis' && value === 'unpriced') return 'unpriced'
  return String(value)
}

const SPELLED: ReadonlyMap<string, string> = new Map([
  ['ms', ''],
  ['usd', ''],
  ['id', 'id'],
  ['ip', 'address'],
  ['api', 'API'],
  ['mcp', 'MCP'],
  ['ttfb', 'Time to first byte'],
  ['nano', ''],
  ['1h', '(1 h)'],
])

/** A wire name as a label; the unit is said by the value. @example fieldLabel('cost_nano_usd') // 'Cost' */
export function fieldLabel(wireName: string): string {
  const words = wireName
    .split('_')
    .map((word) => SPELLED.get(word) ?? word)
    .filter((word) => word !== '')
  const text = words.join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export const GROUP_LABELS: { readonly [K in FieldGroup]: string } = {
  identity: 'Identity',
  who: 'Who',
  what: 'What',
  outcome: 'Outcome',
  usage: 'Usage',
  money: 'Money',
  time: 'Time',
  routing: 'Routing',
  trace: 'Trace and rest',
}

/** The group of the event's table that a wire name belongs to. */
export function fieldGroup(wireName: string): FieldGroup {
  const field = FIELD_OF_WIRE_NAME.get(wireName)
  return field ? FIELDS[field].group : 'trace'
}

/**
 * A long name cut in the middle: names of one family differ at their ends.
 *
 * @example shorten('custom-model-with-a-long-name-23', 20) // 'custom-mod…g-name-23'
 */
export function shorten(text: string, most: number): string {
  const letters = [...text]
  if (letters.length <= most) return text
  const tail = Math.floor((most - 1) / 2)
  return `${letters.slice(0, most - 1 - tail).join('')}…${letters.slice(-tail).join('')}`
}
