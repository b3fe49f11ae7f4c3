import type { Change, ControlState } from '../state/state.ts'
import { TABLE_NAMES } from '../state/table-maps.ts'

/** Members that name something else, which may be called as the user is. */
const OTHERS: ReadonlySet<string> = new Set([
  'action',
  'agentId',
  'agentIds',
  'apiKeyId',
  'budgetIds',
  'by',
  'cron',
  'dimension',
  'firingId',
  'format',
  'id',
  'keyId',
  'kind',
  'mode',
  'model',
  'provider',
  'range',
  'requestId',
  'ruleId',
  'scheduleId',
  'scopes',
  'secret',
  'secretHash',
  'severity',
  'state',
  'tenantId',
  'timeZone',
  'unit',
])

/** In a text a shorter name is a word like others. */
const WORD_LENGTH = 3

export interface RenamedUser {
  readonly userId: string
  readonly pseudonym: string
  readonly tenantId?: string
}

/** Gives a text without the user: the name by itself, or as a word of it. */
export function renamer({ pseudonym, userId }: Omit<RenamedUser, 'tenantId'>): (text: string) => string {
  const literal = userId.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  const word = new RegExp(`(?<![\\p{L}\\p{N}_])${literal}(?![\\p{L}\\p{N}_])`, 'gu')
  return (text) => {
    if (text === userId) return pseudonym
    return userId.length >= WORD_LENGTH ? text.replace(word, () => pseudonym) : text
  }
}

/** What takes the user out of the rows of the control state, those of other tenants left alone. Sessions of that name end. */
export function userRows(state: Pick<ControlState, 'rows'>, user: RenamedUser): readonly Change[] {
  const rename = renamer(user)
  const changes: Change[] = []
  for (const table of TABLE_NAMES) {
    for (const [id, row] of state.rows(table) as ReadonlyMap<string, object>) {
      const { tenantId } = row as { readonly tenantId?: string }
      if (user.tenantId !== undefined && tenantId !== undefined && tenantId !== user.tenantId) continue
      const renamed = inside(row, rename)
      if (renamed === row) continue
      changes.push({ table, id, row: table === 'sessions' ? undefined : renamed } as Change)
    }
  }
  return changes
}

/** The same value where nothing in it is changed. */
function inside(value: unknown, rename: (text: string) => string): unknown {
  if (typeof value === 'string') return rename(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => inside(item, rename))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  let changed = false
  const entries = Object.entries(value).map(([key, member]) => {
    const now = OTHERS.has(key) ? member : inside(member, rename)
    changed ||= now !== member
    return [key, now] as const
  })
  return changed ? Object.fromEntries(entries) : value
}
