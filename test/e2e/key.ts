/** A key of a server, made by whoever has another of it that may do so; the first has to be one that may do everything. */
export async function keyOf(url: string, scope: 'admin' | 'ingest' | 'read', by?: string): Promise<string> {
  const made = await fetch(`${url}/api/v1/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(by === undefined ? {} : { authorization: `Bearer ${by}` }) },
    body: JSON.stringify({ name: scope, scopes: [scope] }),
  })
  const { key } = (await made.json()) as { key?: string }
  if (key === undefined) throw new Error(`no key of ${url}: ${made.status}`)
  return key
}
