import type { FilterValue } from '@tallystick/core/query'
import { view } from './view.svelte.ts'

/** Dimensions whose values have a page of their own. */
const PATHS: ReadonlyMap<string, string> = new Map([
  ['model', '/models'],
  ['provider', '/providers'],
  ['agent_id', '/agents'],
  ['user_id', '/users'],
  ['api_key_id', '/credentials'],
])

/** The parameter that names the value a page is about; empty for requests that carry none. */
export const NAME = 'name'

/** The page of one value of a dimension, with the range and filters of this one; undefined where there is none. */
export function entityHref(dimension: string, value: FilterValue): string | undefined {
  const path = PATHS.get(dimension)
  return path === undefined ? undefined : view.href(path, { page: new Map([[NAME, String(value ?? '')]]) })
}
