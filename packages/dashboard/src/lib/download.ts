import { Problem, problemOf } from './api.ts'

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
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // Once the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
  return name
}
