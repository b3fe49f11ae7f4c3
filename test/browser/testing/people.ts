import { type Sent, traffic } from './traffic.ts'

/** {@link traffic} with who asked: users, keys, sessions, first bytes, retries. The same in every run. */
export function people(count: number, fromMs: number, toMs: number, prefix = 'p'): Sent[] {
  return traffic(count, fromMs, toMs, prefix).map((event, index) => ({
    ...event,
    ...(index % 11 === 0 ? {} : { user_id: `user-${(index * index) % 17}` }),
    ...(index % 7 === 0 ? {} : { api_key_id: `key-${index % 3}`, api_key_label: `gateway ${index % 3}` }),
    session_id: `s-${Math.floor(index / 6)}`,
    operation: index % 5 === 0 ? 'embeddings' : 'chat',
    operation_id: `o-${prefix}${index}`,
    attempt: index % 13 === 0 ? 2 : 1,
    ttfb_ms: 40 + ((index * 37) % 600),
  }))
}
