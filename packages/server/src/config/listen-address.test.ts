import { expect, it } from 'vitest'
import { listenAddress } from './listen-address.ts'

it.each([
  ['127.0.0.1:9090', { host: '127.0.0.1', port: 9090 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }],
  ['[::1]:9090', { host: '::1', port: 9090 }],
  ['9090', { host: '127.0.0.1', port: 9090 }],
])('%s is an address to listen on', (text, address) => {
  expect(listenAddress(text)).toEqual(address)
})

it.each(['', 'localhost', 'localhost:', ':9090', '::1:9090', 'a b:1', '127.0.0.1:65536', 'http://a:1', '127.0.0.1:-1'])(
  '%j is none',
  (text) => {
    expect(listenAddress(text)).toBeUndefined()
  },
)
