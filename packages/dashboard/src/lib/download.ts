import { Problem, problemOf } from './api.ts'
import { save } from './save.ts'

/**
 * Saves what an address answers, under the name that the server gives it.
 *
 * @throws Problem when it is refused: a link alone would save the refusal
 */
export async function download(address: string): Promise<string> {
  const response = await fetch(address).catch(() => {
    throw new Problem('unreachable', 'The server does not answer. Check that it runs.', 0)
  })
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined))
  const [, name = 'report'] = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '') ?? []
  save(await response.blob(), name)
  return name
}
