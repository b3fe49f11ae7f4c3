/** A curl command as a request; undefined for one that goes elsewhere than to the server of the pages. */
export function requestOf(words: readonly string[]): Request | undefined {
  if (words[0] !== 'curl') return undefined
  const headers = new Headers()
  let [url, body, method]: (string | undefined)[] = []
  for (let at = 1; at < words.length; at++) {
    const word = words[at] as string
    const value = (): string => words[++at] ?? ''
    if (word === '-H') {
      const [name = '', ...rest] = value().split(':')
      headers.set(name.trim(), rest.join(':').trim())
    } else if (word === '-d') body = value()
    else if (word === '-X') method = value()
    else if (word === '-u') headers.set('authorization', `Basic ${btoa(value())}`)
    else if (word === '-o') value()
    else if (!word.startsWith('-')) url = word
  }
  if (url === undefined || !URL.canParse(url)) return undefined
  const address = new URL(url)
  if (address.port !== '8088') return undefined
  return new Request(`http://localhost${address.pathname}${address.search}`, {
    headers,
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    ...(body === undefined ? {} : { body }),
  })
}
