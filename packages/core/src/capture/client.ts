import { type CaptureOptions, captureFetch } from './fetch.ts'

/** A client that can be had again with other options, as those of `openai` and `@anthropic-ai/sdk` can. */
export interface ConfigurableClient {
  withOptions(options: { readonly fetch: typeof globalThis.fetch }): unknown
}

/**
 * The same client, whose requests are recorded. Whatever else it was made with stays as it was, a `fetch` of its own included.
 *
 * @example
 * const openai = captureClient(new OpenAI(), { sink: store })
 */
export function captureClient<Client extends ConfigurableClient>(client: Client, options: CaptureOptions): Client {
  const { fetch } = client as { readonly fetch?: unknown }
  const own = typeof fetch === 'function' ? { fetch: fetch as typeof globalThis.fetch } : {}
  return client.withOptions({ fetch: captureFetch({ ...own, ...options }) }) as Client
}
