import type { Api, ApiQuestion } from './api.ts'

/** A report asks dozens of questions; a server answers a few at a time and refuses those beyond its queue. */
const AT_ONCE = 4

/** The API for one call of a tool: the same question is asked once, and a few at a time. */
export function askedOnce(api: Api): Api {
  const asked = new Map<string, Promise<unknown>>()
  const waiting: (() => void)[] = []
  let free = AT_ONCE
  const turn = async (): Promise<void> => {
    if (free > 0) free--
    else await new Promise<void>((enter) => waiting.push(enter))
  }
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
  const ask = async (question: ApiQuestion, signal: AbortSignal | undefined): Promise<unknown> => {
    await turn()
    try {
      return await api.ask(question, signal)
    } finally {
      leave()
    }
  }
  return {
    ask(question, signal) {
      const { path, parameters = [], body } = question
      const key = JSON.stringify([path, [...parameters], body])
      const before = asked.get(key)
      if (before !== undefined) return before
      const answer = ask(question, signal)
      asked.set(key, answer)
      return answer
    },
  }
}
