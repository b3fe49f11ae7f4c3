import { moneyExact } from './format.ts'

const COMPONENTS: ReadonlyMap<string, string> = new Map([
  ['input', 'Input'],
  ['input_audio', 'Input, audio'],
  ['input_image', 'Input, images'],
  ['cache_read', 'Cache reads'],
  ['cache_read_audio', 'Cache reads, audio'],
  ['cache_read_image', 'Cache reads, images'],
  ['cache_write', 'Cache writes'],
  ['cache_write_1h', 'Cache writes (1 h)'],
  ['output', 'Output'],
  ['reasoning', 'Reasoning'],
  ['output_audio', 'Output, audio'],
  ['output_image', 'Output, images'],
  ['units', 'Other units'],
])

/** What a line of a receipt is for. @example componentLabel('unit:web_searches') // 'Web searches' */
export function componentLabel(component: string): string {
  const known = COMPONENTS.get(component)
  if (known !== undefined) return known
  const name = component.replace(/^unit:/, '').replaceAll('_', ' ')
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** A difference to the last digit, with its sign. @example signedMoney(500_000) // '+$0.000500000' */
export function signedMoney(nanoUsd: number): string {
  return nanoUsd === 0 ? '±$0.00' : `${nanoUsd > 0 ? '+' : '−'}${moneyExact(Math.abs(nanoUsd))}`
}
