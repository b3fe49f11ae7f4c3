/** What a client says first: who it is, and where it wants to go on. */
export interface FirstMessage {
  /** A key or an IC token; empty where there is none. */
  readonly token: string
  /** The `cursor` of the last message it got. */
  readonly resume?: string
}

const TOKEN_MEMBERS = ['token', 'ic_token', 'key'] as const

/**
 * Reads a first message: `{"token":"..."}`, `{"type":"AUTH","ic_token":"..."}`, or the bare token as text. With `resume` a
 * client that comes back names the last message it got.
 *
 * @returns undefined when it is neither; what it holds is never repeated in an answer
 * @example readFirstMessage('{"token":"tsk_a_b","resume":"m1.7"}') // { token: 'tsk_a_b', resume: 'm1.7' }
 */
export function readFirstMessage(text: string): FirstMessage | undefined {
  const bare = text.trim()
  // No token starts like JSON: keys and JWTs are made of letters, digits and `._-`.
  if (!/^[[{"]/.test(bare)) return { token: bare }
  const object = parsed(bare)
  if (object === undefined) return undefined
  const type = object.get('type')
  if (type !== undefined && type !== 'AUTH') return undefined
  const named = TOKEN_MEMBERS.find((member) => object.has(member))
  const token = named === undefined ? '' : object.get(named)
  const resume = object.get('resume')
  if (typeof token !== 'string' || (resume !== undefined && resume !== null && typeof resume !== 'string'))
    return undefined
  return { token, ...(typeof resume === 'string' ? { resume } : {}) }
}

function parsed(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return new Map(Object.entries(value))
  } catch {
    return undefined
  }
}
